// One polling request and its answer, be it from here or relayed from another engine.
import type { ServerResponse } from "node:http";
import type { Headers } from "./cors.js";
import type { Hub } from "./hub.js";
import { closeBehind } from "./lingering.js";
import type { RelayedAnswer } from "./options.js";
import { type RefusalCode, refusalBody } from "./refusals.js";

export abstract class Exchange {
  #cors: Headers;

  constructor(cors: Headers) {
    this.#cors = cors;
  }

  /** Answers, once. `onTaken` is called when the kernel has the body, or never will. */
  answer(status: number, contentType: string, body: Buffer | string, onTaken?: () => void): void {
    const headers = { ...this.#cors, "cache-control": "no-store", "content-type": contentType };
    this.write(status, headers, typeof body === "string" ? Buffer.from(body) : body, onTaken);
  }

  /** Answers 400 with an Engine.IO error. */
  refuse(code: RefusalCode): void {
    this.answer(400, "application/json", refusalBody(code));
  }

  /** `handler` runs if the client leaves before it was answered. */
  abstract onAbandoned(handler: () => void): void;
  protected abstract write(status: number, headers: Headers, body: Buffer, onTaken?: () => void): void;
}

/** A request that this process received. */
export class LocalExchange extends Exchange {
  readonly #hub: Hub;
  readonly #response: ServerResponse;

  constructor(hub: Hub, response: ServerResponse, cors: Headers) {
    super(cors);
    this.#hub = hub;
    this.#response = response;
  }

  /** Answers with what another engine said. */
  pass({ status, headers, body }: RelayedAnswer): void {
    this.write(status, headers, Buffer.from(body));
  }

  onAbandoned(handler: () => void): void {
    this.#response.once("close", () => {
      if (!this.#response.writableEnded) handler();
    });
  }

  protected write(status: number, headers: Headers, body: Buffer, onTaken?: () => void): void {
    // "close" comes after the last byte went to the kernel, and also when the connection broke.
    if (onTaken) {
      if (this.#response.closed) onTaken();
      else this.#response.once("close", onTaken);
    }
    // A proxy that kept the connection could send its next request into its end, and must not send that one again.
    if (this.#hub.closed) this.#response.setHeader("connection", "close");
    closeBehind(this.#response);
    this.#response.writeHead(status, { ...headers, "content-length": body.length });
    this.#response.end(body);
  }
}

/** A request that another engine received; its engine carries the answer back. */
export class RelayedExchange extends Exchange {
  readonly #resolve: (answer: RelayedAnswer) => void;

  constructor(resolve: (answer: RelayedAnswer) => void, cors: Headers) {
    super(cors);
    this.#resolve = resolve;
  }

  /** The other engine does not say when a client leaves: no further poll comes, which tells it. */
  onAbandoned(): void {}

  protected write(status: number, headers: Headers, body: Buffer, onTaken?: () => void): void {
    this.#resolve({ status, headers, body: body.toString() });
    onTaken?.();
  }
}
