// Uploads: every type of file becomes a message that describes it. Pictures have their own file, media-pictures.test.ts.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type MediaKind, routes } from "@khui/contracts";
import type { Bytes } from "@khui/test-kit/files/media-files";
import { docx, html, joined, made, pdf, plainText, redAndBlue, svg, zip } from "@khui/test-kit/files/media-files";
import { find, good, roomOf, sendText } from "@khui/test-kit/rest-answers";
import { privateRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { type Field, fixture, formOf, handMade, type MediaMessage, mediaScene, withMedia } from "./media-scene.js";

const system = await useSystem(t);
const { post, send, served, thumbnailSize } = mediaScene(system);

const ffmpeg = await promisify(execFile)("ffmpeg", ["-version"]).then(
  () => true,
  () => false,
);

async function scene() {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return { a, b, room: await privateRoom(a, b) };
}

const small = { width: 320, height: 180 };
const wordType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
type Expected = Pick<MediaMessage["mediaInfo"], "mimeType" | "dimensions" | "duration">;

const kept: Array<readonly [name: string, type: MediaKind, bytes: Bytes, expected: Expected]> = [
  ["video.mp4", "video", await fixture("video.mp4"), { mimeType: "video/mp4", duration: 1, dimensions: small }],
  [
    "upright-phone.mp4",
    "video",
    await fixture("upright-phone.mp4"),
    { mimeType: "video/mp4", duration: 1, dimensions: { width: 180, height: 320 } },
  ],
  ["video.webm", "video", await fixture("video.webm"), { mimeType: "video/webm", duration: 1, dimensions: small }],
  [
    "recorded.webm",
    "video",
    await fixture("recorded.webm"),
    { mimeType: "video/webm", duration: 1, dimensions: small },
  ],
  ["voice.webm", "audio", await fixture("voice.webm"), { mimeType: "audio/webm", duration: 1 }],
  ["sound.mp3", "audio", await fixture("sound.mp3"), { mimeType: "audio/mpeg", duration: 1.05 }],
  ["sound.wav", "audio", await fixture("sound.wav"), { mimeType: "audio/wav", duration: 1.02 }],
  ["sound.m4a", "audio", await fixture("sound.m4a"), { mimeType: "audio/mp4", duration: 1.02 }],
  ["sound.ogg", "audio", await fixture("sound.ogg"), { mimeType: "audio/ogg", duration: 1.02 }],
  ["a page.pdf", "file", pdf, { mimeType: "application/pdf" }],
  ["archive.zip", "file", zip({ "one.txt": "one", "two.txt": "two" }), { mimeType: "application/zip" }],
  ["รายงาน.docx", "file", docx("รายงาน"), { mimeType: wordType }],
  ["long.docx", "file", docx([...Array(9000).keys()].join()), { mimeType: wordType }],
  ["note.txt", "file", plainText, { mimeType: "text/plain; charset=utf-8" }],
  ["page.html", "file", html, { mimeType: "text/html" }],
  ["drawing.svg", "file", svg, { mimeType: "image/svg+xml" }],
  ["unknown.xyz", "file", joined(Uint8Array.of(1, 0, 2, 255, 3)), { mimeType: "application/octet-stream" }],
];

for (const [name, type, bytes, { duration, ...expected }] of kept) {
  for (const declared of type === "file" ? [type] : ([type, "file"] as const)) {
    t.test(`${name} sent as ${declared} is described and served, a recording without its tags`, async (t) => {
      const { a, b, room } = await scene();
      const message = await send(t, a, room, declared, bytes, { name });
      t.match(message, { type: declared, content: null, sender: { _id: a.id }, chatRoom: room, status: "sent" });
      const { url, thumbnail, duration: told, ...facts } = message.mediaInfo;
      t.strictSame(facts, { originalName: name, size: bytes.length, ...expected });
      if (duration === undefined) t.equal(told, undefined);
      else t.ok(Math.abs((told ?? 0) - duration) <= 0.1, `lasts ${told} s`);
      const whole = await served(t, message);
      // A recording is blanked in place: `served` has checked that it is as long as it was.
      t.equal(whole.equals(bytes), type === "file", "every byte of a document");
      if (type !== "video") t.equal(thumbnail, undefined);
      else if (ffmpeg) t.strictSame(await thumbnailSize(t, message), expected.dimensions);
      const { status: _, ...seen } = withMedia(await find(t, b, room, message._id));
      t.match(seen, { type: declared, mediaInfo: facts }, "the other sees the same");
      t.ok((await served(t, withMedia(await find(t, b, room, message._id)))).equals(whole));
    });
  }
}

t.test("what a client claims about its file is ignored", async (t) => {
  const { a, room } = await scene();
  const picture = await made(redAndBlue(20, 10).png());
  const disguised: Array<readonly [file: File, type: string, mimeType: string]> = [
    [new File([picture], "page.html", { type: "text/html" }), "image", "image/png"],
    [new File([picture], "sound.mp3", { type: "audio/mpeg" }), "file", "image/png"],
    [new File([html], "picture.png", { type: "image/png" }), "file", "text/html"],
    [new File([svg], "picture.jpg", { type: "image/jpeg" }), "file", "image/svg+xml"],
    [new File([await fixture("sound.mp3")], "a.mp4", { type: "video/mp4" }), "audio", "audio/mpeg"],
    [new File([pdf], "a.txt", { type: "" }), "file", "application/pdf"],
  ];
  for (const [file, type, mimeType] of disguised) {
    const answer = await post(a, room, formOf(["type", type], ["file", file]));
    const message = withMedia(good(t, routes.sendMedia, answer).data);
    t.match(message, { type, mediaInfo: { mimeType, originalName: file.name } });
    await served(t, message);
  }
});

t.test("a UTF-16 text file is not taken for audio", async (t) => {
  const { a, room } = await scene();
  for (const text of ["บันทึกการประชุม", "<html>"]) {
    const bytes = joined(Uint8Array.of(0xff, 0xfe), Buffer.from(text, "utf16le"));
    const message = await send(t, a, room, "file", bytes, { name: "note.txt" });
    t.notMatch(message.mediaInfo.mimeType, /^(audio|video|image)\//);
    t.ok((await served(t, message)).equals(bytes));
  }
});

t.test("fields may come before the file, after it, or both", async (t) => {
  const { a, b, room } = await scene();
  const asked = await sendText(t, b, room, "a picture, please");
  const file: Field = ["file", new File([await made(redAndBlue(20, 10).png())], "ภาพ.png")];
  const fields: Field[] = [
    ["type", "image"],
    ["content", "  ใต้ภาพ 🎉  "],
    ["replyTo", asked._id],
  ];
  for (let at = 0; at <= fields.length; at++) {
    const form = formOf(...fields.slice(0, at), file, ...fields.slice(at));
    const { message, data } = good(t, routes.sendMedia, await post(a, room, form));
    t.equal(message, "ส่งไฟล์สำเร็จ");
    t.match(data, {
      type: "image",
      content: "ใต้ภาพ 🎉",
      mediaInfo: { originalName: "ภาพ.png" },
      replyTo: asked._id,
      replyToMessage: { _id: asked._id, type: "text", content: "a picture, please", sender: { _id: b.id } },
    });
    t.strictSame((await find(t, b, room, data._id))?.content, data.content);
  }
  t.equal((await roomOf(t, b, room)).unreadCount, fields.length + 1);
});

t.test("a caption may be empty, blank, or 10,000 characters long", async (t) => {
  const { a, room } = await scene();
  const long = "ก".repeat(5000) + "🎉".repeat(5000);
  for (const [content, expected] of [
    ["", null],
    ["  \n", null],
    [long, long],
  ] as const) {
    t.equal((await send(t, a, room, "file", plainText, { content })).content, expected);
  }
});

t.test("empty optional fields and unknown fields are ignored", async (t) => {
  const { a, room } = await scene();
  const message = await send(t, a, room, "file", plainText, {
    replyTo: "",
    clientMessageId: "",
    folder: "x",
    size: "1",
  });
  t.match(message, { replyTo: null });
  t.notOk("clientMessageId" in message);
});

t.test("a file name is kept exactly, however the client encodes it", async (t) => {
  const { a, room } = await scene();
  const names = [
    "รายงานการประชุม ครั้งที่ ๓.pdf",
    "100%.txt",
    "a%20b%2Fc.txt",
    "a#b?c&d=e+f.txt",
    "it's (one) * two!~.txt",
    "🎉.txt",
    ".hidden",
    "...",
    "no ending",
    "ก".repeat(255),
  ];
  for (const name of names) {
    const message = await send(t, a, room, "file", plainText, { name });
    t.equal(message.mediaInfo.originalName, name);
    t.ok((await served(t, message)).equals(plainText), name);
  }
  const quoted = handMade([
    [`name="type"`, "file"],
    [`name="file"; filename="say \\"hi\\"; now.txt"`, plainText],
  ]);
  const message = withMedia(good(t, routes.sendMedia, await post(a, room, quoted)).data);
  t.equal(message.mediaInfo.originalName, 'say "hi"; now.txt');
  await served(t, message);
  for (const [parameters, kept] of [
    [`filename="Trip/IMG_1.png"`, "IMG_1.png"],
    [`filename="../../../services/standalone/x"`, "x"],
    [`filename="C:\\temp\\x.txt"`, "x.txt"],
    [`filename*=UTF-8''..%2F..%2Fx`, "x"],
    [`filename="invoice\u202Efdp.exe"`, "invoicefdp.exe"],
    [`filename="a\u2066b\u2069.txt"`, "ab.txt"],
    [`filename="????.txt"; filename*=utf-8''%E0%B8%A3%E0%B8%B9%E0%B8%9B.txt`, "รูป.txt"],
  ] as const) {
    const form = handMade([
      [`name="type"`, "file"],
      [`name="file"; ${parameters}`, plainText],
    ]);
    const sent = withMedia(good(t, routes.sendMedia, await post(a, room, form)).data);
    t.equal(sent.mediaInfo.originalName, kept, parameters);
    await served(t, sent);
  }
  const decomposed = await send(t, a, room, "file", plainText, { name: "cafe\u0301.txt" });
  t.equal(decomposed.mediaInfo.originalName, "caf\u00e9.txt", "accents are joined to their letters, as macOS does not");
});

t.test("a file of exactly the maximum size is accepted", async (t) => {
  const { a, room } = await scene();
  const picture = await made(redAndBlue(20, 10).jpeg());
  const full = joined(picture, new Uint8Array(10 * 1024 * 1024 - picture.length));
  const message = await send(t, a, room, "image", full);
  t.strictSame(message.mediaInfo.dimensions, { width: 20, height: 10 });
});
