// Matroska and WebM (RFC 9559): only what picture and sound need stays. Measures those that do not state their duration: browsers record
// without knowing when the recording will end.
import { type BlankableFile, Unreadable } from "./blanks.js";

interface Element {
  readonly id: number;
  readonly at: number;
  /** Where its content begins, and where it ends: at the end of the file for one of unknown size. */
  readonly content: number;
  readonly end: number;
}

const ebmlHeader = 0x1a45dfa3;
const timestampScale = 0x2ad7b1;
const statedDuration = 0x4489;
const trackEntry = 0xae;
const trackNumber = 0xd7;
const trackType = 0x83;
const trackName = 0x536e;
const clusterTimestamp = 0xe7;
const blockGroup = 0xa0;
const block = 0xa1;
const simpleBlock = 0xa3;
const voidElement = 0xec;

/** Segment, Info, Tracks, Cluster, BlockGroup: elements that are entered. */
const entered: ReadonlySet<number> = new Set([0x18538067, 0x1549a966, 0x1654ae6b, 0x1f43b675, blockGroup]);
/** What else stays: the header, SeekHead and Cues, the muxer's and writer's names, and what belongs to blocks. */
const kept: ReadonlySet<number> = new Set([
  ...[ebmlHeader, 0x114d9b74, 0x1c53bb6b, timestampScale, statedDuration, 0x4d80, 0x5741, trackEntry],
  ...[clusterTimestamp, block, simpleBlock, 0xa4, 0xa7, 0xab, 0x9b, 0xfa, 0xfb, 0x75a1, 0x75a2],
]);
/** Tracks that stay: video and audio. */
const keptTrackTypes: readonly number[] = [1, 2];

/** The longest header: an id of four bytes and a size of eight. */
const headerBytes = 12;

/** Returns the seconds up to the last block where the file does not state its duration. */
export function blankMatroska(file: BlankableFile): number | undefined {
  if (elementAt(file, 0)?.id !== ebmlHeader) throw new Unreadable("no header");
  const droppedTracks = new Set<number>();
  let [scaleNs, clusterTime, isStated] = [1_000_000, 0, false];
  let last: number | undefined;
  for (let at = 0; at < file.size; ) {
    const element = elementAt(file, at);
    if (!element && file.size - at > headerBytes) throw new Unreadable("no element");
    if (!element) {
      // The header of one that was cut off.
      file.blank(at, file.size - at);
      break;
    }
    const { id, content, end } = element;
    if (id === timestampScale) scaleNs = numberOf(file, element) || scaleNs;
    if (id === statedDuration) isStated = true;
    if (id === clusterTimestamp) clusterTime = numberOf(file, element) ?? 0;
    const type = id === trackEntry ? numberOf(file, childOf(file, element, trackType)) : undefined;
    if (type !== undefined && !keptTrackTypes.includes(type)) droppedTracks.add(trackOf(file, element) ?? 0);
    const isKept = (entered.has(id) || kept.has(id)) && !droppedTracks.has(trackOf(file, element) ?? -1);
    if (!isKept) blankElement(file, element);
    else if (id === trackEntry) blankElement(file, childOf(file, element, trackName));
    if (isKept && (id === block || id === simpleBlock)) {
      const value = file.read(content, Math.min(end - content, 10));
      const timeAt = variableLength(value[0]);
      if (timeAt && value.length >= timeAt + 2) last = Math.max(last ?? 0, clusterTime + value.readInt16BE(timeAt));
    }
    at = isKept && entered.has(id) ? content : end;
  }
  return isStated || last === undefined ? undefined : (last * scaleNs) / 1e9;
}

/** The track of a TrackEntry, a block, or a group, whose block comes first. */
function trackOf(file: BlankableFile, element: Element): number | undefined {
  const { id, content, end } = element;
  if (id === trackEntry) return numberOf(file, childOf(file, element, trackNumber));
  if (id === block || id === simpleBlock)
    return content < end ? variableNumber(file.read(content, 8)).value : undefined;
  if (id !== blockGroup || content >= end) return undefined;
  const first = elementAt(file, content);
  return first?.id === block ? trackOf(file, first) : undefined;
}

/** The first child with this id. */
function childOf(file: BlankableFile, parent: Element, id: number): Element | undefined {
  for (let at = parent.content; at < parent.end; ) {
    const child = elementAt(file, at);
    if (!child || child.id === id) return child;
    at = child.end;
  }
  return undefined;
}

const numberOf = (file: BlankableFile, element: Element | undefined): number | undefined =>
  element &&
  file.read(element.content, Math.min(8, element.end - element.content)).reduce((sum, byte) => sum * 256 + byte, 0);

function elementAt(file: BlankableFile, at: number): Element | undefined {
  const header = file.read(at, headerBytes);
  const idLength = variableLength(header[0]);
  const { value, length } = variableNumber(header.subarray(idLength));
  if (!idLength || idLength > 4 || !length) return undefined;
  const content = at + idLength + length;
  return { id: header.readUIntBE(0, idLength), at, content, end: Math.min(file.size, content + value) };
}

/** Turns an element into a Void of the same length. */
function blankElement(file: BlankableFile, element: Element | undefined): void {
  if (!element) return;
  const length = element.end - element.at;
  file.blank(element.at, length, voidHeader(length));
}

/** Id and size of a Void of this length: the size in one byte or in eight. */
function voidHeader(length: number): Buffer {
  if (length - 2 < 0x7f) return Buffer.of(voidElement, 0x80 | (length - 2));
  const header = Buffer.alloc(9, voidElement);
  header.writeBigUInt64BE((1n << 56n) | BigInt(length - 9), 1);
  return header;
}

/** A variable-length number, and its length in bytes: 0 where it is missing or invalid. */
function variableNumber(bytes: Buffer): { value: number; length: number } {
  const length = variableLength(bytes[0]);
  if (!length || length > bytes.length) return { value: 0, length: 0 };
  const own = bytes.subarray(0, length);
  return { value: own.reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & (0xff >> length) : byte), 0), length };
}

/** The length in bytes of a variable-length number, by its first byte; 0 where that is missing or invalid. */
function variableLength(first = 0): number {
  return first === 0 ? 0 : Math.clz32(first) - 23;
}
