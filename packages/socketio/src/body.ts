// Reads the body of a polling POST, within its size and its time.
import type { IncomingMessage } from "node:http";
import type { Hub } from "./hub.js";
import { type Timed, unscheduled } from "./wheel.js";

/** The bytes, or undefined if the client left before the end. */
export type Body = Buffer | "too large" | "too slow" | undefined;

/** Stops keeping it beyond `maxPayload`, and waiting for it after `postTimeout`. Never rejects. */
export function readBody(hub: Hub, request: IncomingMessage): Promise<Body> {
  const { maxPayload, postTimeout } = hub.settings;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (body: Body) => {
      hub.wheel.cancel(deadline);
      resolve(body);
    };
    const refuse = (why: "too large" | "too slow") => {
      request.removeAllListeners("data");
      // What still comes is dropped, and once the answer is out not for long: see `closeBehind`.
      request.resume();
      settle(why);
    };
    const deadline: Timed = { slot: unscheduled, dueAt: 0, onDue: () => refuse("too slow") };
    if (Number(request.headers["content-length"] ?? 0) > maxPayload) {
      refuse("too large");
      return;
    }
    hub.wheel.schedule(deadline, postTimeout);
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxPayload) refuse("too large");
      else chunks.push(chunk);
    });
    request.once("end", () => settle(Buffer.concat(chunks)));
    request.once("close", () => settle(undefined));
    request.once("error", () => settle(undefined));
  });
}
