// Walking through the containers of recordings: what is measured on the way, and files that are not what they seem. places.test.ts has what is blanked.
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { type Folder, fixture, folderFor, mutated } from "@khui/test-kit/files/made-files";
import { randomFrom } from "@khui/test-kit/random";
import { type Test, test } from "tap";
import { blankRecording } from "../src/inspection/containers/containers.js";

async function durationOf(folder: Folder, content: Uint8Array, deadline = Infinity): Promise<number | undefined> {
  const { path, size } = await folder.write(content, "received");
  return blankRecording(path, size, "video/webm", deadline)?.seconds;
}

/** An element: its id in hexadecimal, and its content. Without a size it ends where its parent does. */
function element(id: string, content: Uint8Array, sized = true): Buffer {
  const length = Buffer.from([0x01, 0, 0, 0, 0, 0, 0, 0]);
  if (sized) length.writeUIntBE(content.length, 2, 6);
  else length.fill(0xff, 1);
  return Buffer.concat([Buffer.from(id, "hex"), length, content]);
}

const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

function block(time: number, length = 10): Buffer {
  const content = Buffer.alloc(Math.max(4, length));
  content[0] = 0x81;
  content.writeInt16BE(time, 1);
  return content;
}

const cluster = (time: number, blocks: Buffer[], sized = true) =>
  element("1f43b675", Buffer.concat([element("e7", number(time)), ...blocks]), sized);
const header = element("1a45dfa3", Buffer.from("webm"));
const webm = (parts: Buffer[], sized = true) =>
  Buffer.concat([header, element("18538067", Buffer.concat(parts), sized)]);

async function expectDuration(t: Test, expected: number | undefined, content: Buffer, what: string): Promise<void> {
  t.equal(await durationOf(await folderFor(t), content), expected, what);
}

test("a WebM lasts until its latest block, wherever that is", async (t) => {
  const simple = (time: number, length?: number) => element("a3", block(time, length));
  const grouped = (time: number) => element("a0", element("a1", block(time)));
  await expectDuration(t, 0.5, webm([cluster(0, [simple(0), simple(500)])]), "one cluster");
  await expectDuration(t, 2.25, webm([cluster(0, [simple(0)]), cluster(2_000, [simple(250), simple(20)])]), "two");
  await expectDuration(
    t,
    2.25,
    webm([cluster(0, [simple(0)], false), cluster(2_000, [simple(250)], false)], false),
    "unsized",
  );
  await expectDuration(t, 7, webm([cluster(6_990, [grouped(10), simple(-40)])]), "in a group");
  await expectDuration(t, 3, webm([cluster(3_000, [simple(-1_000), simple(0, 200_000)])]), "a large block");
  const scale = element("1549a966", element("2ad7b1", number(100_000)));
  await expectDuration(t, 0.05, webm([scale, cluster(0, [simple(500)])]), "in tenths of milliseconds");
});

test("a file without blocks has none", async (t) => {
  await expectDuration(t, undefined, webm([cluster(5, [])]), "an empty cluster");
  await expectDuration(t, undefined, header, "a header");
  await expectDuration(t, undefined, Buffer.from([0]), "a byte");
  await expectDuration(t, undefined, Buffer.alloc(200_000), "zeros");
  await expectDuration(t, undefined, Buffer.alloc(200_000, 0xff), "ones");
});

test("elements are found across the boundaries of windows", async (t) => {
  const folder = await folderFor(t);
  for (let padding = 65_480; padding <= 65_560; padding += 1) {
    const filler = element("ec", Buffer.alloc(padding));
    const content = webm([filler, cluster(1_000, [element("a3", block(1)), element("a3", block(234))])]);
    t.equal(await durationOf(folder, content), 1.234, `${padding} bytes before`);
  }
});

test("recordings of browsers have their duration", async (t) => {
  const folder = await folderFor(t);
  for (const name of ["recorded.webm", "voice.webm"]) {
    const duration = (await durationOf(folder, await readFile((await fixture(name)).path))) ?? 0;
    t.ok(duration > 0.9 && duration < 1.1, `${name}: ${duration} s`);
  }
});

