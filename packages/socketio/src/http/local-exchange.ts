// A polling request that this process received.
import type { ServerResponse } from "node:http";
import type { EngineContext } from "../context.js";
import { PollingExchange, type ResponseHeaders } from "../engineio/polling-exchange.js";
import type { RelayedAnswer } from "../relay/relayed-request.js";
import { lingerAfterResponse } from "./lingering-close.js";

export class LocalExchange extends PollingExchange {
  readonly #context: EngineContext;
  readonly #response: ServerResponse;

  constructor(context: EngineContext, response: ServerResponse, cors: ResponseHeaders) {
    super(cors);
    this.#context = context;
    this.#response = response;
  }

  /** Responds with the answer of the engine that owns the session. */
  forward({ status, headers, body }: RelayedAnswer): void {
    this.write(status, headers, Buffer.from(body));
  }

  onAbandoned(handler: () => void): void {
    this.#response.once("close", () => {
      if (!this.#response.writableEnded) handler();
    });
  }

  protected write(status: number, headers: ResponseHeaders, body: Buffer, onFlushed?: () => void): void {
    // "close" comes after the last byte went to the kernel, and also when the connection broke.
    if (onFlushed) {
      if (this.#response.closed) onFlushed();
      else this.#response.once("close", onFlushed);
    }
    // A proxy that kept the connection could send its next request just as it closes, and must not retry that one.
    if (this.#context.draining) this.#response.setHeader("connection", "close");
    lingerAfterResponse(this.#response);
    this.#response.writeHead(status, { ...headers, "content-length": body.length });
    this.#response.end(body);
  }
}
