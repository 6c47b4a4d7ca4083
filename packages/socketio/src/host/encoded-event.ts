// An event encoded once and sent to many sockets.
import { textFrame } from "../connection/websocket-frames.js";
import { assertNotReserved } from "../socketio/packets.js";

/** An event to send to many sockets with `socket.send(event)`. Immutable; may be kept and sent again. */
export interface EncodedEvent {
  readonly event: string;
  /** As it was given to `encodeEvent`. */
  readonly body: Uint8Array | string;
  /** The length of its body. */
  readonly bytes: number;
}

/** An EncodedEvent with its frames, each made on first use. */
export class EventFrames implements EncodedEvent {
  readonly event: string;
  readonly body: Uint8Array | string;
  #packet: Buffer | undefined;
  #plain: Buffer | undefined;

  constructor(event: string, body: Uint8Array | string) {
    this.event = event;
    this.body = body;
  }

  get bytes(): number {
    return this.body.length;
  }

  /** The Socket.IO packet `42["event",body]` as WebSocket frame bytes. */
  get packet(): Buffer {
    this.#packet ??= textFrame(`42[${JSON.stringify(this.event)}`, this.body.length > 0 ? "," : "", this.body, "]");
    return this.#packet;
  }

  /** `{"event":...,"data":body}` as WebSocket frame bytes. */
  get plain(): Buffer {
    const head = `{"event":${JSON.stringify(this.event)}`;
    this.#plain ??= textFrame(head, this.body.length > 0 ? ',"data":' : "", this.body, "}");
    return this.#plain;
  }
}

/**
 * Encodes an event once for every socket.
 * @param body UTF-8 JSON of the event's single argument, or empty for none. It is concatenated, never parsed: bytes that
 *   are not JSON break every client that gets them. A Uint8Array must not be changed afterwards.
 * Each encoding (the Socket.IO packet, for WebSocket and polling, and the plain form) is made on first use.
 * @throws Error for an event name that Socket.IO reserves.
 */
export function encodeEvent(event: string, body: Uint8Array | string): EncodedEvent {
  assertNotReserved(event);
  return new EventFrames(event, body);
}