test("a mutated file has some duration or none, and reading it ends", { timeout: 120_000 }, async (t) => {
  const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
  t.comment(`KHUI_TEST_SEED=${seed}`);
  const draw = randomFrom(seed);
  const folder = await folderFor(t);
  for (const name of ["recorded.webm", "voice.webm", "video.webm"]) {
    const original = await readFile((await fixture(name)).path);
    for (let round = 0; round < 300; round++) {
      const duration = await durationOf(folder, mutated(original, draw));
      if (duration !== undefined && !(Number.isFinite(duration) && duration >= 0)) t.fail(`${name}: ${duration}`);
    }
    t.pass(name);
  }
});

test("a file that takes too long has none", async (t) => {
  const folder = await folderFor(t);
  const content = await readFile((await fixture("voice.webm")).path);
  t.equal(await durationOf(folder, content, Date.now() - 1), undefined);
});

test("a large file of headers alone is given up soon", async (t) => {
  const folder = await folderFor(t);
  const empty = Buffer.from([0xec, 0x80]);
  const content = Buffer.concat([header, element("18538067", Buffer.alloc(20 * 1024 * 1024, empty))]);
  const before = process.memoryUsage().rss;
  t.equal(await durationOf(folder, content), undefined);
  t.ok(process.memoryUsage().rss - before < 200_000_000);
  t.ok((await readFile(`${folder.path}/received`)).equals(content), "and is left as it is");
});

const hasFfmpeg = () => {
  try {
    return execFileSync("ffmpeg", ["-version"]).length > 0;
  } catch {
    return false;
  }
};
const skip = hasFfmpeg() ? false : "there is no ffmpeg here";

test("sounds that do not state their duration are measured", { skip }, async (t) => {
  const folder = await folderFor(t);
  const sound = (...output: string[]) =>
    execFileSync("ffmpeg", [..."-nostdin -v error -f lavfi -i sine=440:duration=1.5".split(" "), ...output, "pipe:1"]);
  const cases: ReadonlyArray<readonly [type: string, content: Buffer]> = [
    ["audio/aac", sound("-c:a", "aac", "-f", "adts")],
    ["audio/matroska", sound("-c:a", "libopus", "-f", "matroska")],
    ["audio/webm", sound("-c:a", "libopus", "-f", "webm")],
    ["audio/mpeg", sound("-c:a", "mp2", "-f", "mp2")],
  ];
  for (const [type, content] of cases) {
    const { path, size } = await folder.write(content);
    const seconds = blankRecording(path, size, type, Infinity)?.seconds ?? 0;
    t.ok(Math.abs(seconds - 1.5) < 0.05, `${type}: ${seconds} s`);
  }
  const caf = `${folder.path}/sound.caf`;
  for (const codec of ["pcm_s16le", "libopus"]) {
    execFileSync("ffmpeg", [..."-nostdin -v error -y -f lavfi -i sine=440:duration=1.5 -c:a".split(" "), codec, caf]);
    const { length } = await readFile(caf);
    const seconds = blankRecording(caf, length, "audio/x-caf", Infinity)?.seconds ?? 0;
    t.ok(Math.abs(seconds - 1.5) < 0.05, `CAF with ${codec}: ${seconds} s`);
  }
});

test("a file that is not of its type is left as it is", async (t) => {
  const folder = await folderFor(t);
  const types = ["video/mp4", "video/webm", "audio/ogg", "audio/mpeg", "audio/aac", "audio/flac", "video/x-flv"];
  for (const type of types) {
    for (const content of [Buffer.alloc(50_000, 0xab), Buffer.from("a text, not a sound".repeat(5_000))]) {
      const { path, size } = await folder.write(content);
      t.equal(blankRecording(path, size, type, Infinity), undefined, type);
      t.ok((await readFile(path)).equals(content), "unchanged");
    }
  }
});
