// Pictures made fit to be shown.
import { stat } from "node:fs/promises";
import { animatedWebp, fixture, folderFor, sidewaysPhoto } from "@khui/test-kit/files/made-files";
import { noise } from "@khui/test-kit/files/media-files";
import sharp from "sharp";
import { type Test, test } from "tap";
import { isPicture } from "../src/inspection/kinds.js";
import { cleanPicture, thumbnailOf } from "../src/inspection/pictures.js";

const plenty = 50_000_000;

async function cleaned(t: Test, content: Buffer, type: string, maxPixels = plenty) {
  const folder = await folderFor(t);
  const { path } = await folder.write(content, "received");
  if (!isPicture(type)) throw new Error(`${type} is no picture`);
  return cleanPicture(path, type, folder.path, maxPixels);
}

/** Red, green and blue at a place given as shares of width and height. */
async function colourAt(picture: string | Buffer, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [column, row] = [Math.floor(x * info.width), Math.floor(y * info.height)];
  return [...data.subarray((row * info.width + column) * info.channels).subarray(0, 3)];
}

const isRed = ([r = 0, g = 0, b = 0]: number[]) => r > 200 && g < 60 && b < 60;
const isBlue = ([r = 0, g = 0, b = 0]: number[]) => r < 60 && g < 60 && b > 200;

test("a sideways photo is rotated, and loses where and with what it was taken", async (t) => {
  const photo = await sidewaysPhoto(80, 40);
  const before = await sharp(photo).metadata();
  t.equal(before.orientation, 6, "as a phone writes it");
  t.ok(photo.includes("Secret Maker") && before.exif, "with its metadata");

  const { path, mimeType, size, dimensions } = await cleaned(t, photo, "image/jpeg");
  t.same({ mimeType, dimensions }, { mimeType: "image/jpeg", dimensions: { width: 40, height: 80 } });
  t.equal(size, (await stat(path)).size);
  t.ok(isRed(await colourAt(path, 0.5, 0.2)), "left has become up");
  t.ok(isBlue(await colourAt(path, 0.5, 0.8)));
  const after = await sharp(path).metadata();
  t.match(after, { width: 40, height: 80, format: "jpeg" });
  for (const kind of ["exif", "xmp", "iptc", "icc", "orientation", "comments"] as const) {
    t.equal(after[kind], undefined, `no ${kind}`);
  }
  const thumbnail = await thumbnailOf(path);
  t.ok(isRed(await colourAt(thumbnail, 0.5, 0.2)));
  t.notOk(thumbnail.includes("Secret Maker"));
});

test("metadata is removed from every format", async (t) => {
  const secret = "Secret Maker";
  const picture = () => noise(20, 10).withExif({ IFD0: { Make: secret } });
  const made: Record<string, Buffer> = {
    "image/jpeg": await picture().jpeg().toBuffer(),
    "image/png": await picture().png().toBuffer(),
    "image/webp": await picture().webp().toBuffer(),
    "image/avif": await picture().avif().toBuffer(),
  };
  for (const [type, content] of Object.entries(made)) {
    t.ok(content.includes(secret), `${type} had it`);
    const { path, mimeType, dimensions } = await cleaned(t, content, type);
    const after = await sharp(path).metadata();
    t.equal(after.exif, undefined, `${type} has it no more`);
    t.same(dimensions, { width: 20, height: 10 });
    t.equal(mimeType, type === "image/avif" ? "image/webp" : type);
    t.equal(`image/${after.format}`, mimeType, "it is what it is said to be");
  }
});

test("transparency stays, and CMYK is converted", async (t) => {
  const clear = await sharp({
    create: { width: 4, height: 4, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
  })
    .png()
    .toBuffer();
  const { path } = await cleaned(t, clear, "image/png");
  t.same([...(await sharp(path).raw().toBuffer())].filter((_, i) => i % 4 === 3).some(Boolean), false);
  t.equal((await sharp(await thumbnailOf(path)).metadata()).hasAlpha, true);
  const print = await noise(16, 16).toColourspace("cmyk").jpeg().toBuffer();
  t.equal((await sharp(print).metadata()).space, "cmyk");
  const shown = await cleaned(t, print, "image/jpeg");
  t.equal((await sharp(shown.path).metadata()).space, "srgb", "browsers show it as it was meant");
});

test("an animation keeps its frames, delays and loop count", async (t) => {
  const frames = ["red", "lime", "blue"].map((background) => ({ width: 60, height: 40, background }));
  const { path, dimensions } = await cleaned(t, await animatedWebp(frames), "image/webp");
  t.same(dimensions, { width: 60, height: 40 });
  t.match(await sharp(path).metadata(), { pages: 3, delay: [100, 100, 100], loop: 3 });

  const { path: gif } = await fixture("animated.gif");
  const folder = await folderFor(t);
  const before = await sharp(gif, { animated: true }).metadata();
  const kept = await cleanPicture(gif, "image/gif", folder.path, plenty);
  t.same(kept.dimensions, { width: 64, height: 48 });
  const after = await sharp(kept.path, { animated: true }).metadata();
  t.equal(after.pages, 5);
  t.same([after.delay, after.loop], [before.delay, before.loop]);
  const thumbnail = await sharp(await thumbnailOf(kept.path)).metadata();
  t.match(thumbnail, { width: 64, height: 48, format: "webp" });
  t.ok((thumbnail.pages ?? 1) === 1, "the first frame alone");
});

test("a thumbnail fits into 320 by 320 and is never larger than its picture", async (t) => {
  const sizes = [
    [640, 320, 320, 160],
    [320, 640, 160, 320],
    [1000, 1000, 320, 320],
    [100, 50, 100, 50],
    [320, 320, 320, 320],
    [3_000, 1, 320, 1],
    [1, 1, 1, 1],
  ] as const;
  for (const [width, height, thumbWidth, thumbHeight] of sizes) {
    const thumbnail = await thumbnailOf(await noise(width, height).png().toBuffer());
    const expected = { format: "webp", width: thumbWidth, height: thumbHeight };
    t.match(await sharp(thumbnail).metadata(), expected, `${width} by ${height}`);
  }
});

test("only what becomes a picture that browsers show is a picture", async (t) => {
  const types = ["jpeg", "png", "apng", "webp", "gif", "avif", "heic", "heif", "heic-sequence", "heif-sequence"];
  for (const type of types) t.ok(isPicture(`image/${type}`), type);
  for (const type of ["image/svg+xml", "image/tiff", "image/bmp", "text/plain", "constructor"]) {
    t.notOk(isPicture(type), type);
  }
});
