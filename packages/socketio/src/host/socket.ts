// What the host sees of one client.
import type { IncomingHttpHeaders } from "node:http";
import type { EncodedEvent } from "./encoded-event.js";

/** What is known of a client when its socket opens. The engine does not keep it: the host keeps what it needs. */
export interface Handshake {
  /** What the client sent with CONNECT (`io(url, {auth})`); empty on a plain WebSocket. Not validated. */
  auth: Record<string, unknown>;
  /** The query of the first request's URL; the first value where a name repeats. Has no prototype. */
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  /** The peer's IP address; a proxy's, if there is one in between. */
  address: string;
  /** What the host's `admit` resolved with. */
  admitted?: unknown;
  /** The socket from before of a client that has left "/" and connects again in the same session: only `auth` is new, the rest is empty. */
  previous?: Socket;
}

export type Ack = (...args: unknown[]) => void;
/** `socket` is the one it was set on, so that one function can handle all sockets: see `Socket.data`. */
export type EventHandler = (event: string, args: unknown[], ack: Ack | undefined, socket: Socket) => void;
export type CloseHandler = (reason: string, socket: Socket) => void;

/** One Socket.IO connection to "/" or one plain WebSocket. */
export interface Socket {
  /** Unguessable, and different from the Engine.IO session id, which is the client's secret. */
  readonly id: string;
  readonly kind: "socketio" | "plain";
  readonly transport: "polling" | "websocket";
  /** The host's own state. */
  data: unknown;
  /**
   * Sends an event. Socket.IO: arguments may hold Buffers, and a function as the last one is called with the client's
   * acknowledgement, if it comes. Plain: only the first argument is sent, and a function is left out.
   * Does nothing after the close.
   * @throws Error for a reserved event name (Socket.IO), TypeError for data with no JSON form.
   */
  emit(event: string, ...args: unknown[]): void;
  /** Sends a shared event, made by `encodeEvent`. Never calls back into the host. Does nothing after the close. */
  send(event: EncodedEvent): void;
  /**
   * Sets the handler of the client's events, replacing an earlier one. `ack` is given if the client asked for an
   * acknowledgement; its second call does nothing. What the handler throws or rejects with goes to the engine's onError.
   */
  onEvent(handler: EventHandler): void;
  /** Adds a handler called exactly once, with the reason. On a socket already closed it is called in a microtask. */
  onClose(handler: CloseHandler): void;
  /** From now on the client may send what the option `maxPayload` allows; until then, `maxUntrustedPayload`. */
  trust(): void;
  /**
   * Closes, after writing what was sent before. 4500-4999 tell a socket.io-client not to reconnect; after any other code it
   * reconnects by itself. On WebSocket the peer gets the code; polling cannot carry it.
   * @param reason at most 123 bytes of it reach the peer.
   * @throws RangeError for a code that a WebSocket cannot send.
   */
  close(code: number, reason: string): void;
  /** Bytes not yet taken by the kernel or a poll. */
  readonly bufferedBytes: number;
}
