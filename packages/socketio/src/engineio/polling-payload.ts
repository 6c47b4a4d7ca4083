// Polling bodies: several Engine.IO packets in one text, separated by the record separator (Engine.IO v4).
import { setImmediate as nextTurn } from "node:timers/promises";
import { decodePacket, type Packet } from "engine.io-parser";
import { isBinaryFrame, payloadOf } from "../connection/websocket-frames.js";

const separator = "\x1e";
const separatorBytes = Buffer.from(separator);
/** At 12 µs for a packet that has to be answered, a batch takes about 3 ms; the event loop gets a turn between batches. */
const batchSize = 256;

/** One polling body for `frames`: text packets as they are, binary ones as base64 after a "b". */
export function encodePayload(frames: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const frame of frames) {
    if (parts.length > 0) parts.push(separatorBytes);
    parts.push(isBinaryFrame(frame) ? Buffer.from(`b${payloadOf(frame).toString("base64")}`) : payloadOf(frame));
  }
  return Buffer.concat(parts);
}

/**
 * Calls `onPacket` with each packet of a body in order, up to the first malformed one, which it gets as type "error". The
 * first batch is handled before this returns; the rest in later turns, since a body can hold a hundred thousand packets.
 */
export async function decodePayload(body: string, onPacket: (packet: Packet) => void): Promise<void> {
  let at = 0;
  for (let count = 1; ; count += 1) {
    const end = body.indexOf(separator, at);
    const packet = decodePacket(body.slice(at, end < 0 ? undefined : end), "nodebuffer");
    onPacket(packet);
    if (end < 0 || packet.type === "error") return;
    at = end + 1;
    if (count % batchSize === 0) await nextTurn();
  }
}
