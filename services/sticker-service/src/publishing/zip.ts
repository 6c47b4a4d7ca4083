// Unpacks untrusted ZIP archives: the directory is checked before anything is unpacked, and the output is counted.
// Not by a library (APPNOTE.TXT 6.3, sections 4.3 to 4.5): fflate unpacks on the event loop; yauzl checks neither checksums nor whether
// entries overlap, and ends at the first invalid entry, where an author is to see all issues.
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { type Issue, invalidSet } from "./issues.js";

export interface ZipLimits {
  /** Bytes of all files together once unpacked. */
  readonly bytes: number;
  readonly entries: number;
}

/** 60 MB are 120 stickers, the most a set has, of 500 KB. */
const defaultZipLimits: ZipLimits = { bytes: 60 * 1024 * 1024, entries: 500 };

interface Entry {
  readonly name: string;
  readonly encrypted: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

const inflate = promisify(inflateRaw);
const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const fileSignature = 0x04034b50;
const endLength = 22;
const maxCommentLength = 65_535;
/** What macOS adds to archives. */
const ignored = /(?:^|\/)(?:__MACOSX\/|\.DS_Store$)/;

/**
 * The archive's files by name. Folders and what macOS adds are left out. Throws invalid_sticker_set for one that is damaged,
 * encrypted or over the limits, that has a name twice, or one that leads out of the archive's folder.
 */
export async function unzip(archive: Buffer, limits: ZipLimits = defaultZipLimits): Promise<Map<string, Buffer>> {
  const entries = readDirectory(archive, limits);
  const issues = [...nameIssues(entries), ...sizeIssues(entries, archive.length, limits)];
  if (issues.length > 0) throw invalidSet(issues);
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    if (entry.name.endsWith("/") || ignored.test(entry.name)) continue;
    const content = await unpack(archive, entry);
    if (content) files.set(entry.name, content);
    else issues.push({ path: entry.name, message: "is damaged, or not of the size the archive states" });
  }
  if (issues.length > 0) throw invalidSet(issues);
  return files;
}

const invalidArchive = (message: string) => invalidSet([{ path: "", message }]);

function readDirectory(archive: Buffer, limits: ZipLimits): Entry[] {
  const end = endOf(archive);
  if (end === undefined) throw invalidArchive("is not a ZIP archive");
  const count = archive.readUInt16LE(end + 10);
  if (count > limits.entries) throw invalidArchive(`has ${count} entries; ${limits.entries} are allowed`);
  const entries: Entry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || archive.readUInt32LE(at) !== entrySignature)
      throw invalidArchive("is a damaged or a ZIP64 archive");
    const nameEnd = at + 46 + archive.readUInt16LE(at + 28);
    entries.push({
      name: archive.toString("utf8", at + 46, nameEnd),
      encrypted: (archive.readUInt16LE(at + 8) & 1) === 1,
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      packedSize: archive.readUInt32LE(at + 20),
      size: archive.readUInt32LE(at + 24),
      offset: archive.readUInt32LE(at + 42),
    });
    at = nameEnd + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}

/** Where the last record begins: the one whose comment ends with the archive. */
function endOf(archive: Buffer): number | undefined {
  const lowest = Math.max(0, archive.length - endLength - maxCommentLength);
  for (let at = archive.length - endLength; at >= lowest; at--) {
    const fits = archive.readUInt32LE(at) === endSignature;
    if (fits && at + endLength + archive.readUInt16LE(at + 20) === archive.length) return at;
  }
  return undefined;
}

function nameIssues(entries: readonly Entry[]): Issue[] {
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const { name } of entries) {
    const segments = name.replace(/\/$/, "").split("/");
    const leadsElsewhere = segments.some((segment) => segment === "" || segment === "." || segment === "..");
    if (leadsElsewhere || /[\\:\p{Cc}]/u.test(name)) issues.push({ path: name, message: "is not a name for a file" });
    if (seen.has(name)) issues.push({ path: name, message: "is in the archive twice" });
    seen.add(name);
  }
  return issues;
}

function sizeIssues(entries: readonly Entry[], archiveSize: number, limits: ZipLimits): Issue[] {
  const issues: Issue[] = [];
  for (const { name, encrypted, method } of entries) {
    if (encrypted) issues.push({ path: name, message: "is encrypted" });
    if (method !== 0 && method !== 8) issues.push({ path: name, message: "is packed in a way that is not known" });
  }
  const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
  const size = sum(entries.map((entry) => entry.size));
  if (size > limits.bytes) issues.push({ path: "", message: `unpacks to ${size} bytes; ${limits.bytes} are allowed` });
  // Otherwise entries overlap, to unpack the same bytes many times (a ZIP bomb).
  if (sum(entries.map((entry) => entry.packedSize)) > archiveSize) issues.push({ path: "", message: "is damaged" });
  return issues;
}

/** Undefined when it cannot be unpacked to exactly what the directory says. */
async function unpack(archive: Buffer, entry: Entry): Promise<Buffer | undefined> {
  const { offset, packedSize, size } = entry;
  if (offset + 30 > archive.length || archive.readUInt32LE(offset) !== fileSignature) return undefined;
  const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
  if (start + packedSize > archive.length) return undefined;
  const packed = archive.subarray(start, start + packedSize);
  try {
    const content = entry.method === 0 ? packed : await inflate(packed, { maxOutputLength: Math.max(1, size) });
    return content.length === size && crc32(content) === entry.crc ? content : undefined;
  } catch {
    return undefined;
  }
}
