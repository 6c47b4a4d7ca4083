// Socket.IO packets to and from bytes, over socket.io-parser.
import { Decoder, Encoder, isPacketValid, type Packet, PacketType } from "socket.io-parser";
import { binaryFrame, textFrame } from "./frames.js";

/** socket.io-parser keeps this list to itself; a client that gets one of these closes with a parse error. */
const reserved = new Set(["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]);
const maxAttachments = 10;
const encoder = new Encoder();

/** @throws Error if `event` is a name that Socket.IO keeps for itself. */
export function refuseReserved(event: string): void {
  if (reserved.has(event)) throw new Error(`"${event}" is a reserved event name`);
}

/**
 * A packet as WebSocket frames: one text frame, then one binary frame for each Buffer, ArrayBuffer or view inside.
 * @throws TypeError if the data has no JSON form (BigInt, a cycle).
 */
export function encodePacket(packet: Packet): Buffer[] {
  const parts: (string | Uint8Array | ArrayBuffer)[] = encoder.encode(packet);
  return parts.map((part) => (typeof part === "string" ? textFrame("4", part) : binaryFrame(bytesOf(part))));
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Whether `text` starts a packet whose attachments follow as binary messages. */
export function hasAttachments(text: string): boolean {
  const type = text.charCodeAt(0) - 48;
  return type === PacketType.BINARY_EVENT || type === PacketType.BINARY_ACK;
}

/**
 * Reads packets of a single message. Such a packet leaves no state in the Decoder, so one reader serves all sessions
 * and none pays for a Decoder of its own.
 */
export class PacketReader {
  readonly #decoder = new Decoder({ maxAttachments });
  #packet: Packet | undefined;

  constructor() {
    this.#decoder.on("decoded", (packet) => {
      this.#packet = packet;
    });
  }

  /** @throws Error if socket.io-parser refuses the text. */
  read(text: string): Packet {
    this.#packet = undefined;
    this.#decoder.add(text);
    return checked(this.#packet);
  }
}

/** Gathers one packet with attachments; kept only until it is whole. */
export class AttachmentReader {
  readonly #decoder = new Decoder({ maxAttachments });
  #packet: Packet | undefined;
  #bytesLeft: number;

  /** @param maxBytes of all attachments together. @throws Error if socket.io-parser refuses the text. */
  constructor(text: string, maxBytes: number) {
    this.#bytesLeft = maxBytes;
    this.#decoder.on("decoded", (packet) => {
      this.#packet = packet;
    });
    this.#decoder.add(text);
  }

  /** Takes the next attachment; the packet, once this was the last. @throws Error if it is too much or not whole. */
  add(data: Buffer): Packet | undefined {
    this.#bytesLeft -= data.length;
    if (this.#bytesLeft < 0) throw new Error("attachments too large");
    this.#decoder.add(data);
    return this.#packet && checked(this.#packet);
  }
}

function checked(packet: Packet | undefined): Packet {
  // A long run of digits passes the parser as an id of Infinity or 1e21, which cannot be echoed.
  if (packet === undefined || !isPacketValid(packet) || !Number.isSafeInteger(packet.id ?? 0)) {
    throw new Error("invalid packet");
  }
  return packet;
}
