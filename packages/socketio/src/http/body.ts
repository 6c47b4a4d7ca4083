// Reads the body of a polling POST, with limits on its size and time.
import type { IncomingMessage } from "node:http";
import type { ConnectionContext } from "../connection/connection.js";
import { type TimerEntry, unscheduled } from "../connection/timer-wheel.js";

/** The bytes, a limit that was exceeded, or undefined if the client disconnected first. */
export type Body = Buffer | "too large" | "too slow" | undefined;

/** So many pieces are joined: each takes a few hundred bytes besides its own, and a peer may send a body byte by byte. */
const maxChunks = 64;

/** Reads up to `maxBytes` for up to `postTimeout`. Never rejects. */
export function readBody(context: ConnectionContext, request: IncomingMessage, maxBytes: number): Promise<Body> {
  const { settings, timers } = context;
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (body: Body) => {
      timers.cancel(deadline);
      resolve(body);
    };
    const refuse = (reason: "too large" | "too slow") => {
      request.removeAllListeners("data");
      // Drops the rest of the body, until `lingerAfterResponse` limits that.
      request.resume();
      finish(reason);
    };
    const deadline: TimerEntry = { slot: unscheduled, dueAt: 0, onDue: () => refuse("too slow") };
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
      refuse("too large");
      return;
    }
    timers.schedule(deadline, settings.postTimeout);
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        refuse("too large");
        return;
      }
      chunks.push(chunk);
      if (chunks.length === maxChunks) chunks = [Buffer.concat(chunks)];
    });
    request.once("end", () => finish(Buffer.concat(chunks)));
    request.once("close", () => finish(undefined));
    request.once("error", () => finish(undefined));
  });
}
