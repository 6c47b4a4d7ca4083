// MP4, QuickTime and 3GPP (ISO 14496-12): only the boxes stay that picture and sound need. Phones keep the place in `udta` and `meta`, and
// cameras in tracks of their own.
import { type BlankableFile, Unreadable } from "./blanks.js";

interface Box {
  readonly type: string;
  readonly at: number;
  /** Where its content begins, and where it ends. */
  readonly content: number;
  readonly end: number;
}

/** The boxes that stay, by the box that they are in ("" is the file). All others become `free`. Those that are named here are entered. */
const kept: Readonly<Record<string, readonly string[]>> = {
  "": ["ftyp", "styp", "moov", "moof", "mdat", "sidx", "ssix", "mfra"],
  moov: ["mvhd", "trak", "mvex"],
  trak: ["tkhd", "edts", "tapt", "mdia"],
  mdia: ["mdhd", "hdlr", "minf"],
  minf: ["vmhd", "smhd", "hdlr", "dinf", "stbl"],
  moof: ["mfhd", "traf"],
  traf: ["tfhd", "tfdt", "trun", "sbgp", "sgpd", "subs", "saiz", "saio", "senc"],
};

/** Tracks that stay, by their handler: pictures, their transparency, sound. */
const keptHandlers = ["vide", "auxv", "soun"];
/** A table of a track that is removed: entries for 250,000 samples. */
const maxTableBytes = 1024 * 1024;

export function blankMp4(file: BlankableFile): undefined {
  if (!find(file, { type: "", at: 0, content: 0, end: file.size }, "moov")) throw new Unreadable("no movie");
  blankWithin(file, "", 0, file.size, new Set());
}

/** `dropped` has the ids of tracks that were removed. */
function blankWithin(file: BlankableFile, type: string, content: number, end: number, dropped: Set<number>): void {
  let at = content;
  for (const box of boxes(file, content, end)) {
    at = box.end;
    if (!kept[type]?.includes(box.type)) blankBox(file, box);
    else if (box.type === "trak" && !keptHandlers.includes(handlerOf(file, box))) dropTrack(file, box, dropped);
    else if (box.type === "tfhd" && dropped.has(file.read(box.content + 4, 4).readUInt32BE()))
      throw new Unreadable("a fragment of a track that is neither picture nor sound");
    else if (kept[box.type]) blankWithin(file, box.type, box.content, box.end, dropped);
  }
  if (end - at >= 8) throw new Unreadable("no box");
  file.blank(at, end - at);
}

/** The boxes from `at`; those that claim to be longer than `end` end there. Ends where there is none. */
function* boxes(file: BlankableFile, at: number, end: number): Generator<Box> {
  while (at + 8 <= end) {
    const header = file.read(at, 16);
    const type = header.toString("latin1", 4, 8);
    const size = header.readUInt32BE();
    const isLarge = size === 1;
    if (isLarge && header.length < 16) return;
    const length = isLarge ? Number(header.readBigUInt64BE(8)) : size === 0 ? end - at : size;
    const content = at + (isLarge ? 16 : 8);
    if (at + length < content) return;
    const box = { type, at, content, end: Math.min(end, at + length) };
    yield box;
    at = box.end;
  }
}

function find(file: BlankableFile, box: Box | undefined, ...path: readonly string[]): Box | undefined {
  const [type, ...rest] = path;
  if (!box || type === undefined) return box;
  for (const inner of boxes(file, box.content, box.end)) if (inner.type === type) return find(file, inner, ...rest);
  return undefined;
}

const blankBox = (file: BlankableFile, { at, content, end }: Box): void => {
  file.blank(at + 4, 4, "free");
  file.blank(content, end - content);
};

function handlerOf(file: BlankableFile, track: Box): string {
  const handler = find(file, track, "mdia", "hdlr");
  return handler ? file.read(handler.content + 8, 4).toString("latin1") : "";
}

/** Removes a track and its samples. */
function dropTrack(file: BlankableFile, track: Box, dropped: Set<number>): void {
  const header = find(file, track, "tkhd");
  if (!header) throw new Unreadable("a track without a header");
  // Its two times before the id have eight bytes each in version 1, else four.
  const idAt = header.content + 4 + (file.read(header.content, 1)[0] === 1 ? 16 : 8);
  dropped.add(file.read(idAt, 4).readUInt32BE());
  for (const { at, length } of chunksOf(file, find(file, track, "mdia", "minf", "stbl"))) file.blank(at, length);
  blankBox(file, track);
}

/** Where the samples of a track are (8.7). */
function chunksOf(file: BlankableFile, tables: Box | undefined): Array<{ at: number; length: number }> {
  const table = (type: string): Buffer | undefined => {
    const box = find(file, tables, type);
    if (!box) return undefined;
    if (box.end - box.content > maxTableBytes) throw new Unreadable("a table that is too large");
    return Buffer.from(file.read(box.content, box.end - box.content));
  };
  const [offsets, largeOffsets, perChunk, sizes] = [table("stco"), table("co64"), table("stsc"), table("stsz")];
  if (!(offsets ?? largeOffsets) || !perChunk || !sizes) throw new Unreadable("a track without its tables");
  const chunkCount = (offsets ?? largeOffsets!).readUInt32BE(4);
  const sizeOfAll = sizes.readUInt32BE(4);
  const chunks: Array<{ at: number; length: number }> = [];
  let [sample, run] = [0, 0];
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const at = offsets ? offsets.readUInt32BE(8 + 4 * chunk) : Number(largeOffsets!.readBigUInt64BE(8 + 8 * chunk));
    // Runs of chunks with as many samples each; chunks are numbered from 1.
    const next = 8 + 12 * (run + 1);
    if (next + 12 <= perChunk.length && perChunk.readUInt32BE(next) <= chunk + 1) run++;
    const count = perChunk.readUInt32BE(8 + 12 * run + 4);
    let length = count * sizeOfAll;
    if (sizeOfAll === 0) for (let i = 0; i < count; i++) length += sizes.readUInt32BE(12 + 4 * sample++);
    chunks.push({ at, length });
  }
  return chunks;
}
