// An event encoded once for every socket that gets it.
import { textFrame } from "./frames.js";
import { refuseReserved } from "./packets.js";

/** An event to be given to many sockets with `socket.send(frame)`. Immutable; may be kept and sent again. */
export interface Frame {
  readonly event: string;
}

export class EventFrame implements Frame {
  readonly event: string;
  readonly #body: Uint8Array | string;
  #packet: Buffer | undefined;
  #plain: Buffer | undefined;

  constructor(event: string, body: Uint8Array | string) {
    this.event = event;
    this.#body = body;
  }

  /** The Socket.IO packet `42["event",body]` as WebSocket frame bytes. */
  get packet(): Buffer {
    this.#packet ??= textFrame(`42[${JSON.stringify(this.event)}`, this.#body.length > 0 ? "," : "", this.#body, "]");
    return this.#packet;
  }

  /** `{"event":...,"data":body}` as WebSocket frame bytes. */
  get plain(): Buffer {
    const head = `{"event":${JSON.stringify(this.event)}`;
    this.#plain ??= textFrame(head, this.#body.length > 0 ? ',"data":' : "", this.#body, "}");
    return this.#plain;
  }
}

/**
 * An event encoded once for every socket.
 * @param body UTF-8 JSON of the event's single argument, or empty for none. It is concatenated, never parsed: bytes that
 *   are not JSON break every client that gets them. A Uint8Array must not be changed afterwards.
 * Each encoding (Socket.IO packet, which serves WebSocket and polling alike, and the plain form) is made on first use.
 * @throws Error for an event name that Socket.IO reserves.
 */
export function encodeEvent(event: string, body: Uint8Array | string): Frame {
  refuseReserved(event);
  return new EventFrame(event, body);
}
