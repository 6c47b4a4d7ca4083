// The host's side of a socket: its handlers, its one close.

import type { Connection } from "./connection.js";
import type { Frame } from "./event-frame.js";
import { type Hub, randomId } from "./hub.js";
import { isSendableCode } from "./link.js";
import type { Ack, CloseHandler, EventHandler, Socket } from "./socket.js";

export abstract class Endpoint implements Socket {
  readonly id = randomId();
  data: unknown;
  protected readonly hub: Hub;
  #onEvent: EventHandler | undefined;
  #onClose: CloseHandler[] | undefined;
  #closedFor: string | undefined;

  constructor(hub: Hub) {
    this.hub = hub;
  }

  abstract readonly kind: "socketio" | "plain";
  protected abstract readonly connection: Connection;
  abstract emit(event: string, ...args: unknown[]): void;
  abstract send(frame: Frame): void;
  /** Ends the connection. The code can be sent. */
  protected abstract finish(code: number, reason: string): void;

  get transport(): "polling" | "websocket" {
    return this.connection.transport;
  }

  get bufferedBytes(): number {
    return this.connection.bufferedBytes;
  }

  onEvent(handler: EventHandler): void {
    this.#onEvent = handler;
  }

  onClose(handler: CloseHandler): void {
    const reason = this.#closedFor;
    if (reason === undefined) this.#onClose = this.#onClose ? [...this.#onClose, handler] : [handler];
    else queueMicrotask(() => this.#tell(handler, reason));
  }

  close(code: number, reason: string): void {
    if (!isSendableCode(code)) throw new RangeError(`a WebSocket cannot send the close code ${code}`);
    this.finish(code, reason);
  }

  protected dispatch(event: string, args: unknown[], ack: Ack | undefined): void {
    try {
      // A host's handler may be async for all that its type says.
      const result: unknown = this.#onEvent?.(event, args, ack, this);
      this.hub.watch(result, this);
    } catch (error) {
      this.hub.report(error, this);
    }
  }

  /** Tells the host that the socket is gone; only the first call counts. */
  protected depart(reason: string): void {
    if (this.#closedFor !== undefined) return;
    this.#closedFor = reason;
    this.hub.sockets.delete(this);
    const handlers = this.#onClose;
    this.#onClose = undefined;
    for (const handler of handlers ?? []) this.#tell(handler, reason);
  }

  #tell(handler: CloseHandler, reason: string): void {
    try {
      const result: unknown = handler(reason, this);
      this.hub.watch(result, this);
    } catch (error) {
      this.hub.report(error, this);
    }
  }
}

/** An acknowledgement that only counts once. */
export function once(send: (args: unknown[]) => void): Ack {
  let sent = false;
  return (...args) => {
    if (sent) return;
    sent = true;
    send(args);
  };
}
