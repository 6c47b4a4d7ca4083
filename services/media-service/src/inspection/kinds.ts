// Detects what a file is from its bytes; its name and its declared content type do not matter.
import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { ChatError, type MediaKind } from "@khui/contracts";
import { fileTypeFromBuffer } from "file-type";
import { isBlankable } from "./containers/containers.js";

/** Enough for every signature that file-type knows (its own `minimumBytes`). */
const headBytes = 4_100;
/** A ZIP archive's last record, with the longest comment it may have (APPNOTE 4.3.16). */
const tailBytes = 22 + 65_535;

/** Of files that are only ever saved. */
export const unknownType = "application/octet-stream";

/** Content types that browsers play, for names of the same that they do not. */
const aliases: Readonly<Record<string, string>> = { "audio/x-m4a": "audio/mp4", "video/x-m4v": "video/mp4" };

/** Formats made of text. Of all others, a text may begin with the few bytes that they are detected by: `BM`, `GIF89a`, `MZ`. */
const textualTypes = /^(?:text\/.*|model\/stl|application\/(?:pdf|postscript|eps|rtf|pgp-encrypted|x-ms-regedit))$/;

/** Pictures that all browsers show. They are stored as one of these, encoded anew. */
export const shownPictures = ["image/jpeg", "image/png", "image/webp", "image/gif"] as const;
/** Pictures that lose something when they become one of those: sent as a file, they are stored as they came, and only saved. */
const convertedPictures = [
  "image/apng",
  "image/heic",
  "image/heic-sequence",
  "image/heif",
  "image/heif-sequence",
] as const;
const pictureTypes = [...shownPictures, "image/avif", ...convertedPictures] as const;

/** What can be sent as a picture. All others, and SVG, can be sent as files only. */
export type PictureType = (typeof pictureTypes)[number];
export const isPicture = (contentType: string): contentType is PictureType => isOneOf(pictureTypes, contentType);
/** Whether a file of this type that is sent as a picture, or as a file, is encoded anew. */
export const isEncodedAnew = (contentType: string, declared: MediaKind): contentType is PictureType =>
  isPicture(contentType) && !(declared === "file" && isOneOf(convertedPictures, contentType));
const isOneOf = (types: readonly string[], contentType: string): boolean => types.includes(contentType);

/**
 * The content type of a file. Throws ambiguous_file for a polyglot: one that browsers would show and that is an archive, a PDF or
 * an HTML page as well, so that it passes as one and is then opened as the other. Of a picture, which is encoded anew, metadata may
 * quote a PDF or a page.
 */
export async function contentTypeOf(path: string, size: number): Promise<string> {
  const file = await open(path);
  try {
    const head = await read(file, 0, Math.min(size, headBytes));
    const detected = await detect(head);
    const text = detected !== undefined && textualTypes.test(detected) ? undefined : textType(head, size);
    const type = text ?? aliases[detected ?? ""] ?? detected ?? unknownType;
    if (isInline(type)) {
      const tail = await read(file, Math.max(0, size - tailBytes), Math.min(size, tailBytes));
      // So may a text.
      const mayQuote = isPicture(type) || type.startsWith("text/");
      const ambiguities = [
        type !== "application/pdf" && !mayQuote && head.subarray(0, 1024).includes("%PDF-"),
        !mayQuote && htmlTag.test(head.toString("latin1", 0, 1024)),
        endsAsZip(tail),
      ];
      if (ambiguities.some(Boolean)) throw new ChatError("ambiguous_file");
    }
    return type;
  } finally {
    await file.close();
  }
}

async function detect(head: Buffer): Promise<string | undefined> {
  const start = head.toString("latin1", 0, 6);
  // file-type takes a UTF-16 byte order mark for an MP3, and does not know CAF.
  if (/^(?:\xff\xfe|\xfe\xff)/.test(start)) return undefined;
  if (start === "caff\0\x01") return "audio/x-caf";
  return (await fileTypeFromBuffer(head))?.mime.replace(/;.*/, "");
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/**
 * Whether browsers may show files of this content type; they save all others, among them pictures and recordings that are stored as they came:
 * they may say where they were made.
 */
export function isInline(contentType: string): boolean {
  const [type = ""] = contentType.split(";");
  return isOneOf(shownPictures, type) || isBlankable(type) || type === "application/pdf" || type === "text/plain";
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

/** Whether the file ends with the end record of a ZIP archive: then programs open it as an archive. */
function endsAsZip(tail: Buffer): boolean {
  for (let at = tail.lastIndexOf("PK\x05\x06", undefined, "latin1"); at >= 0; ) {
    if (at + 22 <= tail.length && at + 22 + tail.readUInt16LE(at + 20) === tail.length) return true;
    if (at === 0) return false;
    at = tail.lastIndexOf("PK\x05\x06", at - 1, "latin1");
  }
  return false;
}
