// What the host sees of one client.
import type { IncomingHttpHeaders } from "node:http";
import type { Frame } from "./event-frame.js";

/** What is known of a client when its socket opens. The engine keeps none of it: the host keeps what it needs. */
export interface Handshake {
  /** What the client sent with CONNECT (`io(url, {auth})`); empty on a plain WebSocket. Unchecked. */
  auth: Record<string, unknown>;
  /** Of the first request's URL; the first value where a name comes twice. Has no prototype. */
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  /** The peer's IP address: a proxy's, where there is one. */
  address: string;
}

export type Ack = (...args: unknown[]) => void;
/** `socket` is the one it was set on, so that one function can serve all sockets: see `Socket.data`. */
export type EventHandler = (event: string, args: unknown[], ack: Ack | undefined, socket: Socket) => void;
export type CloseHandler = (reason: string, socket: Socket) => void;

/** One Socket.IO connection to "/" or one plain WebSocket. */
export interface Socket {
  /** Unguessable, and different from the Engine.IO session id, which is a secret of the client. */
  readonly id: string;
  readonly kind: "socketio" | "plain";
  readonly transport: "polling" | "websocket";
  /** The host's own state. */
  data: unknown;
  /**
   * Sends an event. Socket.IO: arguments may hold Buffers, and a function as the last one is called with the client's
   * acknowledgement, if it comes. Plain: only the first argument is sent, and a function is left out.
   * After the close it does nothing.
   * @throws Error for a reserved event name (Socket.IO), TypeError for data with no JSON form.
   */
  emit(event: string, ...args: unknown[]): void;
  /** Sends a shared event, made by `encodeEvent`. Never calls back into the host. After the close it does nothing. */
  send(frame: Frame): void;
  /**
   * Sets the one handler of the client's events. `ack` is there if the client asked for one; its second call does nothing.
   * What the handler throws, or rejects with, goes to the engine's onError.
   */
  onEvent(handler: EventHandler): void;
  /** Adds a handler called exactly once, with the reason. On a socket already closed it is called soon. */
  onClose(handler: CloseHandler): void;
  /**
   * Closes, after writing what was sent before. 4500-4999 tell a socket.io-client not to come back; after any other code it
   * reconnects by itself. On WebSocket the peer gets the code; on polling there is no place for it.
   * @param reason at most 123 bytes of it reach the peer.
   * @throws RangeError for a code that a WebSocket cannot send.
   */
  close(code: number, reason: string): void;
  /** Bytes not yet taken by the kernel or a poll. */
  readonly bufferedBytes: number;
}
