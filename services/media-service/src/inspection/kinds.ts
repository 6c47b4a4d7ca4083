// Detects what a file is from its bytes; its name and its declared content type do not matter.
import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { ChatError } from "@khui/contracts";
import { fileTypeFromBuffer } from "file-type";

/** Enough for every signature that file-type knows (its own `minimumBytes`). */
const headBytes = 4_100;
/** A ZIP archive's last record, with the longest comment it may have (APPNOTE 4.3.16). */
const tailBytes = 22 + 65_535;

/** Content types that browsers play, for names of the same that they do not. */
const aliases: Readonly<Record<string, string>> = { "audio/x-m4a": "audio/mp4", "video/x-m4v": "video/mp4" };

/** The pictures that browsers show. All others, and SVG, can be sent as files only. */
const pictureTypes = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"] as const;
export type PictureType = (typeof pictureTypes)[number];
export const isPicture = (contentType: string): contentType is PictureType =>
  pictureTypes.some((type) => type === contentType);

/**
 * The content type of a file. Throws ambiguous_file for a polyglot: one that browsers would show and that is an archive, a PDF or
 * an HTML page as well, so that it passes as one and is then opened as the other. Throws damaged_file for a GIF without its trailer.
 */
export async function contentTypeOf(path: string, size: number): Promise<string> {
  const file = await open(path);
  try {
    const head = await read(file, 0, Math.min(size, headBytes));
    // file-type takes a UTF-16 byte order mark for an MP3.
    const isUtf16 = /^(?:\xff\xfe|\xfe\xff)/.test(head.toString("latin1", 0, 2));
    const detected = isUtf16 ? undefined : (await fileTypeFromBuffer(head))?.mime.replace(/;.*/, "");
    const text = detected === undefined || detected === "application/xml" ? textType(head, size) : undefined;
    const type = text ?? aliases[detected ?? ""] ?? detected ?? "application/octet-stream";
    if (isInline(type)) {
      const tail = await read(file, Math.max(0, size - tailBytes), Math.min(size, tailBytes));
      // A text may quote a PDF or a page.
      const isText = type.startsWith("text/");
      const ambiguities = [
        type !== "application/pdf" && !isText && head.subarray(0, 1024).includes("%PDF-"),
        !isText && htmlTag.test(head.toString("latin1", 0, 1024)),
        endsAsZip(tail),
      ];
      if (ambiguities.some(Boolean)) throw new ChatError("ambiguous_file");
      if (type === "image/gif" && !endsAsGif(tail)) throw new ChatError("damaged_file");
    }
    return type;
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Whether browsers may show files of this content type; they save all others. */
export function isInline(contentType: string): boolean {
  const [type = ""] = contentType.split(";");
  return /^(image\/(?!svg)|audio\/|video\/)/.test(type) || type === "application/pdf" || type === "text/plain";
}

/** What browsers that sniff content take for an HTML page. */
const htmlTag = /<(?:!doctype\s+html|html|head|body|script|iframe|svg)[\s>]/i;

// The text of a comment must not match its end: otherwise a series of comments would backtrack exponentially.
const comment = "<!--(?:(?!-->)[^])*-->";
const htmlStart = new RegExp(
  String.raw`^\s*(?:(?:<\?[^>]*>|${comment})\s*)*<(?:!doctype\s+html|html|head|body|script|iframe)[\s>]`,
  "i",
);
const svgStart = new RegExp(String.raw`^\s*(?:(?:<\?[^>]*>|${comment}|<!doctype[^>]*>)\s*)*<svg[\s>]`, "i");
// All control characters but tabs, line ends and form feeds.
const control = /[^\P{Cc}\t\n\r\f\u0085]/u;

/** Text in UTF-8; HTML and SVG, which may carry scripts, have their own types. Undefined for anything else. */
function textType(head: Buffer, size: number): string | undefined {
  const complete = size > head.length ? head.subarray(0, lastCharacterEnd(head)) : head;
  if (!isUtf8(complete) || control.test(complete.toString())) return undefined;
  const text = complete.toString();
  if (svgStart.test(text)) return "image/svg+xml";
  return htmlStart.test(text) ? "text/html" : "text/plain; charset=utf-8";
}

/** Where the last whole character ends: at most three bytes of a truncated one follow. */
function lastCharacterEnd(bytes: Buffer): number {
  for (let end = bytes.length; end > bytes.length - 4 && end > 0; end--) {
    const byte = bytes[end - 1]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return end - 1;
  }
  return bytes.length;
}

/** Whether the trailer is there (GIF89a, 27): decoders read a truncated GIF without an error. */
const endsAsGif = (tail: Buffer): boolean => tail[tail.findLastIndex((byte) => byte !== 0)] === 0x3b;

/** Whether the file ends with the end record of a ZIP archive: then programs open it as an archive. */
function endsAsZip(tail: Buffer): boolean {
  for (let at = tail.lastIndexOf("PK\x05\x06", undefined, "latin1"); at >= 0; ) {
    if (at + 22 <= tail.length && at + 22 + tail.readUInt16LE(at + 20) === tail.length) return true;
    if (at === 0) return false;
    at = tail.lastIndexOf("PK\x05\x06", at - 1, "latin1");
  }
  return false;
}
