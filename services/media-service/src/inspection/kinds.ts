// What a file is, by its bytes: its name and declared content type change nothing.
import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { ChatError } from "@khui/contracts";
import { fileTypeFromBuffer } from "file-type";

/** Enough for every signature that file-type knows (its own `minimumBytes`). */
const headBytes = 4_100;
/** A ZIP archive's last record, with the longest comment it may have (APPNOTE 4.3.16). */
const tailBytes = 22 + 65_535;

/** Names that browsers play, for names that they do not. */
const aliases: Readonly<Record<string, string>> = { "audio/x-m4a": "audio/mp4", "video/x-m4v": "video/mp4" };

/** The pictures that browsers know; of all others, and of drawings, only files are made. */
const pictureTypes = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"] as const;
export type PictureType = (typeof pictureTypes)[number];
export const isPicture = (contentType: string): contentType is PictureType =>
  pictureTypes.some((type) => type === contentType);

/**
 * The content type of a file. Throws ambiguous_file for one that browsers would show and that is an archive, a PDF or a
 * page as well: it passes as one thing and is then opened as the other. Throws damaged_file for a GIF without its end.
 */
export async function contentTypeOf(path: string, size: number): Promise<string> {
  const file = await open(path);
  try {
    const head = await read(file, 0, Math.min(size, headBytes));
    // What begins with the mark of UTF-16 is taken for an MP3 otherwise.
    const wide = /^(?:\xff\xfe|\xfe\xff)/.test(head.toString("latin1", 0, 2));
    const detected = wide ? undefined : (await fileTypeFromBuffer(head))?.mime.replace(/;.*/, "");
    const text = detected === undefined || detected === "application/xml" ? textType(head, size) : undefined;
    const type = text ?? aliases[detected ?? ""] ?? detected ?? "application/octet-stream";
    if (isShown(type)) {
      const tail = await read(file, Math.max(0, size - tailBytes), Math.min(size, tailBytes));
      // A text may speak of PDFs and of pages.
      const isText = type.startsWith("text/");
      const others = [
        type !== "application/pdf" && !isText && head.subarray(0, 1024).includes("%PDF-"),
        !isText && pageMark.test(head.toString("latin1", 0, 1024)),
        endsAsArchive(tail),
      ];
      if (others.some(Boolean)) throw new ChatError("ambiguous_file");
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

/** What a browser shows by itself; everything else is only ever saved. */
export function isShown(contentType: string): boolean {
  const [type = ""] = contentType.split(";");
  return /^(image\/(?!svg)|audio\/|video\/)/.test(type) || type === "application/pdf" || type === "text/plain";
}

/** What a browser that guesses takes for a page. */
const pageMark = /<(?:!doctype\s+html|html|head|body|script|iframe|svg)[\s>]/i;

// A comment has no end within: where its text could go on beyond one, a row of comments would take exponential time.
const comment = "<!--(?:(?!-->)[^])*-->";
const pageStart = new RegExp(
  String.raw`^\s*(?:(?:<\?[^>]*>|${comment})\s*)*<(?:!doctype\s+html|html|head|body|script|iframe)[\s>]`,
  "i",
);
const drawingStart = new RegExp(String.raw`^\s*(?:(?:<\?[^>]*>|${comment}|<!doctype[^>]*>)\s*)*<svg[\s>]`, "i");
// Of the control characters, texts have tabs, line ends and form feeds.
const control = /[^\P{Cc}\t\n\r\f\u0085]/u;

/** Text in UTF-8, told from pages and drawings, which may carry scripts. Undefined for anything else. */
function textType(head: Buffer, size: number): string | undefined {
  const whole = size > head.length ? head.subarray(0, lastLetterEnd(head)) : head;
  if (!isUtf8(whole) || control.test(whole.toString())) return undefined;
  const text = whole.toString();
  if (drawingStart.test(text)) return "image/svg+xml";
  return pageStart.test(text) ? "text/html" : "text/plain; charset=utf-8";
}

/** Where the last whole letter ends: at most three bytes of one that was cut in two follow. */
function lastLetterEnd(bytes: Buffer): number {
  for (let end = bytes.length; end > bytes.length - 4 && end > 0; end--) {
    const byte = bytes[end - 1]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return end - 1;
  }
  return bytes.length;
}

/** Whether the trailer is there (GIF89a, 27): a picture that is cut off shows the frames that it has, and nothing is amiss. */
const endsAsGif = (tail: Buffer): boolean => tail[tail.findLastIndex((byte) => byte !== 0)] === 0x3b;

/** Whether a ZIP archive's last record stands where the file ends: then programs open it as an archive. */
function endsAsArchive(tail: Buffer): boolean {
  for (let at = tail.lastIndexOf("PK\x05\x06", undefined, "latin1"); at >= 0; ) {
    if (at + 22 <= tail.length && at + 22 + tail.readUInt16LE(at + 20) === tail.length) return true;
    if (at === 0) return false;
    at = tail.lastIndexOf("PK\x05\x06", at - 1, "latin1");
  }
  return false;
}
