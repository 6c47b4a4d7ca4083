// Pictures that take long: nobody else's are behind them, and none takes longer than it may.

import { animatedWebp, folderFor, gifFrames, manyFrames, noise } from "@khui/test-kit/files/made-files";
import { watching } from "@khui/test-kit/files/watching";
import t, { test } from "tap";
import { createInspection } from "../src/inspection/inspection.js";
import { createParsers } from "../src/inspection/parsers.js";
import { mostFrames } from "../src/inspection/pictures.js";
import { defaultLimits } from "../src/limits.js";

const parsers = createParsers();
t.teardown(() => parsers.close());
const inspection = createInspection(parsers, undefined, defaultLimits);

test("one person's animations are not before another's photo", { timeout: 240_000 }, async (t) => {
  const folder = await folderFor(t);
  const animation = await folder.write(await manyFrames(mostFrames));
  const photo = await folder.write(await noise(200, 100).jpeg().toBuffer());
  // The start of two workers is not what is looked at.
  await Promise.all(["alice", "bob"].map((userId) => inspection.inspect(photo, "image", folder.path, userId)));
  let ended = 0;
  const flood = Array.from({ length: 12 }, async () => {
    const own = await folderFor(t);
    await inspection.inspect(animation, "image", own.path, "mallory");
    ended++;
  });
  const { facts } = await inspection.inspect(photo, "image", folder.path, "alice");
  t.match(facts, { mimeType: "image/jpeg" });
  t.ok(ended <= 2, `${ended} of twelve were before it`);
  await Promise.all(flood);
});

test("an animation of 6,000 frames is refused before it is unpacked", async (t) => {
  const folder = await folderFor(t);
  const animation = await folder.write(await manyFrames(6_000));
  const began = performance.now();
  const refused = inspection.inspect(animation, "image", folder.path, "mallory");
  await t.rejects(refused, { code: "too_many_frames", details: { maxFrames: mostFrames } });
  t.ok(performance.now() - began < 5_000, "which takes no time");
});

test("animations may have so many frames and no more, whatever their format", async (t) => {
  const folder = await folderFor(t);
  const inspect = async (bytes: Uint8Array) =>
    inspection.inspect(await folder.write(bytes), "image", folder.path, "alice").then(
      ({ facts }) => facts.mimeType,
      ({ code }) => code,
    );
  t.equal(await inspect(gifFrames(mostFrames)), "image/gif");
  t.equal(await inspect(gifFrames(mostFrames + 1)), "too_many_frames");
  t.equal(await inspect(await manyFrames(mostFrames + 1)), "too_many_frames");
  const frames = Array.from({ length: 20 }, (_, i) => ({ width: 30, height: 20, background: i % 2 ? "red" : "blue" }));
  t.equal(await inspect(await animatedWebp(frames)), "image/webp");
});

test("a picture that takes too long is refused, and its worker ended", async (t) => {
  const hasty = createParsers({ recording: 10_000, picture: 1, thumbnail: 10_000 });
  t.teardown(() => hasty.close());
  const folder = await folderFor(t);
  const photo = await folder.write(await noise(3_000, 2_000).jpeg().toBuffer());
  const { result, blockedMs } = await watching(() =>
    createInspection(hasty, undefined, defaultLimits)
      .inspect(photo, "image", folder.path, "alice")
      .catch((error) => error),
  );
  t.match(result, { code: "too_many_pixels" });
  t.ok(blockedMs < 2_000, `${blockedMs} ms`);
});
