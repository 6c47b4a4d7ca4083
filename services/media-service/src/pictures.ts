// Makes a picture fit to be shown: upright, without metadata, measured, with a small copy.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ChatError } from "@khui/contracts";
import sharp, { type Sharp } from "sharp";

export interface Picture {
  readonly path: string;
  readonly mimeType: string;
  /** Bytes. */
  readonly size: number;
  readonly dimensions: { readonly width: number; readonly height: number };
}

/** What the cleaned picture is written as: what came in, but for AVIF, whose writing takes seconds of CPU. */
const formats = {
  "image/jpeg": { mimeType: "image/jpeg", write: (image: Sharp) => image.jpeg({ quality: 90 }) },
  "image/png": { mimeType: "image/png", write: (image: Sharp) => image.png() },
  "image/webp": { mimeType: "image/webp", write: (image: Sharp) => image.webp({ quality: 90 }) },
  "image/gif": { mimeType: "image/gif", write: (image: Sharp) => image.gif() },
  "image/avif": { mimeType: "image/webp", write: (image: Sharp) => image.webp({ quality: 90 }) },
} as const;
type Format = keyof typeof formats;

/** No honest picture of 50 million pixels takes this long. */
const timeoutSeconds = 20;
/** Section 4 of the design. */
const thumbnailPixels = 320;

// What sharp keeps between pictures is of no use where each is seen once.
sharp.cache(false);
// One thread a picture: more of them at once would only share the same cores, and each holds memory of its own.
sharp.concurrency(1);

export const isPicture = (contentType: string): contentType is Format => Object.hasOwn(formats, contentType);

/**
 * Writes the cleaned picture into `folder`: every frame of an animation, and of all else only what is seen. `maxPixels` is
 * for all frames together. Throws too_many_pixels, or damaged_file for one that cannot be read to its end.
 */
export async function cleanPicture(path: string, contentType: Format, folder: string, maxPixels: number) {
  const { mimeType, write } = formats[contentType];
  const cleaned = join(folder, "cleaned");
  try {
    const options = { limitInputPixels: maxPixels, failOn: "error" } as const;
    const animated = ((await sharp(path, options).metadata()).pages ?? 1) > 1;
    const image = sharp(path, { ...options, animated }).timeout({ seconds: timeoutSeconds });
    // A roll of frames cannot be turned; animations are upright as they are.
    const { width, height, pageHeight } = await write(animated ? image : image.autoOrient()).toFile(cleaned);
    const { size } = await stat(cleaned);
    return { path: cleaned, mimeType, size, dimensions: { width, height: pageHeight ?? height } } satisfies Picture;
  } catch (error) {
    throw refusal(error);
  }
}

/** A WebP of at most 320 by 320 pixels; of an animation its first frame. `picture` is a path or an encoded picture. */
export function thumbnailOf(picture: string | Buffer): Promise<Buffer> {
  return sharp(picture, { failOn: "error" })
    .resize({ width: thumbnailPixels, height: thumbnailPixels, fit: "inside", withoutEnlargement: true })
    .webp({ quality: 80 })
    .timeout({ seconds: timeoutSeconds })
    .toBuffer();
}

function refusal(error: unknown): unknown {
  const { message: messages = "", code } = error as NodeJS.ErrnoException;
  // What went wrong comes first; then what could not be done because of it.
  const [message = ""] = messages.split("\n");
  if (/pixel limit|timeout/i.test(message)) return new ChatError("too_many_pixels");
  // Written to a full disk, or not read at all: not the picture's fault.
  if (code !== undefined || /no space|unable to (?:open|write)/i.test(message)) return error;
  return Object.assign(new ChatError("damaged_file"), { cause: error });
}
