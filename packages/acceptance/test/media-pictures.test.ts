// Pictures are measured, rotated upright and stripped of metadata; animation and transparency are preserved.

import type { Bytes } from "@khui/test-kit/files/media-files";
import {
  fromPhone,
  joined,
  made,
  noise,
  pngChunk,
  pngStart,
  redAndBlue,
  secrets,
  withSegment,
} from "@khui/test-kit/files/media-files";
import { privateRoom, useSystem } from "@khui/test-kit/system";
import sharp from "sharp";
import t from "tap";
import { fixture, mediaScene } from "./media-scene.js";

const system = await useSystem(t);
const { send, open, served, thumbnailSize } = mediaScene(system);

async function scene() {
  const a = system.newUser("Ann");
  return { a, room: await privateRoom(a, system.newUser("Ben")) };
}

/** No polyglot: the picture is encoded anew, without what its metadata quote. */
const quoting = pngChunk("tEXt", Buffer.from("Comment\0%PDF-1.4"));
const plainPng = await made(redAndBlue(40, 20).png());

const pictures: Array<readonly [name: string, bytes: Bytes, mimeType: string, width: number, height: number]> = [
  ["wide.jpg", await made(redAndBlue(1000, 400).jpeg()), "image/jpeg", 1000, 400],
  ["tall.png", await made(redAndBlue(100, 2000).png()), "image/png", 100, 2000],
  ["small.webp", await made(redAndBlue(50, 40).webp()), "image/webp", 50, 40],
  ["thin.gif", await made(redAndBlue(1000, 1).gif()), "image/gif", 1000, 1],
  ["new.avif", await made(redAndBlue(400, 400).avif({ effort: 0 })), "image/webp", 400, 400],
  ["quoting.jpg", withSegment(await made(redAndBlue(40, 20).jpeg()), 0xfe, "<body>%PDF-1.4"), "image/jpeg", 40, 20],
  ["quoting.png", joined(plainPng.subarray(0, pngStart), quoting, plainPng.subarray(pngStart)), "image/png", 40, 20],
  ["no-end.jpg", (await made(noise(64, 48).jpeg())).slice(0, -2), "image/jpeg", 64, 48],
  ["noise.jpg", await made(noise(640, 480).jpeg()), "image/jpeg", 640, 480],
];

for (const [name, bytes, mimeType, width, height] of pictures) {
  for (const declared of ["image", "file"] as const) {
    t.test(`${name} sent as ${declared} gets its dimensions and a thumbnail with its aspect ratio`, async (t) => {
      const { a, room } = await scene();
      const message = await send(t, a, room, declared, bytes, { name });
      t.equal(message.type, declared);
      const { originalName, dimensions, duration } = message.mediaInfo;
      t.strictSame(
        { originalName, mimeType: message.mediaInfo.mimeType, dimensions, duration },
        { originalName: name, mimeType, dimensions: { width, height }, duration: undefined },
      );
      const shown = sharp(await served(t, message));
      t.match(await shown.metadata(), { width, height, format: mimeType.slice("image/".length) });
      const factor = Math.min(1, 320 / Math.max(width, height));
      const expected = { width: width * factor, height: Math.max(1, height * factor) };
      t.strictSame(await thumbnailSize(t, message), expected);
    });
  }
}

/** The average colour of the picture's upper half. */
async function upperHalf(bytes: Buffer): Promise<string> {
  const { width, height } = await sharp(bytes).metadata();
  const half = await sharp(bytes)
    .extract({ left: 0, top: 0, width, height: Math.floor(height / 2) })
    .toBuffer();
  const [red, , blue] = (await sharp(half).stats()).channels.map(({ mean }) => mean);
  return red! > 200 && blue! < 60 ? "red" : blue! > 200 && red! < 60 ? "blue" : `red ${red}, blue ${blue}`;
}

const phone = await made(fromPhone(600, 400).jpeg());
const photoshop = "Photoshop 3.0\0" + "8BIM\x04\x04\0\0\0\0\0\x0e\x1c\x02\x50\0\x09owner-of-";
const phonePng = await made(fromPhone(600, 400).png());
const remark = pngChunk("tEXt", Buffer.from("Comment\0a remark"));
// AVIF stores its rotation outside the metadata.
const telling: Array<readonly [format: string, bytes: Bytes, orientation: 6 | undefined]> = [
  ["jpeg", withSegment(withSegment(phone, 0xed, photoshop), 0xfe, "a remark"), 6],
  ["webp", await made(fromPhone(600, 400).webp({ lossless: true })), 6],
  ["png", joined(phonePng.subarray(0, pngStart), remark, phonePng.subarray(pngStart)), 6],
  ["avif", await made(fromPhone(600, 400).avif({ effort: 0 })), undefined],
];

for (const [format, bytes, orientation] of telling) {
  for (const declared of ["image", "file"]) {
    t.test(`a ${format} from a phone, sent as ${declared}, is rotated upright and loses its metadata`, async (t) => {
      const before = await sharp(bytes).metadata();
      t.equal(before.orientation, orientation);
      t.match(before, { exif: Buffer, icc: Buffer, xmp: Buffer }, "it does when it is sent");
      const { a, room } = await scene();
      const message = await send(t, a, room, declared, bytes, { name: `phone.${format}` });
      t.strictSame(message.mediaInfo.dimensions, { width: 400, height: 600 });
      t.strictSame(await thumbnailSize(t, message), { width: 213, height: 320 });
      const thumbnail = (await open(message.mediaInfo.thumbnail ?? "")).bytes;
      for (const shown of [await served(t, message), thumbnail]) {
        const { orientation = 1, exif, icc, iptc, xmp, comments = [] } = await sharp(shown).metadata();
        t.strictSame(
          { orientation, exif, icc, iptc, xmp, comments: comments.length },
          {
            orientation: 1,
            exif: undefined,
            icc: undefined,
            iptc: undefined,
            xmp: undefined,
            comments: 0,
          },
        );
        t.strictSame(
          secrets.filter((secret) => shown.includes(secret)),
          [],
        );
        t.equal(await upperHalf(shown), "red");
      }
    });
  }
}

t.test("animations keep every frame, its duration and the loop count", async (t) => {
  const gif = await fixture("animated.gif");
  const webp = await made(sharp(gif, { animated: true }).webp({ delay: [50, 100, 150, 200, 250], loop: 3 }));
  const { a, room } = await scene();
  for (const [name, bytes] of [
    ["dance.gif", gif],
    ["dance.webp", webp],
  ] as const) {
    const message = await send(t, a, room, "image", bytes, { name });
    t.strictSame(message.mediaInfo.dimensions, { width: 64, height: 48 });
    const [before, after] = [await sharp(bytes).metadata(), await sharp(await served(t, message)).metadata()];
    t.match({ format: after.format, pages: after.pages }, { format: name.slice(6), pages: 5 });
    t.strictSame([after.delay, after.loop], [before.delay, before.loop]);
    t.strictSame(await thumbnailSize(t, message), { width: 64, height: 48 });
  }
});

t.test("transparency is preserved", async (t) => {
  const clear = {
    create: { width: 400, height: 400, channels: 4 as const, background: { r: 255, g: 0, b: 0, alpha: 0 } },
  };
  const { a, room } = await scene();
  for (const format of ["png", "webp", "gif"] as const) {
    const message = await send(t, a, room, "image", await made(sharp(clear).toFormat(format)));
    for (const address of [message.mediaInfo.url, message.mediaInfo.thumbnail]) {
      t.equal((await sharp((await open(address ?? "")).bytes).stats()).isOpaque, false);
    }
  }
});
