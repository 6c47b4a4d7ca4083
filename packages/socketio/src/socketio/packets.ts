// Socket.IO packets to and from frames, with socket.io-parser.
import { Decoder, Encoder, isPacketValid, type Packet, PacketType } from "socket.io-parser";
import { binaryFrame, textFrame } from "../connection/websocket-frames.js";

/** A client that gets one of these closes with a parse error. socket.io-parser does not export its list. */
const reservedEvents = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);
const maxAttachments = 10;
const encoder = new Encoder();

/** @throws Error if Socket.IO reserves `event` for itself. */
export function assertNotReserved(event: string): void {
  if (reservedEvents.has(event)) throw new Error(`"${event}" is a reserved event name`);
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

/** Whether `text` is a packet whose attachments follow as binary messages. */
export function hasAttachments(text: string): boolean {
  const type = text.charCodeAt(0) - 48;
  return type === PacketType.BINARY_EVENT || type === PacketType.BINARY_ACK;
}

/**
 * Decodes packets of a single message. Such a packet leaves no state in the Decoder, so all sessions share one reader
 * instead of having a Decoder each.
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
    return validated(this.#packet);
  }
}

/** Collects one packet with attachments, as it came until it is complete: parsed JSON can take fifty times its text. */
export class AttachmentReader {
  readonly #attachments: Buffer[] = [];
  readonly #text: string;
  readonly #count: number;
  #bytesLeft: number;

  /** @param maxBytes of all attachments together. @throws Error if socket.io-parser refuses the text. */
  constructor(text: string, maxBytes: number) {
    const decoder = new Decoder({ maxAttachments });
    decoder.add(text);
    decoder.destroy();
    this.#text = text;
    // The second character on: the first is the packet's type.
    this.#count = Number.parseInt(text.slice(1), 10);
    this.#bytesLeft = maxBytes;
  }

  /** Adds the next attachment; returns the packet if it was the last. @throws Error if it is too large or invalid. */
  add(data: Buffer): Packet | undefined {
    this.#bytesLeft -= data.length;
    if (this.#bytesLeft < 0) throw new Error("attachments too large");
    this.#attachments.push(data);
    if (this.#attachments.length < this.#count) return undefined;
    const decoder = new Decoder({ maxAttachments });
    let packet: Packet | undefined;
    decoder.on("decoded", (decoded) => {
      packet = decoded;
    });
    for (const part of [this.#text, ...this.#attachments]) decoder.add(part);
    return validated(packet);
  }
}

function validated(packet: Packet | undefined): Packet {
  // The parser accepts a long run of digits as an id of Infinity or 1e21, which cannot be echoed.
  if (packet === undefined || !isPacketValid(packet) || !Number.isSafeInteger(packet.id ?? 0)) {
    throw new Error("invalid packet");
  }
  return packet;
}
