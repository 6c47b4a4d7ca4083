// Recordings made to hang their parser or exhaust its memory: each is answered in time, in bounded memory, and delays nothing else.
import { readdir, readFile } from "node:fs/promises";
import { hostileRecordings } from "@khui/test-kit/files/hostile-recordings";
import { type Folder, fixture, folderFor } from "@khui/test-kit/files/made-files";
import { monitoring } from "@khui/test-kit/files/monitoring";
import t, { test } from "tap";
import { createInspection } from "../src/inspection/inspection.js";
import { createParsers } from "../src/inspection/parsers.js";
import { defaultLimits } from "../src/limits.js";

const mebibyte = 1024 * 1024;
/** Two fresh workers, and the WebAssembly memory limit of each. */
const maxBytes = 600 * mebibyte;
/** Where nothing blocks, it is the scheduling delay of a loaded machine. */
const maxBlockedMs = 2_000;

const parsers = createParsers({ recording: 2_500, picture: 20_000, squares: 20_000, thumbnail: 20_000 });
t.teardown(() => parsers.close());
const inspection = createInspection(parsers, undefined, defaultLimits);

/** Recordings are blanked in place. */
const copyOf = async (folder: Folder, name: string) => folder.write(await readFile((await fixture(name)).path));

for (const count of [10_000_000, 0xffff_ffff]) {
  test(`tables that state ${count} entries in under a kilobyte`, { timeout: 240_000 }, async (t) => {
    const folder = await folderFor(t);
    const files = Object.entries(hostileRecordings(count));
    const written = await Promise.all(
      files.map(async ([name, bytes]) => ({ name, bytes, file: await folder.write(bytes) })),
    );
    const before = await readdir(folder.path);
    const { result, blockedMs, childBytes } = await monitoring(() =>
      Promise.all(
        written.map(({ file, name }, i) =>
          inspection.inspect(file, "file", folder.path, `user-${i % 2}`).then(
            ({ facts }) => [name, facts] as const,
            (error) => [name, error] as const,
          ),
        ),
      ),
    );
    t.ok(
      written.every(({ bytes }) => bytes.length < 1024),
      "they are small",
    );
    for (const [name, outcome] of result)
      t.type((outcome as { mimeType?: string }).mimeType, "string", `${name} is a file`);
    t.comment(`blocked for ${Math.round(blockedMs)} ms, ${Math.round(childBytes / mebibyte)} MB in workers`);
    t.ok(blockedMs < maxBlockedMs, `${Math.round(blockedMs)} ms`);
    t.ok(childBytes < maxBytes, `${Math.round(childBytes / mebibyte)} MB`);
    t.same(await readdir(folder.path), before, "no files are left behind");
  });
}

test("a recording that cannot be parsed is damaged as a video, and the next one is read", async (t) => {
  const folder = await folderFor(t);
  const hanging = await folder.write(hostileRecordings(0xffff_ffff)["MP4: tfra"]!);
  await t.rejects(inspection.inspect(hanging, "video", folder.path, "alice"), { code: "damaged_file" });
  const { facts } = await inspection.inspect(await copyOf(folder, "video.mp4"), "video", folder.path, "alice");
  t.match(facts, { mimeType: "video/mp4", dimensions: { width: 320, height: 180 } });
});

test("one user's recordings do not delay another's", async (t) => {
  const folder = await folderFor(t);
  const hanging = await folder.write(hostileRecordings(0xffff_ffff)["MP4: tfra"]!);
  const valid = await copyOf(folder, "sound.mp3");
  let ended = 0;
  const flood = Array.from({ length: 6 }, () =>
    inspection.inspect(hanging, "file", folder.path, "mallory").finally(() => ended++),
  );
  await inspection.inspect(valid, "audio", folder.path, "alice");
  t.ok(ended <= 1, `${ended} of six were before it`);
  await Promise.all(flood);
});
