// Damaged and hostile pictures.
import { existsSync } from "node:fs";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { ChatError } from "@khui/contracts";
import { animatedWebp, fixture, folderFor, mutated } from "@khui/test-kit/files/made-files";
import { noise } from "@khui/test-kit/files/media-files";
import { randomFrom } from "@khui/test-kit/random";
import sharp from "sharp";
import { type Test, test } from "tap";
import { contentTypeOf, isPicture } from "../src/inspection/kinds.js";
import { cleanPicture, thumbnailOf } from "../src/inspection/pictures.js";

const plenty = 50_000_000;

/** A decompression bomb: a PNG of empty rows, far smaller than its pixels. */
function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc((Math.ceil(width / 8) + 1) * Math.min(height, 1_000));
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(content.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/** PNG's own checksum, ISO 3309. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

async function pictures(): Promise<Record<string, Buffer>> {
  const frames = ["red", "lime", "blue", "red"].map((background) => ({ width: 60, height: 40, background }));
  const picture = () => noise(120, 90);
  return {
    "image/jpeg": await picture().jpeg().toBuffer(),
    "image/jpeg progressive": await picture().jpeg({ progressive: true }).toBuffer(),
    "image/png": await picture().png().toBuffer(),
    "image/webp": await picture().webp().toBuffer(),
    "image/webp animated": await animatedWebp(frames),
    "image/gif": await readFile((await fixture("animated.gif")).path),
    "image/avif": await picture().avif().toBuffer(),
  };
}

async function clean(t: Test, content: Buffer, named: string, maxPixels = plenty) {
  const [type = ""] = named.split(" ");
  const folder = await folderFor(t);
  const { path } = await folder.write(content, "received");
  if (!isPicture(type)) throw new Error(`${type} is no picture`);
  return cleanPicture(path, type, folder.path, maxPixels);
}

test("a truncated picture is damaged, in every format", async (t) => {
  for (const [type, content] of Object.entries(await pictures())) {
    await clean(t, content, type);
    for (const share of [0.02, 0.1, 0.5, 0.8]) {
      const cut = content.subarray(0, Math.max(16, Math.floor(content.length * share)));
      const outcome = await clean(t, cut, type).catch((error: unknown) => error);
      t.match(outcome, { code: "damaged_file" }, `${type}, ${share} of it`);
    }
  }
});

test("a picture that lacks its end marker alone is shown", async (t) => {
  const made = await pictures();
  for (const type of ["image/jpeg", "image/jpeg progressive"]) {
    const jpeg = made[type]!;
    for (const content of [jpeg.subarray(0, -1), jpeg.subarray(0, -2)])
      t.match(await clean(t, content, type), { dimensions: { width: 120, height: 90 } }, type);
    await t.rejects(clean(t, jpeg.subarray(0, -10), type), { code: "damaged_file" }, "and no more than that");
  }
  const gif = made["image/gif"]!;
  t.match(await clean(t, gif.subarray(0, -1), "image/gif"), { dimensions: { width: 64, height: 48 } });
  t.match(await clean(t, Buffer.concat([gif, Buffer.alloc(9)]), "image/gif"), {}, "some programs fill up with zeros");
  for (const length of [gif.length - 2, gif.length >> 1, 20]) {
    const cut = clean(t, gif.subarray(0, length), "image/gif");
    await t.rejects(cut, { code: "damaged_file" }, `${length} of ${gif.length} bytes`);
  }
});

const full = "/dev/full";
const skip = existsSync(full) ? false : `there is no ${full} here`;

test("a full disk is not reported as a damaged picture", { skip }, async (t) => {
  for (const [named, content] of Object.entries(await pictures())) {
    const folder = await folderFor(t);
    await symlink(full, join(folder.path, "cleaned"));
    const { path } = await folder.write(content, "received");
    const [type = ""] = named.split(" ");
    const outcome = isPicture(type) && (await cleanPicture(path, type, folder.path, plenty).catch((error) => error));
    t.ok(outcome instanceof Error && !(outcome instanceof ChatError), named);
  }
});

test("a picture with too many pixels is refused before it is decoded", async (t) => {
  const started = process.memoryUsage().rss;
  for (const [width, height] of [
    [60_000, 60_000],
    [2_147_483, 1_000],
    [100_000, 1_001],
    [8_000, 6_251],
  ] as const) {
    await t.rejects(clean(t, pngBomb(width, height), "image/png"), { code: "too_many_pixels" }, `${width}×${height}`);
  }
  t.ok(process.memoryUsage().rss - started < 100_000_000, "and takes no memory");
});

test("the limit on pixels counts those of all frames together", async (t) => {
  const still = await noise(100, 100).png().toBuffer();
  await clean(t, still, "image/png", 10_000);
  await t.rejects(clean(t, still, "image/png", 9_999), { code: "too_many_pixels" });
  const frame = (background: string) => ({ width: 100, height: 100, background });
  const roll = await animatedWebp(["red", "lime", "blue", "red"].map(frame));
  // WebP may have half.
  await clean(t, roll, "image/webp", 80_000);
  await t.rejects(clean(t, roll, "image/webp", 79_998), { code: "too_many_pixels" });
});

test("a picture that is held in memory whole may have a share of the pixels", async (t) => {
  const picture = () => noise(100, 100);
  const whole: Record<string, { content: Buffer; least: number }> = {
    "image/jpeg": { content: await picture().jpeg({ progressive: true }).toBuffer(), least: 20_000 },
    "image/png": { content: await picture().png({ progressive: true }).toBuffer(), least: 20_000 },
    "image/gif": { content: await picture().gif().toBuffer(), least: 40_000 },
  };
  for (const [type, { content, least }] of Object.entries(whole)) {
    await clean(t, content, type, least);
    await t.rejects(clean(t, content, type, least - 1), { code: "too_many_pixels" }, type);
  }
  const { path } = await fixture("animated.gif");
  await clean(t, await readFile(path), "image/gif", 64 * 48 * 5);
  await t.rejects(clean(t, await readFile(path), "image/gif", 64 * 48 * 5 - 1), { code: "too_many_pixels" });
});

test("a picture declared as another format is damaged or converted to it", async (t) => {
  const made = await pictures();
  for (const type of Object.keys(made)) {
    for (const content of Object.values(made)) {
      const outcome = await clean(t, content, type).catch((error: Error) => error);
      if (outcome instanceof Error) t.match(outcome, { code: "damaged_file" });
      else t.match(await sharp(outcome.path).metadata(), { format: outcome.mimeType.split("/")[1] });
    }
  }
});

test("pictures with bytes changed, lost or repeated are shown whole or refused", { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
  t.comment(`KHUI_TEST_SEED=${seed}`);
  const draw = randomFrom(seed);
  const made = await pictures();
  const folder = await folderFor(t);
  const refusals = new Set(["damaged_file", "too_many_pixels", "ambiguous_file"]);
  const unforeseen = new Set<string>();
  let [shown, refused] = [0, 0];
  for (const [named, content] of Object.entries(made)) {
    for (let round = 0; round < 60; round++) {
      const { path, size } = await folder.write(mutated(content, draw), "received");
      try {
        const type = await contentTypeOf(path, size);
        if (!isPicture(type)) continue;
        const picture = await cleanPicture(path, type, folder.path, plenty);
        await thumbnailOf(picture.path);
        const { width, pageHeight, height } = await sharp(picture.path, { failOn: "error" }).metadata();
        t.same(picture.dimensions, { width, height: pageHeight ?? height });
        shown++;
      } catch (error) {
        const code = error instanceof ChatError ? error.code : "none";
        if (!refusals.has(code)) unforeseen.add(`${named}: ${String(error).replace(folder.path, "")}`);
        refused++;
      }
    }
  }
  t.same([...unforeseen], []);
  t.ok(shown > 0 && refused > 0, `${shown} shown, ${refused} refused`);
});
