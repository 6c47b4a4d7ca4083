// Files that tests generate, and a temporary folder for them.
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import type { TestFile } from "../test-file.js";

export interface Folder {
  readonly path: string;
  /** Writes a file, and returns its path and size. */
  write(content: Uint8Array | string, name?: string): Promise<{ path: string; size: number }>;
}

/** A fresh folder, removed when the test ends. */
export async function folderFor(t: TestFile): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "khui-media-"));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  let written = 0;
  return {
    path,
    async write(content, name = `file-${written++}`) {
      const file = join(path, name);
      await writeFile(file, content);
      return { path: file, size: (await stat(file)).size };
    },
  };
}

/** A file of `fixtures/`. */
export async function fixture(name: string): Promise<{ path: string; size: number }> {
  const path = fileURLToPath(new URL(`../../src/files/fixtures/${name}`, import.meta.url));
  return { path, size: (await stat(path)).size };
}

/** A FLAC of one second of silence (RFC 9639): its stream information, a seek table, a comment, and no frame. */
export const flac = Buffer.concat([
  Buffer.from("fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x40\xf0\0\0\xac\x44", "latin1"),
  Buffer.alloc(16),
  Buffer.from("\x03\0\0\x12", "latin1"),
  Buffer.alloc(18, 1),
  Buffer.from("\x84\0\0\x0c\x04\0\0\0test\0\0\0\0", "latin1"),
  Buffer.from("\xff\xf8\x69\x08\0", "latin1"),
  Buffer.alloc(64),
]);

/** A CAF of a quarter of a second of silence (Apple's Core Audio Format Specification): 16-bit PCM at 8 kHz. */
export const caf = (() => {
  const description = Buffer.alloc(32);
  description.writeDoubleBE(8_000, 0);
  description.write("lpcm", 8, "latin1");
  for (const [at, value] of [2, 2, 1, 1, 16].entries()) description.writeUInt32BE(value, 12 + 4 * at);
  const head = Buffer.from("caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20", "latin1");
  const data = Buffer.from("data\0\0\0\0\0\0\x0f\xa4", "latin1");
  return Buffer.concat([head, description, data, Buffer.alloc(4 + 4_000)]);
})();

/** AAC in ADTS (ISO 13818-7): a second and a bit of frames at 44.1 kHz, of silence. */
export const adts = Buffer.concat(
  Array.from({ length: 44 }, () =>
    Buffer.from("\xff\xf1\x50\x80\x02\x9f\xfc\x21\x10\x04\x60\x8c\x1c\0\0\0\0\0\0\0", "latin1"),
  ),
);

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly background: string;
}

const still = ({ width, height, background }: Frame) => sharp({ create: { width, height, channels: 3, background } });

/** An animated WebP, each frame of one colour. */
export async function animatedWebp(frames: readonly Frame[]): Promise<Buffer> {
  const pictures = await Promise.all(frames.map((frame) => still(frame).png().toBuffer()));
  return sharp(pictures, { join: { animated: true } })
    .webp({ delay: frames.map(() => 100), loop: 3 })
    .toBuffer();
}

/** An animated WebP of `count` different frames of 64 by 64 pixels. */
export function manyFrames(count: number): Promise<Buffer> {
  const side = 64;
  const bytes = Buffer.alloc(side * side * count, 0);
  for (let frame = 0; frame < count; frame++) bytes.fill(frame, frame * side * side, frame * side * side + 32);
  const raw = { width: side, height: side * count, channels: 1, pageHeight: side } as const;
  return sharp(bytes, { raw, limitInputPixels: false }).webp({ lossless: true, effort: 0 }).toBuffer();
}

/** A GIF of `count` frames of one pixel each. */
export function gifFrames(count: number): Buffer {
  const screen = [Buffer.from("GIF89a"), Buffer.of(1, 0, 1, 0, 0x80, 0, 0), Buffer.of(0, 0, 0, 255, 255, 255)];
  // Shown for 100 ms, then LZW of two bits: clear, 0 or 1, end.
  const frame = (pixel: number) =>
    Buffer.of(0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44 + 8 * pixel, 0x01, 0);
  const frames = Array.from({ length: count }, (_, i) => frame(i % 2));
  return Buffer.concat([...screen, ...frames, Buffer.of(0x3b)]);
}

/**
 * A photo as a phone writes it: its pixels are stored sideways (`width` by `height`), the left half red and the right half
 * blue; EXIF has the orientation and where it was taken.
 */
export function sidewaysPhoto(width: number, height: number): Promise<Buffer> {
  const half = { width: width / 2, height, background: "blue" };
  return sharp({ create: { width, height, channels: 3, background: "red" } })
    .composite([{ input: { create: { ...half, channels: 3 } }, left: width / 2, top: 0 }])
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD0: { Make: "Secret Maker" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "13/1 45/1 0/1" },
    })
    .jpeg()
    .toBuffer();
}

/** `original` with some bytes changed, cut off or repeated, as `draw` (random numbers in [0, 1)) decides. */
export function mutated(original: Uint8Array, draw: () => number): Buffer {
  const upTo = (limit: number) => Math.floor(draw() * limit);
  let bytes = Buffer.from(original);
  const kind = upTo(6);
  if (kind === 0) return bytes.subarray(0, 1 + upTo(bytes.length - 1));
  if (kind === 1) {
    const [from, length] = [upTo(bytes.length), 1 + upTo(4096)];
    const piece = bytes.subarray(from, from + length);
    return Buffer.concat([bytes.subarray(0, from), piece, piece, bytes.subarray(from)]);
  }
  if (kind === 2) {
    const [from, length] = [upTo(bytes.length), 1 + upTo(200)];
    bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
    return bytes.length > 0 ? bytes : Buffer.from([0]);
  }
  // Headers hold lengths and counts.
  const end = kind === 3 ? Math.min(512, bytes.length) : bytes.length;
  const extremes = [0x00, 0x01, 0x7f, 0x80, 0xff];
  for (let left = 1 + upTo(20); left > 0; left--) {
    bytes[upTo(end)] = draw() < 0.5 ? extremes[upTo(extremes.length)]! : upTo(256);
  }
  return bytes;
}
