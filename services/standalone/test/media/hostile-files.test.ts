// Files made to hang their parser or exhaust its memory, sent to the one-process form as it is built: it stays responsive.

import { startEmbedded } from "@khui/test-kit/embedded";
import { hostileRecordings, manySamples } from "@khui/test-kit/files/hostile-recordings";
import { manyFrames } from "@khui/test-kit/files/made-files";
import { descendantBytes } from "@khui/test-kit/files/monitoring";
import { eventually, groupRoom, useSystem } from "@khui/test-kit/system";
import { test } from "tap";
import { residentBytes } from "./memory.js";
import { picture, send } from "./uploading.js";

const mebibyte = 1024 * 1024;
/** Memory of the process and its children beyond the baseline: two workers, and what one file may take in each. */
const maxGrowth = 700 * mebibyte;
/** On a loaded machine; a blocked event loop answers after seconds. */
const maxAnswerMs = 2_000;

test("hostile files are answered, and delay nothing else", { timeout: 240_000 }, async (t) => {
  const system = await startEmbedded({ MEDIA_MAX_UPLOADS_PER_USER: "5" });
  t.teardown(() => system.stop());
  const { newUser } = await useSystem(t, system);
  const [mallory, mallet, alice] = [newUser(), newUser(), newUser()];
  const roomId = await groupRoom(alice, [mallory, mallet]);
  t.equal((await send(system.url, alice, roomId, await picture())).status, 201, "its workers have started");
  const endless = hostileRecordings(0xffff_ffff);
  const uploads: ReadonlyArray<readonly [content: Buffer, type: string, code: string | undefined]> = [
    [endless["MP4: tfra"]!, "video", "damaged_file"],
    [endless["MP4: trun of all fields"]!, "file", undefined],
    [endless["FLV: key frames"]!, "video", "damaged_file"],
    [hostileRecordings(10_000_000)["MP4: trun"]!, "video", "damaged_file"],
    [manySamples(60_000_000), "video", undefined],
    [await manyFrames(6_000), "image", "too_many_frames"],
  ];
  const baseline = (await residentBytes(system.url)) + descendantBytes(system.process.pid);
  const monitor = monitorHealth(system.url, system.process.pid);
  const answers = uploads.map(([content, type], i) =>
    send(system.url, i % 2 ? mallory : mallet, roomId, { content, name: "hostile", fields: { type } }),
  );
  t.equal((await send(system.url, alice, roomId, await picture())).status, 201, "another's picture goes through");
  for (const [i, { status, body }] of (await Promise.all(answers)).entries()) {
    const code = uploads[i]?.[2];
    t.match(code ? { code: body.code } : { status }, code ? { code } : { status: 201 }, `upload ${i}`);
  }
  const { slowestMs, bytes } = await monitor.end();
  t.comment(`/healthz took ${Math.round(slowestMs)} ms at most; ${Math.round((bytes - baseline) / mebibyte)} MB more`);
  t.ok(slowestMs < maxAnswerMs, `${Math.round(slowestMs)} ms`);
  t.ok(bytes - baseline < maxGrowth, `${Math.round((bytes - baseline) / mebibyte)} MB`);
  await eventually(async () => (await fetch(`${system.url}/healthz`)).ok);
});

/** Polls `/healthz` until `end`. */
function monitorHealth(url: string, pid: number) {
  let [slowestMs, bytes, ended] = [0, 0, false];
  const polling = (async () => {
    while (!ended) {
      const began = performance.now();
      await (await fetch(`${url}/healthz`)).text();
      slowestMs = Math.max(slowestMs, performance.now() - began);
      bytes = Math.max(bytes, (await residentBytes(url)) + descendantBytes(pid));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async end() {
      ended = true;
      await polling;
      return { slowestMs, bytes };
    },
  };
}
