// Reads the packets of a polling body, a few at a time: a body can hold a hundred thousand.
import { setImmediate as nextTurn } from "node:timers/promises";
import { decodePacket, type Packet } from "engine.io-parser";

const separator = "\x1e";
/** At 12 µs for a packet that has to be answered a slice is about 3 ms; the event loop gets a turn between slices. */
const sliceLength = 256;

/** Calls `take` with each packet in order, up to the first that is broken. The first slice is taken before this returns. */
export async function eachPacket(body: string, take: (packet: Packet) => void): Promise<void> {
  let at = 0;
  for (let count = 1; ; count += 1) {
    const end = body.indexOf(separator, at);
    const packet = decodePacket(body.slice(at, end < 0 ? undefined : end), "nodebuffer");
    take(packet);
    if (end < 0 || packet.type === "error") return;
    at = end + 1;
    if (count % sliceLength === 0) await nextTurn();
  }
}
