// Pictures, manifests and archives to publish.
import type { StickerManifest } from "@khui/contracts";
import { zipSync } from "fflate";
import sharp from "sharp";

export type Files = Record<string, Uint8Array>;

/** A picture of one colour; the same for the same seed. */
export function still(
  seed: number,
  kind: "webp" | "png" | "gif" = "webp",
  width = 16,
  height = width,
): Promise<Buffer> {
  const background = { r: (seed * 37) % 256, g: (seed * 91) % 256, b: (seed * 13) % 256 };
  return sharp({ create: { width, height, channels: 3, background } })
    .toFormat(kind, kind === "webp" ? { lossless: true } : {})
    .toBuffer();
}

/** A picture of several frames. */
export async function moving(seed: number, frames = 3, kind: "webp" | "gif" = "webp", size = 16): Promise<Buffer> {
  const pictures = await Promise.all(Array.from({ length: frames }, (_, i) => still(seed + i * 17, "png", size)));
  return sharp(pictures, { join: { animated: true } })
    .toFormat(kind, { loop: 0, delay: pictures.map(() => 100) })
    .toBuffer();
}

export const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

type Sticker = StickerManifest["stickers"][number];

export function sticker(id: string, more: Partial<Sticker> = {}): Sticker {
  return { id, name: { th: `ชื่อ ${id}`, en: `Name ${id}` }, keywords: [], file: `${id}.webp`, ...more };
}

/** A static, free set of the stickers `a` and `b`. */
export function manifest(key: string, more: Partial<StickerManifest> = {}): StickerManifest {
  return {
    key,
    title: { th: `ชุด ${key}`, en: `Set ${key}` },
    author: "Tester",
    category: "tests",
    keywords: [],
    type: "static",
    free: true,
    cover: "a.webp",
    stickers: [sticker("a"), sticker("b")],
    ...more,
  };
}

const outcome = (id: string, weight?: number) => ({
  id,
  name: { th: `ผล ${id}`, en: `Result ${id}` },
  file: `${id}.webp`,
  ...(weight ? { weight } : {}),
});

/** One interactive sticker, `coin`, that takes a bet and shows heads or tails. */
export function coin(key: string, more: Partial<StickerManifest> = {}): StickerManifest {
  const takes = {
    bet: { type: "choice" as const, values: ["heads", "tails"], required: true },
    stake: { type: "integer" as const, minimum: 1, maximum: 10 },
  };
  const interactive = { takes, outcomes: [outcome("heads"), outcome("tails", 3)] };
  return manifest(key, {
    type: "interactive",
    cover: "coin.webp",
    stickers: [sticker("coin", { interactive })],
    ...more,
  });
}

let seeds = 1;

/** The manifest and a picture for every file that it names: a new one each, or one that `seed` and its position determine. */
export async function filesOf(content: StickerManifest, seed?: number): Promise<Files> {
  const outcomes = content.stickers.flatMap(({ interactive }) => interactive?.outcomes ?? []);
  const names = new Set([
    content.cover,
    ...content.stickers.map(({ file }) => file),
    ...outcomes.map(({ file }) => file),
  ]);
  const files: Files = { "manifest.json": json(content) };
  for (const [i, name] of [...names].entries()) {
    const own = seed === undefined ? seeds++ : seed + i;
    files[name] = content.type === "animated" ? await moving(own) : await still(own);
  }
  return files;
}

/** A ZIP archive of the files, in a folder if one is given. */
export function archive(files: Files, folder = ""): Buffer {
  const entries = Object.entries(files).map(([name, bytes]) => [folder + name, bytes] as const);
  return Buffer.from(zipSync(Object.fromEntries(entries)));
}
