// Recordings of under a kilobyte whose headers state far more entries than the file has.

/** A number of four bytes, big-endian. */
export const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u16 = (value: number) => u32(value).subarray(2);
const zeros = (count: number) => Buffer.alloc(count);
const latin1 = (text: string) => Buffer.from(text, "latin1");
const joined = (parts: ReadonlyArray<Buffer | string>) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? latin1(part) : part)));

/** A box of ISO 14496-12: its size, its type, its content. */
export function box(type: string, ...content: ReadonlyArray<Buffer | string>): Buffer {
  const body = joined(content);
  return joined([u32(body.length + 8), type, body]);
}
/** A box with version 0 and no flags. */
export const fullBox = (type: string, ...content: ReadonlyArray<Buffer | string>) => box(type, u32(0), ...content);

const matrix = joined([u32(0x10000), zeros(12), u32(0x10000), zeros(12), u32(0x40000000)]);
const fileType = box("ftyp", "isom", u32(512), "isomiso2avc1mp41");
const movieHeader = fullBox(
  "mvhd",
  zeros(8),
  u32(1000),
  u32(1000),
  u32(0x10000),
  u16(0x100),
  zeros(10),
  matrix,
  zeros(24),
  u32(2),
);
const trackHeader = box(
  "tkhd",
  u32(3),
  zeros(8),
  u32(1),
  zeros(4),
  u32(1000),
  zeros(16),
  matrix,
  u32(320 << 16),
  u32(180 << 16),
);
const mediaHeader = fullBox("mdhd", zeros(8), u32(1000), u32(1000), zeros(4));
const handler = fullBox("hdlr", zeros(4), "vide", zeros(12), "v\0");
const dataReference = box("dinf", fullBox("dref", u32(1), box("url ", u32(1))));
const resolution = joined([u32(72 << 16), u32(72 << 16)]);
const sample = [
  zeros(6),
  u16(1),
  zeros(16),
  u16(320),
  u16(180),
  resolution,
  zeros(4),
  u16(1),
  zeros(32),
  u16(24),
  u16(0xffff),
];
const sampleDescription = fullBox("stsd", u32(1), box("avc1", ...sample));
const times = fullBox("stts", u32(1), u32(1), u32(1));

interface Movie {
  /** The tables of its track's samples. */
  readonly tables?: readonly Buffer[];
  readonly edits?: Buffer;
  /** Boxes behind the track, and behind the movie. */
  readonly movie?: Buffer;
  readonly after?: Buffer;
}

function mp4({ tables = [times], edits = zeros(0), movie = zeros(0), after = zeros(0) }: Movie): Buffer {
  const samples = box("stbl", sampleDescription, ...tables);
  const media = box("mdia", mediaHeader, handler, box("minf", box("vmhd", u32(1), zeros(8)), dataReference, samples));
  const moov = box("moov", movieHeader, box("trak", trackHeader, edits, media), movie);
  return joined([fileType, moov, after, box("mdat", zeros(16))]);
}

const fragments = box("mvex", fullBox("trex", u32(1), u32(1), u32(1), u32(1), u32(0)));
const fragment = (run: Buffer) =>
  box("moof", fullBox("mfhd", u32(1)), box("traf", box("tfhd", u32(0x20000), u32(1)), run));
const randomAccess = (table: Buffer) => box("mfra", table, fullBox("mfro", u32(60)));

