// What becomes of a file that was uploaded as one kind and is of some kind.
import { readFile } from "node:fs/promises";
import type { MediaKind } from "@khui/contracts";
import { fixture, folderFor, sidewaysPhoto } from "@khui/test-kit/files/made-files";
import { noise, pdf, pngChunk, pngStart, zip } from "@khui/test-kit/files/media-files";
import sharp from "sharp";
import t, { type Test, test } from "tap";
import { createInspection, type Inspected } from "../src/inspection/inspection.js";
import { contentTypeOf } from "../src/inspection/kinds.js";
import { createParsers } from "../src/inspection/parsers.js";
import { defaultLimits } from "../src/limits.js";

const parsers = createParsers();
t.teardown(() => parsers.close());
const frame = noise(640, 360).png().toBuffer();
const inspection = createInspection(parsers, () => frame, defaultLimits);
const kinds: readonly MediaKind[] = ["image", "video", "audio", "file"];

/** What was found, or the code of the refusal. All but recordings, which are blanked in place, stay as they were. */
async function inspect(t: Test, content: Uint8Array | string, declared: MediaKind, own = inspection) {
  const folder = await folderFor(t);
  const received = await folder.write(content, "received");
  const outcome = await own
    .inspect(received, declared, folder.path, "alice")
    .catch(({ code, details }) => ({ code, details }));
  const isRecording = /^(?:audio|video)\//.test(await contentTypeOf(received.path, received.size).catch(() => ""));
  const left = await readFile(received.path);
  t.ok(
    isRecording ? left.length === content.length : left.equals(Buffer.from(content)),
    "what came in is left as it is",
  );
  return outcome as Partial<Inspected> & { code?: string; details?: unknown };
}

const contentOf = async (name: string) => readFile((await fixture(name)).path);

test("every kind is accepted as itself and as a file, and refused as another", async (t) => {
  const made: ReadonlyArray<readonly [MediaKind, Uint8Array]> = [
    ["image", await noise(20, 10).jpeg().toBuffer()],
    ["image", await contentOf("animated.gif")],
    ["video", await contentOf("video.mp4")],
    ["video", await contentOf("recorded.webm")],
    ["audio", await contentOf("voice.webm")],
    ["audio", await contentOf("sound.m4a")],
    ["audio", await contentOf("sound.mp3")],
    ["audio", await contentOf("sound.ogg")],
    ["file", pdf],
    ["file", zip({ "word/document.xml": "" })],
    ["file", Buffer.from("a text")],
    ["file", Buffer.from([0])],
    ["file", Buffer.from("<html>")],
  ];
  for (const [kind, content] of made) {
    for (const declared of kinds) {
      const { code, facts } = await inspect(t, content, declared);
      const taken = declared === kind || declared === "file";
      t.equal(code, taken ? undefined : "wrong_kind_of_file", `${kind} as ${declared}`);
      if (taken) t.ok((facts?.size ?? 0) > 0);
    }
  }
});

test("each kind has its own facts, and no others", async (t) => {
  const video = await inspect(t, await contentOf("upright-phone.mp4"), "video");
  t.match(video.facts, { mimeType: "video/mp4", size: 8259, duration: 1, dimensions: { width: 180, height: 320 } });
  t.match(await sharp(video.thumbnail).metadata(), { format: "webp", width: 320, height: 180 });
  const voice = await inspect(t, await contentOf("voice.webm"), "audio");
  t.equal(voice.facts?.mimeType, "audio/webm", "sound in a container that is mostly for video");
  t.notOk(voice.facts?.dimensions || voice.thumbnail);
  t.match((await inspect(t, await contentOf("sound.m4a"), "audio")).facts, { mimeType: "audio/mp4" });
  const image = await inspect(t, await sidewaysPhoto(80, 40), "image");
  t.match(image.facts, { mimeType: "image/jpeg", dimensions: { width: 40, height: 80 } });
  t.notOk("duration" in (image.facts ?? {}));
  const document = await inspect(t, pdf, "file");
  t.same(document.facts, { mimeType: "application/pdf", size: pdf.length });
  t.equal(document.thumbnail, undefined);
});

test("a picture sent as a file is cleaned too: upright and without metadata", async (t) => {
  const { path = "", facts, thumbnail } = await inspect(t, await sidewaysPhoto(80, 40), "file");
  t.same(facts?.dimensions, { width: 40, height: 80 });
  t.ok(thumbnail);
  t.notOk((await readFile(path)).includes("Secret Maker").valueOf());
});

