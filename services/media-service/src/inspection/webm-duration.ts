// Measures a WebM that does not state its duration: browsers record without knowing when the recording will end.
// MediaInfo does not measure it; mediabunny does, but is another 12 MB beside MediaInfo, and takes no deadline.
import type { FileHandle } from "node:fs/promises";

/** Element ids of Matroska (RFC 9559) that lead to a block's time. */
const segment = 0x18538067;
const info = 0x1549a966;
const timestampScale = 0x2ad7b1;
const cluster = 0x1f43b675;
const clusterTimestamp = 0xe7;
const blockGroup = 0xa0;
const block = 0xa1;
const simpleBlock = 0xa3;
/** Elements that are entered; all others are skipped by their size. */
const containers = new Set([segment, info, cluster, blockGroup]);

const windowBytes = 65_536;
/** The longest header of an element: an id of four bytes, a size of eight. Eight more are a number or a block's start. */
const headerBytes = 20;

/**
 * Seconds up to the last block; undefined when there is none, or when `deadline` (ms since 1970) passes first. Reads
 * the file once, in windows of 64 KB.
 */
export async function webmDuration(file: FileHandle, size: number, deadline: number): Promise<number | undefined> {
  let window = Buffer.alloc(0);
  let windowStart = 0;
  let scaleNs = 1_000_000;
  let clusterTime = 0;
  let last: number | undefined;
  for (let at = 0; at < size; ) {
    if (at < windowStart || at + headerBytes > windowStart + window.length) {
      if (Date.now() > deadline) return undefined;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(windowBytes), 0, windowBytes, at);
      window = buffer.subarray(0, bytesRead);
      windowStart = at;
    }
    const element = readElement(window, at - windowStart);
    if (!element) break;
    const { id, length, content } = element;
    const value = window.subarray(content, content + Math.min(length, 8));
    if (id === timestampScale) scaleNs = readNumber(value) || scaleNs;
    else if (id === clusterTimestamp) clusterTime = readNumber(value);
    else if (id === simpleBlock || id === block) {
      const track = variableLength(value, 0);
      if (track && value.length >= track + 2) last = Math.max(last ?? 0, clusterTime + value.readInt16BE(track));
    }
    at = windowStart + content + (containers.has(id) ? 0 : length);
  }
  return last === undefined ? undefined : (last * scaleNs) / 1e9;
}

/** An element's id, the size of its content, and where in `bytes` that begins. */
function readElement(bytes: Buffer, at: number): { id: number; length: number; content: number } | undefined {
  const idLength = variableLength(bytes, at);
  if (!idLength || idLength > 4) return undefined;
  const sizeLength = variableLength(bytes, at + idLength);
  const content = at + idLength + sizeLength;
  if (!sizeLength || content > bytes.length) return undefined;
  const id = bytes.readUIntBE(at, idLength);
  const marked = bytes.subarray(at + idLength, content);
  const length = marked.reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & (0xff >> sizeLength) : byte), 0);
  return { id, length, content };
}

/** The length in bytes of a variable-length number, by its first byte; 0 where that is missing or invalid. */
function variableLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  return first === 0 ? 0 : Math.clz32(first) - 23;
}

const readNumber = (bytes: Buffer): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
