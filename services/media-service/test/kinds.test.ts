// Detecting content types.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ChatError } from "@khui/contracts";
import { box } from "@khui/test-kit/files/hostile-recordings";
import { type Folder, fixture, folderFor } from "@khui/test-kit/files/made-files";
import { noise, pdf, withSegment, zip } from "@khui/test-kit/files/media-files";
import { type Test, test } from "tap";
import { contentTypeOf, isInline } from "../src/inspection/kinds.js";

const text = "text/plain; charset=utf-8";

async function typeOf(folder: Folder, content: Uint8Array | string): Promise<string> {
  const { path, size } = await folder.write(content, "file");
  return contentTypeOf(path, size);
}

async function expectTypes(t: Test, cases: ReadonlyArray<readonly [Uint8Array | string, string]>): Promise<void> {
  const folder = await folderFor(t);
  for (const [content, expected] of cases) {
    t.equal(await typeOf(folder, content), expected, JSON.stringify(content.slice(0, 60).toString()));
  }
}

test("recordings are detected by their bytes", async (t) => {
  const expected: Record<string, string> = {
    "video.mp4": "video/mp4",
    "upright-phone.mp4": "video/mp4",
    "video.webm": "video/webm",
    "recorded.webm": "video/webm",
    "voice.webm": "video/webm",
    "sound.mp3": "audio/mpeg",
    "sound.wav": "audio/wav",
    "sound.m4a": "audio/mp4",
    "sound.ogg": "audio/ogg",
    "animated.gif": "image/gif",
  };
  for (const [name, type] of Object.entries(expected)) {
    const { path, size } = await fixture(name);
    t.equal(await contentTypeOf(path, size), type, name);
  }
});

test("pictures, documents and archives are detected by their bytes", async (t) => {
  const picture = noise(8, 8);
  await expectTypes(t, [
    [await picture.jpeg().toBuffer(), "image/jpeg"],
    [await picture.png().toBuffer(), "image/png"],
    [await picture.webp().toBuffer(), "image/webp"],
    [await picture.avif().toBuffer(), "image/avif"],
    [pdf, "application/pdf"],
    [zip({ "a.txt": "" }), "application/zip"],
    [Buffer.from("PK\x05\x06".padEnd(22, "\0"), "latin1"), "application/zip"],
  ]);
});

test("text in UTF-8 is text, also where the bytes that are read end within a character", async (t) => {
  const folder = await folderFor(t);
  await expectTypes(t, [
    ["a", text],
    ["\n", text],
    ["สวัสดี", text],
    ["\ufeffwith a mark", text],
    ["tab\tline\r\nfeed\f", text],
    ["{}", text],
    ["a < b and c > d <html", text],
    ["<?xml version='1.0'?><a/>", text],
    ["Files of this kind begin with %PDF-1.4", text],
  ]);
  for (const letter of ["é", "ก", "😀"]) {
    for (let before = 4_094; before <= 4_101; before++) {
      const content = "x".repeat(before) + letter.repeat(10);
      t.equal(await typeOf(folder, content), text, `${letter} after ${before} bytes`);
    }
  }
});

test("bytes that are not UTF-8 are not text", async (t) => {
  await expectTypes(t, [
    [Buffer.from([0]), "application/octet-stream"],
    [Buffer.from("caf\xe9", "latin1"), "application/octet-stream"],
    ["a\0b", "application/octet-stream"],
    ["\x1b[1mbold", "application/octet-stream"],
    [Buffer.from([0xe0, 0xb8]), "application/octet-stream"],
    [Buffer.concat([Buffer.alloc(4_090, "x"), Buffer.from([0xe0]), Buffer.alloc(20, "x")]), "application/octet-stream"],
  ]);
});