test("a picture has the size limit of pictures, also when sent as a file", async (t) => {
  const content = await noise(20, 10).png().toBuffer();
  const { bytes } = defaultLimits;
  const strict = createInspection(parsers, undefined, {
    ...defaultLimits,
    bytes: { ...bytes, image: content.length - 1 },
  });
  t.equal((await inspect(t, content, "file", strict)).code, "file_too_large");
  t.match(await inspect(t, pdf, "file", strict), { facts: { mimeType: "application/pdf" } });
  const exact = createInspection(parsers, undefined, { ...defaultLimits, bytes: { ...bytes, image: content.length } });
  t.match(await inspect(t, content, "file", exact), { facts: { mimeType: "image/png" } });
});

test("SVG and pictures that browsers do not show can be sent as files only", async (t) => {
  const drawing = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
  t.equal((await inspect(t, drawing, "image")).code, "unsupported_media_type");
  t.match(await inspect(t, drawing, "file"), { facts: { mimeType: "image/svg+xml" }, thumbnail: undefined });
  const scan = await noise(20, 10).tiff().toBuffer();
  t.equal((await inspect(t, scan, "image")).code, "unsupported_media_type");
  t.match(await inspect(t, scan, "file"), { facts: { mimeType: "image/tiff" } });
});

test("HEIC becomes what browsers show where libvips can decode it, and else the answer says what to send", async (t) => {
  const photo = await contentOf("photo.heic");
  const { code, details, facts } = await inspect(t, photo, "image");
  const accepted = ["image/jpeg", "image/png", "image/webp", "image/gif"];
  if (code)
    t.same({ code, details }, { code: "unsupported_media_type", details: { mimeType: "image/heic", accepted } });
  else t.match(facts, { mimeType: "image/webp", dimensions: { width: 64, height: 48 } });
  const { path = "", ...kept } = await inspect(t, photo, "file");
  t.same(kept, { facts: { mimeType: "image/heic", size: photo.length }, thumbnail: undefined });
  t.ok((await readFile(path)).equals(photo));
});

test("of an animated PNG sent as a picture the first frame is shown; sent as a file it is saved whole", async (t) => {
  const plain = Buffer.from(await noise(20, 10).png().toBuffer());
  const animation = pngChunk("acTL", Buffer.of(0, 0, 0, 1, 0, 0, 0, 0));
  const content = Buffer.concat([plain.subarray(0, pngStart), animation, plain.subarray(pngStart)]);
  const shown = { mimeType: "image/png", dimensions: { width: 20, height: 10 } };
  t.match((await inspect(t, content, "image")).facts, shown);
  t.same((await inspect(t, content, "file")).facts, { mimeType: "image/apng", size: content.length });
});

test("a recording that cannot be blanked is only saved", async (t) => {
  const sound = await contentOf("sound.ogg");
  // Its codec is not one whose comments are known; MediaInfo reads it all the same.
  const content = Buffer.concat([sound, Buffer.from("no page of an Ogg")]);
  t.match((await inspect(t, content, "audio")).facts, { mimeType: "application/octet-stream" });
});

test("an unreadable recording is damaged, or an unknown file when sent as one", async (t) => {
  const content = Buffer.from("\0\0\0\x20ftypisom".padEnd(900, "\0"), "latin1");
  t.same((await inspect(t, content, "file")).facts, { mimeType: "application/octet-stream", size: 900 });
  for (const declared of ["video", "audio"] as const)
    t.equal((await inspect(t, content, declared)).code, "damaged_file");
});

test("a video without a frame is accepted", async (t) => {
  const content = await contentOf("video.mp4");
  const without = createInspection(parsers, undefined, defaultLimits);
  const nothing = createInspection(parsers, async () => undefined, defaultLimits);
  const rubbish = createInspection(parsers, async () => Buffer.from("no picture"), defaultLimits);
  for (const own of [without, nothing, rubbish]) {
    t.match(await inspect(t, content, "video", own), { facts: { mimeType: "video/mp4" }, thumbnail: undefined });
  }
});

test("the configured limit of pixels applies", async (t) => {
  const strict = createInspection(parsers, undefined, { ...defaultLimits, pixels: 199 });
  const content = await noise(20, 10).png().toBuffer();
  t.equal((await inspect(t, content, "image", strict)).code, "too_many_pixels");
  t.equal((await inspect(t, content, "file", strict)).code, "too_many_pixels");
});