/** MP4 files whose named table states `count` entries and has one or none. */
function mp4Files(count: number): Record<string, Buffer> {
  const one = [u32(count), u32(1), u32(1)];
  return {
    stsz: mp4({ tables: [times, fullBox("stsz", u32(0), ...one)] }),
    "stsz of one size": mp4({ tables: [times, fullBox("stsz", u32(100), u32(count))] }),
    stts: mp4({ tables: [fullBox("stts", ...one)] }),
    "stts of one entry": mp4({ tables: [fullBox("stts", u32(1), u32(count), u32(1))] }),
    ctts: mp4({ tables: [times, fullBox("ctts", ...one)] }),
    stss: mp4({ tables: [times, fullBox("stss", ...one)] }),
    stsc: mp4({ tables: [times, fullBox("stsc", ...one)] }),
    stco: mp4({ tables: [times, fullBox("stco", ...one)] }),
    elst: mp4({ edits: box("edts", fullBox("elst", u32(count), u32(1000), u32(0), u32(0x10000))) }),
    trun: mp4({ movie: fragments, after: fragment(fullBox("trun", u32(count))) }),
    "trun of all fields": mp4({ movie: fragments, after: fragment(box("trun", u32(0xf01), u32(count), zeros(64))) }),
    "whole table": manySamples(count),
    tfra: mp4({ after: randomAccess(fullBox("tfra", u32(1), u32(0), u32(count), zeros(16))) }),
  };
}

/** An FLV (Adobe's specification, annex E) whose onMetaData has arrays of `count` key frames. */
export function flv(count: number): Buffer {
  const name = (text: string) => joined([u16(text.length), text]);
  const array = (entries: number) => joined(["\x0a", u32(entries), "\0", zeros(8)]);
  const keyFrames = joined(["\x03", name("times"), array(count), name("filepositions"), array(count)]);
  const script = joined(["\x02", name("onMetaData"), "\x08", u32(count), name("keyframes"), keyFrames, "\0\0\x09"]);
  const tag = joined(["\x12", u32(script.length).subarray(1), zeros(7), script]);
  const video = joined(["\x09", u32(5).subarray(1), zeros(7), "\x12\0\x84\0\0"]);
  return joined(["FLV\x01\x01", u32(9), u32(0), tag, u32(tag.length), video, u32(video.length)]);
}

/** An element of Matroska (RFC 9559); the size that it states may differ from that of its content. */
function element(id: string, content: Buffer, size = content.length): Buffer {
  return joined([Buffer.from(id, "hex"), "\x01\0\0\0", u32(size), content]);
}

const number = (id: string, value: number) => element(id, u32(value));
const matroskaHeader = element("1a45dfa3", element("4282", latin1("matroska")));
const videoTrack = joined([
  ...[number("d7", 1), number("73c5", 1), number("83", 1), element("86", latin1("V_VP8"))],
  element("e0", joined([number("b0", 320), number("ba", 180)])),
]);
const tracks = element("1654ae6b", element("ae", videoTrack));
const information = element("1549a966", number("2ad7b1", 1_000_000));

/** Matroska files with an element that states `size` bytes and does not have them, or whose numbers state them. */
function matroskaFiles(size: number): Record<string, Buffer> {
  const file = (...parts: Buffer[]) => joined([matroskaHeader, element("18538067", joined(parts), size)]);
  const block = element("a3", joined(["\x81", u16(0), "\x86\xff", latin1("\xff".repeat(255))]));
  const cluster = (...parts: Buffer[]) => element("1f43b675", joined([number("e7", size), ...parts]));
  const cuePoint = element(
    "bb",
    joined([number("b3", size), element("b7", joined([number("f7", 1), number("f1", size)]))]),
  );
  return {
    "cues that do not exist": file(information, tracks, element("1c53bb6b", cuePoint, size)),
    "a position beyond the end": file(
      element(
        "114d9b74",
        element("4dbb", joined([element("53ab", Buffer.from("1c53bb6b", "hex")), number("53ac", size)])),
      ),
      information,
      tracks,
    ),
    "a block of 256 laces": file(information, tracks, cluster(block)),
    "a tag that does not exist": file(information, tracks, element("1254c367", element("7373", zeros(8), size), size)),
    "an attachment that does not exist": file(
      information,
      tracks,
      element("1941a469", element("61a7", zeros(8), size), size),
    ),
    "a void of many bytes": file(information, element("ec", zeros(8), size), tracks),
  };
}