test("text in UTF-16 is not detected as a recording", async (t) => {
  const folder = await folderFor(t);
  const wide = Buffer.from("\ufeffA letter from Notepad", "utf16le");
  for (const content of [wide, Buffer.from(wide).swap16()]) {
    const type = await typeOf(folder, content);
    t.notMatch(type, /^(?:audio|video|image)\//);
  }
});

test("HTML and SVG are not text", async (t) => {
  const page = "text/html";
  const drawing = "image/svg+xml";
  await expectTypes(t, [
    ["<html>", page],
    ["\ufeff \n<!DOCTYPE html><p>", page],
    ["<ScRiPt src=x>", page],
    ["<!-- a --><!-- b -->\n<body >", page],
    ["<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", page],
    ["<iframe src=x>", page],
    ["<svg xmlns='http://www.w3.org/2000/svg'/>", drawing],
    ["\ufeff<svg onload='x'>", drawing],
    ["<?xml version='1.0'?>\n<!-- made by hand -->\n<!DOCTYPE svg>\n<svg >", drawing],
    ["<!-- ok --> <!-- ok -->\n<svg\n>", drawing],
  ]);
  for (const type of [page, drawing]) t.notOk(isInline(type));
});

test("a comment may contain what would end a tag", async (t) => {
  await expectTypes(t, [
    ["<!-- a > b --><svg >", "image/svg+xml"],
    ["<?xml version='1.0'?><!-- <b> --><html>", "text/html"],
  ]);
});

test("what follows the comments decides, in linear time", async (t) => {
  const comments = ["<!---->".repeat(580), "<!-- a -->\n".repeat(360), "<?a?><!---->".repeat(330)];
  for (const before of comments) {
    await expectTypes(t, [
      [`${before}x`, text],
      [`${before}<!-- no end`, text],
      [`${before}<html>`, "text/html"],
      [`${before}<svg>`, "image/svg+xml"],
    ]);
  }
});

test("polyglots that browsers would show are refused", async (t) => {
  const folder = await folderFor(t);
  const picture = noise(8, 8);
  const [jpeg, png] = [await picture.jpeg().toBuffer(), await picture.png().toBuffer()];
  const gif = await picture.gif().toBuffer();
  const video = await readFile((await fixture("video.mp4")).path);
  const afterType = video.readUInt32BE();
  const videoWith = (text: string) =>
    Buffer.concat([video.subarray(0, afterType), box("free", text), video.subarray(afterType)]);
  const ambiguous: Record<string, Uint8Array> = {
    "a JPEG and an archive": zip({ a: "" }, jpeg),
    "a PNG and an archive with a long comment": zip({ a: "" }, png, "c".repeat(60_000)),
    "a GIF and an archive": zip({ a: "" }, gif),
    "a PDF and an archive": zip({ a: "" }, pdf),
    "a text and an archive": zip({ a: "" }, Buffer.from("a text ".repeat(1_000))),
    "a video and a PDF": videoWith("%PDF-1.4"),
    "a video and a page": videoWith("<script >alert(1)</script>"),
    "a video and a drawing": videoWith("<SVG onload=alert(1)>"),
  };
  for (const [what, content] of Object.entries(ambiguous)) {
    await t.rejects(typeOf(folder, content), { code: "ambiguous_file" }, what);
  }
  t.equal(
    await typeOf(folder, Buffer.concat([zip({ a: "" }, jpeg), Buffer.from("x")])),
    "image/jpeg",
    "no archive's end",
  );
  t.equal(await typeOf(folder, Buffer.concat([jpeg, Buffer.from("PK\x05\x06")])), "image/jpeg");
  t.equal(await typeOf(folder, zip({ a: "" }, zip({ b: "" }))), "application/zip", "archives are never shown");
});

test("the metadata of a picture may quote a PDF or a page: it is encoded anew", async (t) => {
  const jpeg = await noise(8, 8).jpeg().toBuffer();
  const comments = ["%PDF-1.4", "<body>", "<script >alert(1)</script>", "<SVG onload=alert(1)>"];
  await expectTypes(
    t,
    comments.map((comment) => [withSegment(jpeg, 0xfe, comment), "image/jpeg"]),
  );
});

test("a text may begin like another format", async (t) => {
  const starts = ["BM", "GIF89a", "MZ", "BZh", "ID3", "LZIP", "OggS", "FLV", "8BPS", "AC1015", "wOFF", "RIFF----WAVE"];
  await expectTypes(
    t,
    starts.map((start) => [`${start} is how this text begins.\n`.repeat(20), text]),
  );
  await expectTypes(t, [
    ["%PDF-1.4\n%a document without any binary part\n", "application/pdf"],
    ["{\\rtf1 a letter}", "application/rtf"],
  ]);
});

test("a CAF is a sound", async (t) => {
  await expectTypes(t, [
    [Buffer.from("caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".padEnd(200, "\0"), "latin1"), "audio/x-caf"],
  ]);
});

test("random bytes have a type or are refused", async (t) => {
  const folder = await folderFor(t);
  const picture = noise(8, 8);
  const starts = [
    Buffer.alloc(0),
    (await picture.jpeg().toBuffer()).subarray(0, 20),
    (await picture.png().toBuffer()).subarray(0, 40),
    zip({ a: "" }).subarray(0, 31),
    Buffer.from("ID3\x04\0\0\0\0\x7f\x7f", "latin1"),
    Buffer.from("\x1aE\xdf\xa3\x9fB\x86", "latin1"),
    Buffer.from("\0\0\0\x20ftypisom", "latin1"),
    Buffer.from("OggS\0", "latin1"),
  ];
  for (let round = 0; round < 200; round++) {
    const content = Buffer.concat([starts[round % starts.length]!, randomBytes(1 + ((round * 97) % 9_000))]);
    const outcome = await typeOf(folder, content).catch((error: unknown) => error);
    const good = typeof outcome === "string" ? /^[\w.+-]+\/[\w.+-]+(?:; ?[\w=-]+)?$/.test(outcome) : isRefusal(outcome);
    t.ok(good, `${String(outcome)} for ${content.subarray(0, 16).toString("hex")}, ${content.length} bytes`);
  }
});

const isRefusal = (error: unknown) => error instanceof ChatError && error.status < 500;
