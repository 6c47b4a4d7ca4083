// Reading the metadata of audio and video.
import { readFile } from "node:fs/promises";
import { ChatError } from "@khui/contracts";
import { adts, caf, type Folder, fixture, folderFor, mutated } from "@khui/test-kit/files/made-files";
import { randomFrom } from "@khui/test-kit/random";
import t, { test } from "tap";
import { contentTypeOf } from "../src/inspection/kinds.js";
import { createParsers } from "../src/inspection/parsers.js";

const parsers = createParsers();
t.teardown(() => parsers.close());
const reader = {
  async read(path: string, size: number) {
    const contentType = await contentTypeOf(path, size).catch(() => "");
    return parsers.parse("recording", { path, size, contentType });
  },
};
/** A copy of a fixture: recordings are blanked in place. */
const copied = async (folder: Folder, name: string) => folder.write(await readFile((await fixture(name)).path));

/** Width and height of the videos, null for sounds. All last about a second; encoders add up to a tenth. */
const recordings: Record<string, readonly [number, number] | null> = {
  "video.mp4": [320, 180],
  "upright-phone.mp4": [180, 320],
  "video.webm": [320, 180],
  "recorded.webm": [320, 180],
  "voice.webm": null,
  "sound.mp3": null,
  "sound.wav": null,
  "sound.m4a": null,
  "sound.ogg": null,
};
const names = Object.keys(recordings);

test("kind, duration and dimensions are those of the recording, as it is shown", async (t) => {
  const folder = await folderFor(t);
  for (const [name, shown] of Object.entries(recordings)) {
    const { path, size } = await copied(folder, name);
    const { kind, duration = 0, dimensions } = await reader.read(path, size);
    t.equal(kind, shown ? "video" : "audio", name);
    t.same(dimensions, shown ? { width: shown[0], height: shown[1] } : undefined, name);
    t.ok(duration >= 1 && duration <= 1.1, `${name}: ${duration} s`);
    t.equal(duration, Math.round(duration * 1000) / 1000, "in milliseconds");
  }
});

test("a sound in ADTS or CAF has its duration", async (t) => {
  const folder = await folderFor(t);
  for (const [content, seconds] of [
    [adts, 44 * (1024 / 44_100)],
    [caf, 0.25],
  ] as const) {
    const { path, size } = await folder.write(content);
    t.match(await reader.read(path, size), { kind: "audio", duration: Math.round(seconds * 1000) / 1000 });
  }
});

test("a file with neither audio nor video is damaged", async (t) => {
  const folder = await folderFor(t);
  const gif = await copied(folder, "animated.gif");
  t.match(await reader.read(gif.path, gif.size).catch((error: unknown) => error), { code: "damaged_file" });
  for (const content of [
    "x",
    "\0".repeat(100_000),
    "RIFF\0\0\0\0WAVE",
    "OggS",
    "ID3",
    "\x1aE\xdf\xa3",
    "\0\0\0\x18ftypisom",
  ]) {
    const { path, size } = await folder.write(Buffer.from(content, "latin1"));
    t.match(
      await reader.read(path, size).catch((error: unknown) => error),
      { code: "damaged_file" },
      content.slice(0, 8),
    );
  }
});

test("concurrent reads have their own results", async (t) => {
  const folder = await folderFor(t);
  const asked = Array.from({ length: 3 }, (_, i) => names[i % names.length]!);
  const read = asked.map(async (name) => {
    const { path, size } = await copied(folder, name);
    return reader.read(path, size);
  });
  for (const [i, { dimensions }] of (await Promise.all(read)).entries()) {
    const shown = recordings[asked[i]!];
    t.same(dimensions, shown ? { width: shown[0], height: shown[1] } : undefined, `${asked[i]}`);
  }
});

test("a missing file is not reported as damaged", async (t) => {
  const folder = await folderFor(t);
  await t.rejects(reader.read(`${folder.path}/gone`, 10), { code: "ENOENT" });
});

for (const name of names) {
  test(`${name} with bytes changed, lost or repeated is read or damaged`, { timeout: 300_000 }, async (t) => {
    const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
    t.comment(`KHUI_TEST_SEED=${seed}`);
    const draw = randomFrom(seed);
    const folder = await folderFor(t);
    const whole = await copied(folder, name);
    const original = await readFile(whole.path);
    const before = await reader.read(whole.path, whole.size);
    const outcomes = { read: 0, damaged: 0 };
    for (let round = 0; round < 100; round++) {
      const { path, size } = await folder.write(mutated(original, draw), "received");
      try {
        const { kind, duration, dimensions } = await reader.read(path, size);
        const numbers = [duration ?? 1, dimensions?.width ?? 1, dimensions?.height ?? 1];
        const sound = (kind === "audio" || kind === "video") && numbers.every((n) => Number.isFinite(n) && n >= 0);
        if (!sound) t.fail(`round ${round}: ${kind}, ${numbers.join(", ")}`);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof ChatError && error.code === "damaged_file")) t.fail(`round ${round}: ${String(error)}`);
        outcomes.damaged++;
      }
    }
    t.equal(outcomes.read + outcomes.damaged, 100, JSON.stringify(outcomes));
    t.same(await reader.read(whole.path, whole.size), before, "the reader still works");
  });
}
