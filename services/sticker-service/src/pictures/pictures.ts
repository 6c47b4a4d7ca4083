// Reads the picture of a sticker: its facts, or why it may not be one.
import { createHash } from "node:crypto";
import sharp from "sharp";

export interface PictureFacts {
  /** Its immutable name: the first 40 hexadecimal digits of the SHA-256 of its bytes, and its format as the extension. */
  readonly asset: string;
  readonly width: number;
  readonly height: number;
  readonly animated: boolean;
}

export interface Picture extends PictureFacts {
  readonly bytes: Buffer;
}

/** The facts of a picture, or its issues. */
export type PictureRead = PictureFacts | { readonly issues: readonly string[] };

const contentTypes = { webp: "image/webp", png: "image/png", gif: "image/gif" } as const;
type Format = keyof typeof contentTypes;

const assetPattern = /^[0-9a-f]{40}\.(webp|png|gif)$/;
const maxBytes = 1024 * 1024;
const maxSide = 1024;
/** Of all frames together: 32 of the largest, or over 300 of the 320 pixels that animated stickers commonly have. */
const maxPixels = 32 * maxSide * maxSide;
/** Each frame has a cost, however small it is. */
const maxFrames = 1_000;
const timeoutSeconds = 20;
/** The header is read whatever sizes it states; nothing is decoded for that. */
const headerOptions = { animated: true, limitInputPixels: false };

// Each picture is seen once, and one at a time: no cache, and no further threads.
sharp.cache(false);
sharp.concurrency(1);

/** Whether `name` can be that of an asset. */
export const isAsset = (name: string): boolean => assetPattern.test(name);

/** The content type of an asset. */
export const contentTypeOf = (asset: string): string => contentTypes[asset.slice(asset.lastIndexOf(".") + 1) as Format];

/**
 * Accepts PNG, WebP and GIF within the limits above. With `decode` every frame is decoded to its end as well: some 10 ms for a still
 * picture, 100 for an animated one.
 */
export async function readPicture(bytes: Buffer, decode = true): Promise<PictureRead> {
  const format = formatOf(bytes);
  if (!format) return { issues: ["is not a PNG, WebP or GIF picture"] };
  if (bytes.length > maxBytes) return { issues: [`has ${bytes.length} bytes; ${maxBytes} are allowed`] };
  if (format === "png" && isAnimatedPng(bytes)) return { issues: ["is an animated PNG; WebP and GIF may be animated"] };
  try {
    const { width, height: fullHeight, pageHeight, pages = 1 } = await sharp(bytes, headerOptions).metadata();
    const height = pageHeight ?? fullHeight;
    if (width > maxSide || height > maxSide) {
      return { issues: [`has ${width} × ${height} pixels; ${maxSide} × ${maxSide} are allowed`] };
    }
    if (pages > maxFrames) return { issues: [`has ${pages} frames; ${maxFrames} are allowed`] };
    if (width * height * pages > maxPixels) return { issues: [`has ${pages} frames, too many of this size`] };
    if (decode) await decodeAll(bytes);
    const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 40);
    return { asset: `${digest}.${format}`, width, height, animated: pages > 1 };
  } catch {
    return { issues: ["is damaged"] };
  }
}

/** One channel is enough to have every frame decoded, and takes a quarter of the memory. */
async function decodeAll(bytes: Buffer): Promise<void> {
  const picture = sharp(bytes, { animated: true, failOn: "error", limitInputPixels: maxPixels });
  await picture.extractChannel(0).raw().timeout({ seconds: timeoutSeconds }).toBuffer();
}

function formatOf(bytes: Buffer): Format | undefined {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (/^GIF8[79]a/.test(head)) return "gif";
  return head.startsWith("RIFF") && head.endsWith("WEBP") ? "webp" : undefined;
}

/** The animation chunk comes before the first picture's data; sharp does not know it. */
function isAnimatedPng(bytes: Buffer): boolean {
  const data = bytes.indexOf("IDAT");
  return bytes.subarray(0, data < 0 ? bytes.length : data).includes("acTL");
}
