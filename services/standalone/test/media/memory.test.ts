// Uploads are streamed: the memory of the process hardly grows with their number and size.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@khui/test-kit/embedded";
import { groupRoom, useSystem } from "@khui/test-kit/system";
import sharp from "sharp";
import { type Test, test } from "tap";
import { residentBytes, watchMemory } from "./memory.js";
import { startMediaProcesses } from "./processes.js";
import { fileContent, randomContent, type StreamedUpload, sendStream, servedBytes } from "./streaming.js";
import { fixture, note, picture, send } from "./uploading.js";

const mebibyte = 1024 * 1024;
const mostGrowth = 80 * mebibyte;
const side = 1_840;

test("the one-process form", { timeout: 280_000 }, async (t) => {
  const system = await startEmbedded();
  t.teardown(() => system.stop());
  await uploadsInLittleMemory(t, { ...system, roomsUrl: system.url });
});

test("media-service as a process of its own, on S3", { timeout: 280_000 }, async (t) => {
  await uploadsInLittleMemory(t, await startMediaProcesses(t));
});

/** `url` takes uploads and is measured; rooms are made at `roomsUrl`. */
async function uploadsInLittleMemory(t: Test, at: { url: string; roomsUrl: string; secret: string }): Promise<void> {
  const user = (await useSystem(t, { url: at.roomsUrl, secret: at.secret })).newUser();
  const roomId = await groupRoom(user, []);
  const pictures = await noisePictures(t, 5);
  for (const upload of [
    note(),
    await picture(),
    { content: await fixture("video.mp4"), fields: { type: "video" } },
    { content: await fixture("sound.mp3"), fields: { type: "audio" } },
  ]) {
    const { status, body } = await send(at.url, user, roomId, upload);
    t.equal(status, 201, "warmed up");
    await servedBytes(new URL(body.data.mediaInfo?.url ?? "", at.url).href);
  }
  const baseline = await residentBytes(at.url);
  const common = { url: at.url, token: user.token, roomId };
  const random = (bytes: number): StreamedUpload => ({
    ...common,
    type: "file",
    name: "random.bin",
    content: randomContent(bytes),
  });

  const one = await watchMemory(at.url, () => sendStream(random(100 * mebibyte)));
  t.match(one.result, { status: 201, message: { mediaInfo: { size: 100 * mebibyte } } }, "100 MB");
  t.comment(`${megabytes(baseline)} before, ${megabytes(one.most - baseline)} more for one of 100 MB`);

  const many = await watchMemory(at.url, () =>
    Promise.all([
      ...Array.from({ length: 45 }, () => sendStream(random(10 * mebibyte))),
      ...pictures.map((path) =>
        sendStream({ ...common, type: "image", name: "noise.png", content: fileContent(path) }),
      ),
    ]),
  );
  t.comment(`${megabytes(many.most - baseline)} more for 50 of 10 MB at once`);
  const messages = many.result.map(({ message }) => message);
  t.same(
    many.result.map(({ status }) => status),
    Array(50).fill(201),
  );
  t.same(
    messages.slice(0, 45).map(({ mediaInfo }) => mediaInfo?.size),
    Array(45).fill(10 * mebibyte),
  );
  for (const { mediaInfo } of messages.slice(45)) {
    t.same(mediaInfo?.dimensions, { width: side, height: side });
    const served = await fetch(new URL(mediaInfo?.url ?? "", at.url));
    const content = Buffer.from(await served.arrayBuffer());
    t.equal(content.length, mediaInfo?.size);
    t.equal((await sharp(content).raw().toBuffer()).length, side * side * 3, "it can be shown");
  }
  t.equal(await servedBytes(new URL(one.result.message.mediaInfo?.url ?? "", at.url).href), 100 * mebibyte);
  const growth = Math.max(one.most, many.most) - baseline;
  t.ok(growth < mostGrowth, `${megabytes(growth)} more than before`);
}

const megabytes = (bytes: number) => `${Math.round(bytes / mebibyte)} MB`;

/** PNG files of noise, just below the limit of 10 MB. */
async function noisePictures(t: Test, count: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "khui-noise-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  const path = join(folder, "noise.png");
  const create = { width: side, height: side, channels: 3, background: "black", noise } as const;
  await sharp({ create }).png().toFile(path);
  const { size } = await stat(path);
  t.ok(size > 9 * mebibyte && size <= 10 * mebibyte, `${size} bytes`);
  return Array.from({ length: count }, () => path);
}
