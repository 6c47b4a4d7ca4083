// Re-encodes a picture: upright, without metadata, measured; and makes its thumbnail, or the squares of an avatar.
import { appendFile, copyFile, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ChatError } from "@khui/contracts";
import sharp, { type Sharp } from "sharp";
import { isWholeGif } from "./gif.js";
import { type PictureType, shownPictures } from "./kinds.js";

export interface CleanPicture {
  readonly path: string;
  readonly mimeType: string;
  /** Bytes. */
  readonly size: number;
  readonly dimensions: { readonly width: number; readonly height: number };
}

const png = { mimeType: "image/png", share: 1, write: (i: Sharp) => i.png() } as const;
/** AVIF and HEIC, which not every browser shows; AVIF takes seconds of CPU to encode. */
const heif = { mimeType: "image/webp", share: 0.25, write: (i: Sharp) => i.webp({ quality: 90 }) } as const;

/**
 * The format of the cleaned picture: that of the original, where all browsers show it. `share` is the part of the allowed pixels that
 * a picture may have: WebP is held in memory whole, and AVIF twice. Of an animated PNG the first frame is read.
 */
const formats = {
  // Optimised coding would hold the whole picture in memory, 300 MB for 50 million pixels, to save a twentieth of the file.
  "image/jpeg": {
    mimeType: "image/jpeg",
    share: 1,
    write: (i: Sharp) => i.jpeg({ quality: 90, optimiseCoding: false }),
  },
  "image/png": png,
  "image/apng": png,
  "image/webp": {
    mimeType: "image/webp",
    share: 0.5,
    // The usual effort takes twice the CPU for each frame of an animation, to save a seventh of the file.
    write: (i: Sharp, animated: boolean) => i.webp({ quality: 90, effort: animated ? 2 : 4 }),
  },
  "image/gif": { mimeType: "image/gif", share: 1, write: (i: Sharp) => i.gif() },
  "image/avif": heif,
  "image/heic": heif,
  "image/heic-sequence": heif,
  "image/heif": heif,
  "image/heif-sequence": heif,
} as const satisfies Record<PictureType, unknown>;
/**
 * The part of the allowed pixels for pictures that are held in memory whole: a progressive or interlaced one takes 10 bytes a pixel,
 * and a frame of a GIF up to 20. Either way 250 MB.
 */
const progressiveShare = 0.5;
const gifFrameShare = 0.25;

/** Each frame has a cost, however small it is: 6,000 of 64 × 64 pixels took as long as 20 photos. Real animations have some hundreds. */
export const maxFrames = 1_000;

/** No real picture of 50 million pixels takes this long. Formats that are not decoded in rows check it only at the end; for them there is the worker's deadline. */
const timeoutSeconds = 20;

const thumbnailPixels = 320;

// Each picture is seen once: caching is of no use.
sharp.cache(false);
// One thread a picture: more would share the same cores, and each holds memory of its own.
sharp.concurrency(1);

/**
 * Writes the cleaned picture into `folder`: all frames of an animation, and nothing that is not shown. `maxPixels` is
 * for all frames together. Throws too_many_pixels, too_many_frames, unsupported_media_type for HEIC where libvips has no decoder for it, or
 * damaged_file for one that cannot be decoded to its end.
 */
export function cleanPicture(
  path: string,
  contentType: PictureType,
  folder: string,
  maxPixels: number,
): Promise<CleanPicture> {
  const { mimeType, write } = formats[contentType];
  const cleaned = join(folder, "cleaned");
  return decode(path, contentType, folder, maxPixels, async (source, options, pages) => {
    const animated = pages > 1;
    const image = sharp(source, { ...options, animated }).timeout({ seconds: timeoutSeconds });
    // Frames of an animation are decoded as one tall picture, which cannot be rotated; animations are stored upright.
    const { width, height, pageHeight } = await write(animated ? image : image.autoOrient(), animated).toFile(cleaned);
    const { size } = await stat(cleaned);
    return { path: cleaned, mimeType, size, dimensions: { width, height: pageHeight ?? height } };
  });
}

/**
 * A square WebP of each size, in pixels: the middle of the picture, upright, without metadata; of an animation its first frame. The picture has
 * the limits of `cleanPicture`, which throws the same.
 */