/** A page of Ogg (RFC 3533) with its segments of at most 255 bytes. */
function oggPage(flags: number, sequence: number, granule: number, packet: Buffer): Buffer {
  const segments = Buffer.alloc(Math.floor(packet.length / 255) + 1, 255);
  segments[segments.length - 1] = packet.length % 255;
  const little = (value: number) => u32(value).reverse();
  const header = [
    latin1("OggS\0"),
    Buffer.of(flags),
    little(granule),
    little(granule),
    little(1),
    little(sequence),
    zeros(4),
  ];
  return joined([...header, Buffer.of(segments.length), segments, packet]);
}

/** Ogg files that state `count` comments or a duration of `count` samples. */
function oggFiles(count: number): Record<string, Buffer> {
  const little = (value: number) => u32(value).reverse();
  const opusHead = joined(["OpusHead\x01\x01", u16(0), little(48_000), u16(0), "\0"]);
  const opusTags = joined(["OpusTags", little(4), "test", little(count), little(1), "a"]);
  const vorbisHead = joined(["\x01vorbis", zeros(4), "\x01", little(44_100), zeros(12), "\xb8\x01"]);
  const vorbisComment = joined(["\x03vorbis", little(4), "test", little(count), little(1), "a"]);
  return {
    "opus comments": joined([oggPage(2, 0, 0, opusHead), oggPage(0, 1, 0, opusTags), oggPage(4, 2, count, zeros(3))]),
    "vorbis comments": joined([
      oggPage(2, 0, 0, vorbisHead),
      oggPage(0, 1, 0, vorbisComment),
      oggPage(4, 2, count, zeros(3)),
    ]),
  };
}

/** RIFF files: an AVI whose index, and a WAV whose cue points, do not exist. */
function riffFiles(count: number): Record<string, Buffer> {
  const little = (value: number) => u32(value).reverse();
  const chunk = (id: string, content: Buffer, size = content.length) => joined([id, little(size), content]);
  const riff = (kind: string, ...chunks: Buffer[]) => chunk("RIFF", joined([kind, ...chunks]));
  const streamHeader = joined(["vidsMJPG", zeros(12), little(1), little(25), zeros(4), little(count), zeros(20)]);
  const format = joined([little(40), little(320), little(180), "\x01\0\x18\0MJPG", zeros(20)]);
  const index = joined(["\x04\0\0\x01", little(count), "00dc", zeros(12), little(40), little(8)]);
  const stream = joined(["strl", chunk("strh", streamHeader), chunk("strf", format), chunk("indx", index)]);
  const movie = joined([
    "hdrl",
    chunk("avih", joined([little(40_000), zeros(12), little(count), zeros(36)])),
    chunk("LIST", stream),
  ]);
  const pcm = joined(["\x01\0\x01\0", little(8_000), little(8_000), "\x01\0\x08\0"]);
  return {
    "AVI with an index": riff(
      "AVI ",
      chunk("LIST", movie),
      chunk("LIST", latin1("movi")),
      chunk("idx1", zeros(16), count),
    ),
    "WAV with cue points": riff(
      "WAVE",
      chunk("fmt ", pcm),
      chunk("cue ", joined([little(count), zeros(24)])),
      chunk("data", zeros(8), count),
    ),
  };
}

/** All hostile recordings, by name. */
export function hostileRecordings(count: number): Record<string, Buffer> {
  const named = (kind: string, files: Record<string, Buffer>) =>
    Object.entries(files).map(([name, bytes]) => [`${kind}: ${name}`, bytes] as const);
  return Object.fromEntries([
    ...named("MP4", mp4Files(count)),
    ...named("FLV", { "key frames": flv(count) }),
    ...named("Matroska", matroskaFiles(count)),
    ...named("Ogg", oggFiles(count)),
    ...named("RIFF", riffFiles(count)),
  ]);
}

/** An MP4 with a complete table of `count` samples, one byte each, in one chunk. Parsers that index samples allocate an entry for each. */
export function manySamples(count: number): Buffer {
  const chunk = fullBox("stsc", u32(1), u32(1), u32(count), u32(1));
  const tables = [times, chunk, fullBox("stsz", u32(1), u32(count)), fullBox("stco", u32(1), u32(40))];
  return mp4({ tables });
}
