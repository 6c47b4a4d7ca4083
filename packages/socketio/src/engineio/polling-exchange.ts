// One polling request and its response, whether received by this process or relayed from another engine.
import { type ErrorCode, errorBody } from "./errors.js";

export type ResponseHeaders = Record<string, string>;

export const textPlain = "text/plain; charset=UTF-8";

export abstract class PollingExchange {
  #corsHeaders: ResponseHeaders;

  constructor(corsHeaders: ResponseHeaders) {
    this.#corsHeaders = corsHeaders;
  }

  /** Responds, once. `onFlushed` is called when the kernel has taken the body, or when the connection broke. */
  respond(status: number, contentType: string, body: Buffer | string, onFlushed?: () => void): void {
    const headers = { ...this.#corsHeaders, "cache-control": "no-store", "content-type": contentType };
    this.write(status, headers, typeof body === "string" ? Buffer.from(body) : body, onFlushed);
  }

  /** Responds 400 with an Engine.IO error. */
  refuse(code: ErrorCode): void {
    this.respond(400, "application/json", errorBody(code));
  }

  /** `handler` runs if the client disconnects before the response. */
  abstract onAbandoned(handler: () => void): void;
  protected abstract write(status: number, headers: ResponseHeaders, body: Buffer, onFlushed?: () => void): void;
}
