// Ogg (RFC 3533) with Opus, Vorbis or Theora: the comments of each stream become none, and its vendor as long as they were.
import { type BlankableFile, Unreadable } from "./blanks.js";

/** By what the first packet of a stream begins with: what its second one, the comments, begins with, and ends with. */
const codecs = [
  { head: "OpusHead", comments: "OpusTags", end: "" },
  { head: "\x01vorbis", comments: "\x03vorbis", end: "\x01" },
  { head: "\x80theora", comments: "\x81theora", end: "" },
] as const;

interface Stream {
  readonly codec: (typeof codecs)[number];
  /** Packets that have ended. */
  packets: number;
  /** The pages with the comments so far, and where in each of them they are. */
  readonly pages: Array<{ readonly at: number; readonly bytes: Buffer; readonly from: number; readonly to: number }>;
}

const firstPage = 2;
const headerBytes = 27;
const checksumAt = 22;

export function blankOgg(file: BlankableFile): undefined {
  const streams = new Map<number, Stream>();
  for (let at = 0; at < file.size; ) {
    const header = Buffer.from(file.read(at, headerBytes + 255));
    if (header.length < headerBytes || header.toString("latin1", 0, 4) !== "OggS") throw new Unreadable("no page");
    const segments = header.subarray(headerBytes, headerBytes + header[26]!);
    const content = headerBytes + segments.length;
    const length = content + segments.reduce((sum, segment) => sum + segment, 0);
    const serial = header.readUInt32LE(14);
    if (header[5]! & firstPage)
      streams.set(serial, { codec: codecOf(file.read(at + content, 8)), packets: 0, pages: [] });
    const stream = streams.get(serial);
    if (!stream) throw new Unreadable("a page of no stream");
    if (stream.packets < 2) readComments(file, stream, at, content, length, segments);
    at += length;
  }
}

function codecOf(packet: Buffer): Stream["codec"] {
  const codec = codecs.find(({ head }) => packet.toString("latin1").startsWith(head));
  if (!codec) throw new Unreadable("an unknown codec");
  return codec;
}

/** Follows the packets of a page up to the end of the comments. */
function readComments(
  file: BlankableFile,
  stream: Stream,
  at: number,
  content: number,
  length: number,
  segments: Buffer,
): void {
  let [from, to] = [content, content];
  const note = () => {
    if (stream.packets === 1) stream.pages.push({ at, bytes: Buffer.from(file.read(at, length)), from, to });
  };
  for (const segment of segments) {
    to += segment;
    if (segment === 255) continue;
    note();
    from = to;
    if (++stream.packets < 2) continue;
    replaceComments(file, stream);
    return;
  }
  if (from < to) note();
}

function replaceComments(file: BlankableFile, { codec, pages }: Stream): void {
  const length = pages.reduce((sum, { from, to }) => sum + to - from, 0);
  const vendorLength = length - codec.comments.length - 8 - codec.end.length;
  if (vendorLength < 0) throw new Unreadable("no comments");
  const packet = Buffer.alloc(length, " ");
  packet.write(codec.comments, "latin1");
  packet.writeUInt32LE(vendorLength, codec.comments.length);
  packet.writeUInt32LE(0, codec.comments.length + 4 + vendorLength);
  packet.write(codec.end, length - codec.end.length, "latin1");
  let used = 0;
  for (const { at, bytes, from, to } of pages) {
    used += packet.copy(bytes, from, used, used + to - from);
    bytes.writeUInt32LE(0, checksumAt);
    bytes.writeUInt32LE(checksumOf(bytes), checksumAt);
    file.blank(at, bytes.length, bytes);
  }
}

const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder < 0 ? 0x04c11db7 : 0);
  return remainder >>> 0;
});

/** CRC-32 of the polynomial 0x04c11db7, neither reflected nor inverted (RFC 3533, 6). */
function checksumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = ((sum << 8) ^ remainders[(sum >>> 24) ^ byte]!) >>> 0;
  return sum;
}
