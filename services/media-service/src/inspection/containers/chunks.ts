// WAV (RIFF) and CAF: chunks with a name and a size, of which only those stay that the sound needs.
import { type BlankableFile, Unreadable } from "./blanks.js";

const keptInWav = ["fmt ", "fact", "data", "ds64"];
const keptInCaf = ["desc", "data", "pakt", "kuki", "chan"];

export function blankWav(file: BlankableFile): undefined {
  for (let at = 12; at < file.size; ) {
    const header = file.read(at, 8);
    if (header.length < 8) {
      file.blank(at, 8);
      return;
    }
    const name = header.toString("latin1", 0, 4);
    const size = header.readUInt32LE(4);
    if (!keptInWav.includes(name)) {
      file.blank(at, 4, "JUNK");
      file.blank(at + 8, size);
    }
    at += 8 + size + (size % 2);
  }
}

/** Returns the duration in seconds (Apple's Core Audio Format Specification), where the packets are counted or of one size. */
export function blankCaf(file: BlankableFile): number | undefined {
  let [rate, packetBytes, packetFrames] = [0, 0, 0];
  let frames: number | undefined;
  for (let at = 8; at < file.size; ) {
    const header = file.read(at, 12);
    if (header.length < 12) {
      file.blank(at, 12);
      break;
    }
    const name = header.toString("latin1", 0, 4);
    const stated = Number(header.readBigInt64BE(4));
    const content = at + 12;
    // -1 is up to the end of the file.
    const size = Math.min(stated === -1 ? Infinity : stated, file.size - content);
    if (size < 0) throw new Unreadable("a chunk of negative size");
    if (name === "desc" && size >= 32) {
      const description = file.read(content, 32);
      rate = description.readDoubleBE(0);
      [packetBytes, packetFrames] = [description.readUInt32BE(16), description.readUInt32BE(20)];
    }
    if (name === "pakt" && size >= 24) frames = Number(file.read(content + 8, 8).readBigInt64BE());
    // The data begin with an edit count of four bytes.
    if (name === "data" && packetBytes > 0) frames ??= Math.floor((size - 4) / packetBytes) * packetFrames;
    if (!keptInCaf.includes(name)) {
      file.blank(at, 4, "free");
      file.blank(content, size);
    }
    at = content + size;
  }
  return frames !== undefined && frames > 0 && rate > 0 ? frames / rate : undefined;
}
