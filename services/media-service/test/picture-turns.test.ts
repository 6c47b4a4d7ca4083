// Slow pictures: they do not delay those of other users, and have a deadline.

import { animatedWebp, folderFor, gifFrames, manyFrames } from "@khui/test-kit/files/made-files";
import { noise } from "@khui/test-kit/files/media-files";
import { monitoring } from "@khui/test-kit/files/monitoring";
import t, { test } from "tap";
import { createInspection } from "../src/inspection/inspection.js";
import { createParsers } from "../src/inspection/parsers.js";
import { maxFrames } from "../src/inspection/pictures.js";
import { defaultLimits } from "../src/limits.js";

const parsers = createParsers();
t.teardown(() => parsers.close());
const inspection = createInspection(parsers, undefined, defaultLimits);

test("one user's animations do not delay another's photo", { timeout: 240_000 }, async (t) => {
  const folder = await folderFor(t);
  const animation = await folder.write(await manyFrames(maxFrames));
  const photo = await folder.write(await noise(200, 100).jpeg().toBuffer());
  // The start of the two workers is not measured.
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

test("an animation of 6,000 frames is refused before it is decoded", async (t) => {
  const folder = await folderFor(t);
  const animation = await folder.write(await manyFrames(6_000));
  const began = performance.now();
  const refused = inspection.inspect(animation, "image", folder.path, "mallory");
  await t.rejects(refused, { code: "too_many_frames", details: { maxFrames: maxFrames } });
  t.ok(performance.now() - began < 5_000, "at once");
});

test("the number of frames is limited in every format", async (t) => {
  const folder = await folderFor(t);
  const inspect = async (bytes: Uint8Array) =>
    inspection.inspect(await folder.write(bytes), "image", folder.path, "alice").then(
      ({ facts }) => facts.mimeType,
      ({ code }) => code,
    );
  t.equal(await inspect(gifFrames(maxFrames)), "image/gif");
  t.equal(await inspect(gifFrames(maxFrames + 1)), "too_many_frames");
  t.equal(await inspect(await manyFrames(maxFrames + 1)), "too_many_frames");
  const frames = Array.from({ length: 20 }, (_, i) => ({ width: 30, height: 20, background: i % 2 ? "red" : "blue" }));
  t.equal(await inspect(await animatedWebp(frames)), "image/webp");
});

test("a picture that takes too long is refused, and its worker killed", async (t) => {
  const impatient = createParsers({ recording: 10_000, picture: 1, squares: 20_000, thumbnail: 10_000 });
  t.teardown(() => impatient.close());
  const folder = await folderFor(t);
  const photo = await folder.write(await noise(3_000, 2_000).jpeg().toBuffer());
  const { result, blockedMs } = await monitoring(() =>
    createInspection(impatient, undefined, defaultLimits)
      .inspect(photo, "image", folder.path, "alice")
      .catch((error) => error),
  );
  t.match(result, { code: "too_many_pixels" });
  t.ok(blockedMs < 2_000, `${blockedMs} ms`);
});
