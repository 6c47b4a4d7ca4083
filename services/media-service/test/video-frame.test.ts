// A picture out of a video.
import { execFileSync } from "node:child_process";
import { manySamples } from "@khui/test-kit/files/hostile-recordings";
import { fixture, folderFor } from "@khui/test-kit/files/made-files";
import { noise } from "@khui/test-kit/files/media-files";
import { monitoring } from "@khui/test-kit/files/monitoring";
import sharp from "sharp";
import { test } from "tap";
import { findVideoFrame } from "../src/inspection/video-frame.js";
import { defaultLimits } from "../src/limits.js";

const { pixels } = defaultLimits;
const frameOf = await findVideoFrame("ffmpeg", pixels);
const skip = frameOf ? false : "there is no ffmpeg here";

test("without the program there are no pictures", async (t) => {
  const folder = await folderFor(t);
  t.equal(await findVideoFrame(`${folder.path}/not-there`, pixels), undefined);
  t.equal(await findVideoFrame(folder.path, pixels), undefined);
});

test("a program that is not what it should be gives none either", async (t) => {
  const lying = await findVideoFrame("true", pixels);
  const { path } = await fixture("video.mp4");
  t.equal(await lying?.(path, "video/mp4", 1), undefined);
});

test("a frame is upright and has the proportions of its video", { skip }, async (t) => {
  const shapes: Record<string, readonly [number, number]> = {
    "video.mp4": [320, 180],
    "upright-phone.mp4": [180, 320],
    "video.webm": [320, 180],
    "recorded.webm": [320, 180],
  };
  for (const [name, [width, height]] of Object.entries(shapes)) {
    const { path } = await fixture(name);
    const type = name.endsWith("mp4") ? "video/mp4" : "video/webm";
    for (const duration of [undefined, 0, 1]) {
      const frame = await frameOf?.(path, type, duration);
      const facts = await sharp(frame).metadata();
      t.equal(facts.format, "png");
      t.ok(
        Math.abs((facts.width / facts.height) * (height / width) - 1) < 0.02,
        `${name}: ${facts.width}×${facts.height}`,
      );
      const { entropy } = await sharp(frame).stats();
      t.ok(entropy > 0.5, "and it is not empty");
    }
  }
});

test("a video with more than a quarter of the allowed pixels has no frame", { skip }, async (t) => {
  const folder = await folderFor(t);
  const path = `${folder.path}/video.mov`;
  const source = ["-f", "lavfi", "-i", "color=red:size=200x100", "-frames:v", "1", "-c:v", "png"];
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", ...source, path]);
  const { path: phone } = await fixture("video.mp4");
  for (const [file, type, size] of [
    [path, "video/quicktime", 200 * 100],
    [phone, "video/mp4", 320 * 192],
  ] as const) {
    const enough = await findVideoFrame("ffmpeg", 8 * size);
    t.ok(await enough?.(file, type, 0), type);
    const tooFew = await findVideoFrame("ffmpeg", 2 * size);
    t.equal(await tooFew?.(file, type, 0), undefined, type);
  }
});

test("a video that states samples which it does not have takes little memory", { skip }, async (t) => {
  const folder = await folderFor(t);
  for (const count of [60_000_000, 0xffff_ffff]) {
    const { path, size } = await folder.write(manySamples(count));
    t.ok(size < 1024);
    const { result, childBytes } = await monitoring(async () => frameOf?.(path, "video/mp4", 1));
    t.equal(result, undefined);
    t.ok(childBytes < 200 * 1024 * 1024, `${Math.round(childBytes / 1024 / 1024)} MB`);
  }
});

test("audio, pictures and damaged videos have no frame", { skip }, async (t) => {
  const folder = await folderFor(t);
  const sound = await fixture("sound.m4a");
  t.equal(await frameOf?.(sound.path, "video/mp4", 1), undefined);
  t.equal(await frameOf?.(sound.path, "audio/mp4", 1), undefined);
  const picture = await folder.write(await noise(20, 20).jpeg().toBuffer());
  t.equal(await frameOf?.(picture.path, "video/mp4", 1), undefined);
  t.equal(await frameOf?.(picture.path, "image/jpeg", 1), undefined);
  t.equal(await frameOf?.(`${folder.path}/gone`, "video/mp4", 1), undefined);
  const zeros = await folder.write(Buffer.alloc(100_000));
  t.equal(await frameOf?.(zeros.path, "video/webm", 1), undefined);
});

test("a playlist that names other files or URLs reveals nothing of them", { skip }, async (t) => {
  const folder = await folderFor(t);
  const { path: video } = await fixture("video.mp4");
  const texts: Record<string, string> = {
    "a playlist": `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n`,
    "a playlist of videos": `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\nfile://${video}\n#EXT-X-ENDLIST\n`,
    "a list": `ffconcat version 1.0\nfile '${video}'\n`,
    "a list without a head": `file '${video}'\n`,
    "an address": `#EXTM3U\n#EXTINF:1,\nconcat:${video}|http://127.0.0.1:9/x\n#EXT-X-ENDLIST\n`,
  };
  const types = ["video/mp4", "video/quicktime", "video/webm", "video/x-matroska", "video/vnd.avi", "video/ogg"];
  for (const [what, text] of Object.entries(texts)) {
    for (const type of types) {
      const { path } = await folder.write(text, "received.mp4");
      t.equal(await frameOf?.(path, type, 1), undefined, `${what} as ${type}`);
    }
  }
});

test("a file name is not taken for an option or a URL", { skip }, async (t) => {
  const folder = await folderFor(t);
  for (const name of ["-i", "a:b.mp4", "http:x", "%d.mp4", "a b'\"$(x).mp4"]) {
    const { path } = await folder.write("x", name);
    t.equal(await frameOf?.(path, "video/mp4", 1), undefined, name);
  }
});
