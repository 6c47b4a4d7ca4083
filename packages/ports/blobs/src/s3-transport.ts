// HTTP to an S3 store: connections are kept alive, and a request without progress times out.
import * as http from "node:http";
import * as https from "node:https";
import { urlToHttpOptions } from "node:url";

/** Besides 500 and above, the statuses whose responses the S3 client leaves unread, which would leak their connections. */
const unreadStatuses: ReadonlySet<number> = new Set([408, 429, 499]);

type Answered = (response: http.IncomingMessage) => void;

export interface Transport {
  readonly agent: http.Agent;
  /** Like http.request, but responses of status 500 and above, or in `unreadStatuses`, are errors of the request. Throws once closed. */
  request(
    target: string | URL | http.RequestOptions,
    second?: http.RequestOptions | Answered,
    third?: Answered,
  ): http.ClientRequest;
  /** Whether a request failed with this error because the store had closed the kept-alive connection: worth a second attempt. */
  wasStale(error: unknown): boolean;
  /** Aborts requests in flight. */
  close(): void;
}

/** @param silenceMs the inactivity timeout of a request, while connecting, sending, waiting or receiving */
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
        if (status >= 500 || unreadStatuses.has(status)) request.destroy(new Error(`the store answered ${status}`));
        else answered(incoming);
      });
      request.on("socket", (socket) => {
        // The idle time of a kept-alive connection does not count for this request.
        socket.setTimeout(silenceMs);
        const silence = () => {
          // With bytes buffered, our reader is slow, not the store.
          if (response && response.readableLength > 0) socket.setTimeout(silenceMs);
          else (response ?? request).destroy(new Error(`the store was silent for ${silenceMs} ms`));
        };
        socket.on("timeout", silence);
        request.once("close", () => socket.off("timeout", silence));
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        if (!request.reusedSocket || (error.code !== "ECONNRESET" && error.code !== "EPIPE")) return;
        stale.add(error);
        // Where one was closed the others are probably dead too, and a second attempt should not use them.
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
