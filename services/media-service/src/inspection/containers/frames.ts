// MP3 (ISO 11172-3, 13818-3) and AAC in ADTS (ISO 13818-7): only the frames stay. Tags are before, between or after them.
import { type BlankableFile, Unreadable } from "./blanks.js";

interface Frame {
  /** Bytes, header included. */
  readonly length: number;
  readonly seconds: number;
  /** What all frames of a stream have in common. */
  readonly stream: number;
}

const headerBytes = 7;
const adtsRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
const mpegRates = [44_100, 48_000, 32_000];
/** kbit/s, of MPEG 1 in layers I, II and III, and of MPEG 2 in layer I, and in II and III. */
const bitRates = {
  v1: [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  v2: [
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
} as const;

/** Returns the seconds of all frames. Throws Unreadable when less than half of the file is frames. */
export function blankFrames(file: BlankableFile): number {
  const [begin, end] = [blankId3v2(file), blankId3v1(file)];
  let [seconds, frameBytes, at] = [0, 0, begin];
  let stream: number | undefined;
  while (at < end) {
    const frame = frameOf(file.read(at, headerBytes));
    if (frame && frame.stream === (stream ?? frame.stream)) {
      stream = frame.stream;
      seconds += frame.seconds;
      frameBytes += frame.length;
      at += frame.length;
      continue;
    }
    const next = nextFrame(file, at + 1, end, stream);
    file.blank(at, next - at);
    at = next;
  }
  if (2 * frameBytes < end - begin) throw new Unreadable("hardly any frames");
  return seconds;
}

/** Empties the ID3v2 tags that the file begins with, and returns where they end. */
export function blankId3v2(file: BlankableFile): number {
  for (let at = 0; ; ) {
    const header = file.read(at, 10);
    if (header.length < 10 || header.toString("latin1", 0, 3) !== "ID3") return at;
    const isFooted = (header[5]! & 0x10) !== 0;
    const size = header.subarray(6).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0) + (isFooted ? 10 : 0);
    // Its flags say that it is compressed, or has an extended header.
    file.blank(at + 5, 1);
    file.blank(at + 10, size);
    at = Math.min(file.size, at + 10 + size);
  }
}

/** Empties the ID3v1 tag that the file ends with, and returns where it begins: the end of the file without one. */
export function blankId3v1(file: BlankableFile): number {
  const at = file.size - 128;
  if (at < 0 || file.read(at, 3).toString("latin1") !== "TAG") return file.size;
  file.blank(at + 3, 125);
  return at;
}

/** Where the next frame begins that another one follows; `end` without one. */
function nextFrame(file: BlankableFile, from: number, end: number, stream: number | undefined): number {
  for (let at = from; at < end; at++) {
    const window = file.read(at, 4_096);
    const sync = window.indexOf(0xff);
    at += sync < 0 ? window.length - 1 : sync;
    const frame = sync < 0 ? undefined : frameOf(Buffer.from(file.read(at, headerBytes)));
    if (!frame || frame.stream !== (stream ?? frame.stream)) continue;
    if (frameOf(file.read(at + frame.length, headerBytes))?.stream === frame.stream) return at;
  }
  return end;
}

function frameOf(header: Buffer): Frame | undefined {
  const [sync = 0, kind = 0, rates = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0] = header;
  if (sync !== 0xff || (kind & 0xe0) !== 0xe0 || header.length < headerBytes) return undefined;
  const layerBits = (kind >> 1) & 3;
  if (layerBits === 0) {
    const rate = adtsRates[(rates >> 2) & 15];
    const length = ((b3 & 3) << 11) | (b4 << 3) | (b5 >> 5);
    if ((kind & 0x10) === 0 || !rate || length < headerBytes) return undefined;
    return { length, seconds: (1_024 * ((b6 & 3) + 1)) / rate, stream: rate };
  }
  const version = (kind >> 3) & 3;
  const divisor = version === 3 ? 1 : version === 2 ? 2 : 4;
  const layer = 3 - layerBits;
  const kilobits = bitRates[version === 3 ? "v1" : "v2"][layer]?.[(rates >> 4) - 1];
  const baseRate = mpegRates[(rates >> 2) & 3];
  if (version === 1 || !kilobits || !baseRate) return undefined;
  const rate = baseRate / divisor;
  const samples = layer === 0 ? 384 : layer === 2 && version !== 3 ? 576 : 1_152;
  const slotBytes = layer === 0 ? 4 : 1;
  const slots = Math.floor(((samples / 8) * kilobits * 1_000) / rate / slotBytes) + ((rates >> 1) & 1);
  return { length: slots * slotBytes, seconds: samples / rate, stream: (kind << 8) | (rates & 0x0c) };
}
