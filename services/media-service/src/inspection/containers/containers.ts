// Blanks what a recording says beside its pictures and sound: where it was made, when, by whom, with what.
import { closeSync, openSync } from "node:fs";
import { BlankableFile, Unreadable } from "./blanks.js";
import { blankCaf, blankWav } from "./chunks.js";
import { blankFlac } from "./flac.js";
import { blankFrames } from "./frames.js";
import { blankMatroska } from "./matroska.js";
import { blankMp4 } from "./mp4.js";
import { blankOgg } from "./ogg.js";

/** Returns the seconds that it has measured, if any. Throws Unreadable; and RangeError where a table breaks off. */
type Blank = (file: BlankableFile) => number | undefined;

/** Containers of videos may have sound alone. */
const sharedTypes = (blank: Blank, ...subtypes: string[]) =>
  subtypes.flatMap((subtype) => [[`audio/${subtype}`, blank] as const, [`video/${subtype}`, blank] as const]);

const blanks: ReadonlyMap<string, Blank> = new Map([
  ...sharedTypes(blankMp4, "mp4", "quicktime", "3gpp", "3gpp2"),
  ...sharedTypes(blankMatroska, "webm", "matroska"),
  ...sharedTypes(blankOgg, "ogg"),
  ["audio/mpeg", blankFrames],
  ["audio/aac", blankFrames],
  ["audio/wav", blankWav],
  ["audio/flac", blankFlac],
  ["audio/x-caf", blankCaf],
]);

/** Whether recordings of this content type, without parameters, can be blanked; all that browsers play can. */
export const isBlankable = (contentType: string): boolean => blanks.has(contentType);

/**
 * Blanks the file in place, and returns the seconds that were measured on the way, if any. Returns undefined, and leaves the file as it is, when its
 * structure is not that of its type, or when `deadline` (ms since 1970) passes. Synchronous.
 */
export function blankRecording(
  path: string,
  size: number,
  contentType: string,
  deadline: number,
): { readonly seconds: number | undefined } | undefined {
  const blank = blanks.get(contentType);
  if (!blank) return undefined;
  const fd = openSync(path, "r+");
  try {
    const file = new BlankableFile(fd, size, deadline);
    const seconds = blank(file);
    file.write();
    return { seconds };
  } catch (error) {
    if (error instanceof Unreadable || error instanceof RangeError) return undefined;
    throw error;
  } finally {
    closeSync(fd);
  }
}
