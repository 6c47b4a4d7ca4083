// What a sticker's picture is, by its bytes; whether it may be one.
import { createHash } from "node:crypto";
import sharp from "sharp";

export interface PictureFacts {
  /** Its name for ever: the first 40 hexadecimal digits of the SHA-256 of its bytes, and its kind. */
  readonly asset: string;
  readonly width: number;
  readonly height: number;
  readonly animated: boolean;
}

export interface Picture extends PictureFacts {
  readonly bytes: Buffer;
}

/** What is known of a picture, or what is wrong with it. */
export type PictureRead = PictureFacts | { readonly faults: readonly string[] };

const contentTypes = { webp: "image/webp", png: "image/png", gif: "image/gif" } as const;
type Kind = keyof typeof contentTypes;

const assetForm = /^[0-9a-f]{40}\.(webp|png|gif)$/;
const mostBytes = 1024 * 1024;
const longestSide = 1024;
/** Of all frames together: 32 of the largest, or over 300 of the 320 pixels that animated stickers commonly have. */
const mostPixels = 32 * longestSide * longestSide;
/** Each costs something, however small it is. */
const mostFrames = 1_000;
const timeoutSeconds = 20;
/** What a picture says of itself is read whatever it says; nothing is unpacked for that. */
const header = { animated: true, limitInputPixels: false };

// Each picture is seen once, and one at a time: nothing to keep, and no threads to share it.
sharp.cache(false);
sharp.concurrency(1);

/** Whether a picture may be called so. */
export const isAsset = (name: string): boolean => assetForm.test(name);

/** The content type of an asset. */
export const contentTypeOf = (asset: string): string => contentTypes[asset.slice(asset.lastIndexOf(".") + 1) as Kind];

/**
 * Takes PNG, WebP and GIF to the limits above; else says what is wrong. `unpack` says whether every frame is read to its end as
 * well: some 10 ms for a still picture, 100 for a moving one.
 */
export async function readPicture(bytes: Buffer, unpack = true): Promise<PictureRead> {
  const kind = kindOf(bytes);
  if (!kind) return { faults: ["is not a PNG, WebP or GIF picture"] };
  if (bytes.length > mostBytes) return { faults: [`has ${bytes.length} bytes; ${mostBytes} are allowed`] };
  if (kind === "png" && isAnimatedPng(bytes)) return { faults: ["is an animated PNG; WebP and GIF may be animated"] };
  try {
    const { width, height: rolled, pageHeight, pages = 1 } = await sharp(bytes, header).metadata();
    const height = pageHeight ?? rolled;
    if (width > longestSide || height > longestSide) {
      return { faults: [`has ${width} × ${height} pixels; ${longestSide} × ${longestSide} are allowed`] };
    }
    if (pages > mostFrames) return { faults: [`has ${pages} frames; ${mostFrames} are allowed`] };
    if (width * height * pages > mostPixels) return { faults: [`has ${pages} frames, too many of this size`] };
    if (unpack) await readToTheEnd(bytes);
    const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 40);
    return { asset: `${digest}.${kind}`, width, height, animated: pages > 1 };
  } catch {
    return { faults: ["is damaged"] };
  }
}

/** One channel is enough to have every frame unpacked, and takes a quarter of the memory. */
async function readToTheEnd(bytes: Buffer): Promise<void> {
  const picture = sharp(bytes, { animated: true, failOn: "error", limitInputPixels: mostPixels });
  await picture.extractChannel(0).raw().timeout({ seconds: timeoutSeconds }).toBuffer();
}

function kindOf(bytes: Buffer): Kind | undefined {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (/^GIF8[79]a/.test(head)) return "gif";
  return head.startsWith("RIFF") && head.endsWith("WEBP") ? "webp" : undefined;
}

/** Its animation is announced before the first picture's data, and unknown to the library that reads it here. */
function isAnimatedPng(bytes: Buffer): boolean {
  const data = bytes.indexOf("IDAT");
  return bytes.subarray(0, data < 0 ? bytes.length : data).includes("acTL");
}
