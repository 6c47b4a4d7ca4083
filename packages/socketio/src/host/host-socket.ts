// The host's side of a socket, whichever protocol it speaks: its handlers, and its close.
import { assertSendable } from "../connection/close-codes.js";
import type { Connection } from "../connection/connection.js";
import type { EngineContext } from "../context.js";
import { randomId } from "../engineio/session-id.js";
import type { EncodedEvent } from "./encoded-event.js";
import type { Ack, CloseHandler, EventHandler, Socket } from "./socket.js";

export abstract class HostSocket implements Socket {
  readonly id: string;
  data: unknown;
  protected readonly context: EngineContext;
  #onEvent: EventHandler | undefined;
  #onClose: CloseHandler[] | undefined;
  #closeReason: string | undefined;

  constructor(context: EngineContext, id = randomId()) {
    this.context = context;
    this.id = id;
  }

  abstract readonly kind: "socketio" | "plain";
  protected abstract readonly connection: Connection;
  abstract emit(event: string, ...args: unknown[]): void;
  abstract send(event: EncodedEvent): void;
  /** Ends the connection with a code that a WebSocket can send. */
  protected abstract endConnection(code: number, reason: string): void;

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
    const reason = this.#closeReason;
    if (reason === undefined) this.#onClose = this.#onClose ? [...this.#onClose, handler] : [handler];
    else queueMicrotask(() => this.#callCloseHandler(handler, reason));
  }

  trust(): void {
    this.connection.trust();
  }

  close(code: number, reason: string): void {
    assertSendable(code);
    this.endConnection(code, reason);
  }

  /** Calls the host's event handler. */
  protected dispatch(event: string, args: unknown[], ack: Ack | undefined): void {
    try {
      // The type says void, but a host's handler may be async.
      const result: unknown = this.#onEvent?.(event, args, ack, this);
      this.context.reportRejection(result, this);
    } catch (error) {
      this.context.reportError(error, this);
    }
  }

  /** Calls the host's close handlers; only the first call counts. */
  protected notifyClosed(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.context.sockets.delete(this);
    const handlers = this.#onClose;
    this.#onClose = undefined;
    for (const handler of handlers ?? []) this.#callCloseHandler(handler, reason);
  }

  #callCloseHandler(handler: CloseHandler, reason: string): void {
    try {
      const result: unknown = handler(reason, this);
      this.context.reportRejection(result, this);
    } catch (error) {
      this.context.reportError(error, this);
    }
  }
}

/** An acknowledgement of which only the first call is sent. */
export function singleUseAck(send: (args: unknown[]) => void): Ack {
  let sent = false;
  return (...args) => {
    if (sent) return;
    sent = true;
    send(args);
  };
}
