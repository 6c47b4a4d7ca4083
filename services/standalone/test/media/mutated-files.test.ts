// Valid files of every kind with bytes changed, lost or repeated: each upload is answered, and has no other effect.

import { flv } from "@khui/test-kit/files/hostile-recordings";
import { adts, animatedWebp, caf, flac, mutated } from "@khui/test-kit/files/made-files";
import { docx, joined, noise, pdf, pngChunk, pngStart, zip } from "@khui/test-kit/files/media-files";
import { monitoring } from "@khui/test-kit/files/monitoring";
import { randomFrom } from "@khui/test-kit/random";
import { groupRoom } from "@khui/test-kit/system";
import { test } from "tap";
import { mediaSystem } from "./media-system.js";
import { both, fileIdOf, fixture, send } from "./uploading.js";

const mebibyte = 1024 * 1024;
const roundsOfEach = 4;
/** What a loaded machine's scheduler adds; a parser on the event loop takes seconds. */
const maxBlockedMs = 2_000;
/** Of two workers and ffmpeg. */
const maxChildBytes = 900 * mebibyte;

async function validFiles(): Promise<ReadonlyArray<readonly [type: string, content: Uint8Array]>> {
  const frames = ["red", "lime", "blue"].map((background) => ({ width: 40, height: 30, background }));
  const png = await noise(120, 90).png().toBuffer();
  const recordings = ["video.mp4", "upright-phone.mp4", "video.webm", "recorded.webm"];
  const sounds = ["voice.webm", "sound.mp3", "sound.wav", "sound.m4a", "sound.ogg"];
  return [
    ["image", await noise(120, 90).jpeg().toBuffer()],
    ["image", await noise(120, 90).jpeg({ progressive: true }).toBuffer()],
    ["image", await noise(120, 90).png().toBuffer()],
    ["image", await noise(120, 90).webp().toBuffer()],
    ["image", await animatedWebp(frames)],
    ["image", await noise(120, 90).avif().toBuffer()],
    ["image", await fixture("animated.gif")],
    ...(await Promise.all(recordings.map(async (name) => ["video", await fixture(name)] as const))),
    ...(await Promise.all(sounds.map(async (name) => ["audio", await fixture(name)] as const))),
    [
      "image",
      joined(png.subarray(0, pngStart), pngChunk("acTL", Buffer.of(0, 0, 0, 1, 0, 0, 0, 0)), png.subarray(pngStart)),
    ],
    ["file", await fixture("photo.heic")],
    ["audio", flac],
    ["audio", caf],
    ["audio", adts],
    ["video", flv(2)],
    ["file", pdf],
    ["file", zip({ "a.txt": "" })],
    ["file", docx("a letter")],
    ["file", Buffer.from("สวัสดี <b>a text</b>\n".repeat(20))],
  ];
}

test("an upload of a mutated file is accepted or refused", { timeout: 240_000 }, async (t) => {
  const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
  t.comment(`KHUI_TEST_SEED=${seed}`);
  const draw = randomFrom(seed);
  const system = await mediaSystem(t, "folder");
  const users = [system.newUser(), system.newUser(), system.newUser()];
  const [first, ...others] = users;
  const roomId = await groupRoom(first!, others);
  const files = await validFiles();
  for (const [i, [type, content]] of files.entries()) {
    const { body } = await send(system.url, users[i % users.length]!, roomId, { content, fields: { type } });
    t.equal(body.success, true, `number ${i}, a ${type}, as it is: ${body.code ?? "accepted"}`);
  }
  const before = await system.stored();
  const cases = files.flatMap(([type, content], kind) =>
    Array.from({ length: roundsOfEach }, (_, round) => ({
      kind,
      content: mutated(content, draw),
      type: round % 2 ? "file" : type,
    })),
  );
  const expected = [...before];
  const outcomes: Record<string, number> = {};
  const next = cases.values();
  const sender = async (user: (typeof users)[number]) => {
    for (const { kind, content, type } of next) {
      const { status, body } = await send(system.url, user, roomId, { content, fields: { type } });
      const outcome = status === 201 ? "accepted" : `${body.code}`;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (status !== 201 && (status < 400 || status >= 500)) t.fail(`number ${kind} as ${type}: ${status} ${outcome}`);
      if (status === 201) {
        const names = both(fileIdOf(body.data));
        expected.push(...(body.data.mediaInfo?.thumbnail ? names : names.slice(0, 1)));
      }
    }
  };
  const { blockedMs, childBytes } = await monitoring(() => Promise.all(users.map(sender)));
  t.comment(JSON.stringify(outcomes));
  t.comment(`blocked for ${Math.round(blockedMs)} ms, ${Math.round(childBytes / mebibyte)} MB in children`);
  t.ok(outcomes.accepted && outcomes.damaged_file, "some are accepted, and some are damaged");
  t.ok(blockedMs < maxBlockedMs, `${Math.round(blockedMs)} ms`);
  t.ok(childBytes < maxChildBytes, `${Math.round(childBytes / mebibyte)} MB`);
  t.same(await system.stored(), expected.sort(), "the store has the files of messages and no others");
  t.same(await system.scratch(), []);
  t.same(await system.end(), []);
});