export function squaresOf(
  path: string,
  contentType: PictureType,
  folder: string,
  maxPixels: number,
  sizes: readonly number[],
): Promise<Buffer[]> {
  return decode(path, contentType, folder, maxPixels, async (source, options) => {
    const side = Math.max(...sizes);
    const image = sharp(source, options).timeout({ seconds: timeoutSeconds }).autoOrient();
    const largest = await image.resize(side, side, { fit: "cover" }).png({ compressionLevel: 0 }).toBuffer();
    return Promise.all(sizes.map((size) => sharp(largest).resize(size, size).webp({ quality: 85 }).toBuffer()));
  });
}

type DecodeOptions = { readonly limitInputPixels: number; readonly failOn: "error" | "warning" };
/** Decodes the file at `source`, which has that many pages. */
type Decode<Result> = (source: string, options: DecodeOptions, pages: number) => Promise<Result>;

/** Runs `run` on a picture that is within the limits, and translates its failures. */
async function decode<Result>(
  path: string,
  contentType: PictureType,
  folder: string,
  maxPixels: number,
  run: Decode<Result>,
): Promise<Result> {
  if (contentType === "image/gif" && !isWholeGif(await readFile(path))) throw new ChatError("damaged_file");
  const limitInputPixels = Math.floor(maxPixels * formats[contentType].share);
  const attempt = async (source: string, failOn: DecodeOptions["failOn"]) => {
    const options = { limitInputPixels, failOn };
    try {
      return await run(source, options, await checkPixels(source, contentType, maxPixels, options));
    } catch (error) {
      throw failureOf(error, contentType);
    }
  };
  try {
    return await attempt(path, "error");
  } catch (error) {
    if (contentType !== "image/jpeg" || !(error instanceof ChatError && error.code === "damaged_file")) throw error;
    // It may lack its end marker alone. With one, a picture that was cut off is but a warning.
    const ended = join(folder, "ended");
    await copyFile(path, ended);
    await appendFile(ended, Buffer.of(0xff, 0xd9));
    return attempt(ended, "warning");
  }
}

/** Reads the header alone, and returns how many pages there are. Throws too_many_pixels, too_many_frames. */
async function checkPixels(path: string, contentType: PictureType, maxPixels: number, options: DecodeOptions) {
  const { width, height, isProgressive, ...metadata } = await sharp(path, options).metadata();
  // The pages of AVIF and HEIC are other pictures.
  const pages = formats[contentType] === heif ? 1 : (metadata.pages ?? 1);
  const wholeShare = contentType === "image/gif" ? gifFrameShare : isProgressive ? progressiveShare : 1;
  const maxOfFrame = Math.floor(maxPixels * wholeShare);
  if (width * height > maxOfFrame) throw new ChatError("too_many_pixels", { maxPixels: maxOfFrame });
  if (width * height * pages > options.limitInputPixels)
    throw new ChatError("too_many_pixels", { maxPixels: options.limitInputPixels });
  if (pages > maxFrames) throw new ChatError("too_many_frames", { maxFrames });
  return pages;
}

/** A WebP of at most 320 by 320 pixels; of an animation its first frame. `picture` is a path or an encoded picture. */
export function thumbnailOf(picture: string | Buffer): Promise<Buffer> {
  return sharp(picture, { failOn: "error" })
    .resize({ width: thumbnailPixels, height: thumbnailPixels, fit: "inside", withoutEnlargement: true })
    .webp({ quality: 80 })
    .timeout({ seconds: timeoutSeconds })
    .toBuffer();
}

function failureOf(error: unknown, contentType: PictureType): unknown {
  if (error instanceof ChatError) return error;
  const { message = "" } = error as Error;
  // A failure of the disk or the system, which libvips adds to what failed because of it.
  if (/system error:|is missing/i.test(message)) return error;
  if (/has not been built in|unsupported codec/i.test(message))
    return new ChatError("unsupported_media_type", { mimeType: contentType, accepted: shownPictures });
  if (/pixel limit|timeout/i.test(message)) return new ChatError("too_many_pixels");
  return Object.assign(new ChatError("damaged_file"), { cause: error });
}
