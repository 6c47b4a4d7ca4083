// HTTP to an S3 store: connections are kept, and a store that falls silent is given up.
import * as http from "node:http";
import * as https from "node:https";
import { urlToHttpOptions } from "node:url";

/** Beside 500 and above, the answers that the S3 client leaves unread, and would leave their connections with. */
const passing: ReadonlySet<number> = new Set([408, 429, 499]);

type Answered = (response: http.IncomingMessage) => void;

export interface Transport {
  readonly agent: http.Agent;
  /** As http.request, but a callback is not given answers of status 500 and above, or passing ones: they are errors of the request. Throws once closed. */
  request(
    target: string | URL | http.RequestOptions,
    second?: http.RequestOptions | Answered,
    third?: Answered,
  ): http.ClientRequest;
  /** Whether a request failed with this error because the store had closed a kept connection that seemed free: worth a second attempt. */
  wasStale(error: unknown): boolean;
  /** Breaks what is under way. */
  close(): void;
}

/** @param silenceMs for how long nothing may move (connecting, sending, waiting, receiving) before a request fails */
export function createTransport({ secure, silenceMs }: { secure: boolean; silenceMs: number }): Transport {
  const settings = { keepAlive: true, timeout: silenceMs };
  const agent = secure ? new https.Agent(settings) : new http.Agent(settings);
  const protocol = secure ? https : http;
  const stale = new WeakSet<Error>();
  let closed = false;

  return {
    agent,

    request(target, second, third) {
      if (closed) throw new Error("the connection to the store has been closed");
      const answered = typeof second === "function" ? second : third;
      const place = typeof target === "string" || target instanceof URL ? urlToHttpOptions(new URL(target)) : target;
      const request = protocol.request({ ...place, ...(typeof second === "object" ? second : {}), agent });
      let response: http.IncomingMessage | undefined;

      request.on("response", (incoming) => {
        response = incoming;
        if (!answered) return;
        const status = incoming.statusCode ?? 0;
        if (status >= 500 || passing.has(status)) request.destroy(new Error(`the store answered ${status}`));
        else answered(incoming);
      });
      request.on("socket", (socket) => {
        // A kept connection has been silent since its last request: that is not this one's silence.
        socket.setTimeout(silenceMs);
        const silence = () => {
          // With bytes waiting to be taken it is our reader who is slow, not the store.
          if (response && response.readableLength > 0) socket.setTimeout(silenceMs);
          else (response ?? request).destroy(new Error(`the store was silent for ${silenceMs} ms`));
        };
        socket.on("timeout", silence);
        request.once("close", () => socket.off("timeout", silence));
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        if (!request.reusedSocket || (error.code !== "ECONNRESET" && error.code !== "EPIPE")) return;
        stale.add(error);
        // Where one was given up the others are likely dead too, and a second attempt should not meet them.
        for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
      });
      return request;
    },

    wasStale: (error) => error instanceof Error && stale.has(error),

    close() {
      closed = true;
      agent.destroy();
    },
  };
}
