// Invalid forms and users who may not send: each is refused with its own code, before anything is sent.
import { type ErrorCode, routes } from "@khui/contracts";
import { joined, made, noise, plainText, redAndBlue } from "@khui/test-kit/files/media-files";
import { good, json, pageOf, refused, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { eventually, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { as, file, jpeg, mediaRefusals } from "./media-refusing.js";
import { type Field, formOf, handMade, mediaScene, type Part, postRaw } from "./media-scene.js";

const system = await useSystem(t);
const { post, send } = mediaScene(system);
const { refusals, unharmed } = mediaRefusals(system);

const mebibyte = 1024 * 1024;
const png = await made(redAndBlue(40, 20).png());
const big = await made(noise(200, 200).jpeg());

async function scene() {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return { a, b, room: await privateRoom(a, b) };
}

refusals(t, "a form has one file and a type", [
  ["nothing at all", "no_file", () => handMade([])],
  ["no file", "no_file", () => formOf(["type", "image"])],
  ["a text in its place", "no_file", () => formOf(["type", "file"], ["file", "text"])],
  ["two files", "too_many_files", () => formOf(["type", "image"], file(jpeg), file(jpeg))],
  ["two files, the type last", "too_many_files", () => formOf(file(jpeg), file(png), ["type", "image"])],
  ["an empty file", "empty_file", as("file", joined())],
  ["an empty file, the type last", "empty_file", () => formOf(file(joined()), ["type", "file"])],
  ["a file of another name", "invalid_request", () => formOf(["type", "image"], ["picture", new File([jpeg], "a")])],
  ["no type", "invalid_request", () => formOf(file(jpeg))],
  ["an empty type", "invalid_request", as("", jpeg)],
  ["an unknown type", "invalid_request", as("picture", jpeg)],
  ["text is no type of a file", "invalid_request", as("text", plainText)],
  ["nor is a sticker", "invalid_request", as("sticker", png)],
  ["nor what objects inherit", "invalid_request", as("constructor", jpeg)],
  ["a type in capitals", "invalid_request", as("IMAGE", jpeg)],
]);

const fields =
  (...more: Field[]) =>
  () =>
    formOf(["type", "file"], file(plainText), ...more);
const many = (count: number, name: (i: number) => string) =>
  Array.from({ length: count }, (_, i): Field => [name(i), "x"]);

refusals(t, "fields are checked", [
  ["a long caption", "content_too_long", fields(["content", "ก".repeat(10_001)])],
  ["a caption of a megabyte", "invalid_request", fields(["content", "x".repeat(mebibyte)])],
  ["a megabyte in any field", "invalid_request", fields(["note", "x".repeat(mebibyte)])],
  ["NUL in a caption", "invalid_request", fields(["content", "a\0b"])],
  ["a reply to nothing", "reply_not_found", fields(["replyTo", unknownId()])],
  ["a reply to no id", "invalid_request", fields(["replyTo", "x"])],
  ["a long clientMessageId", "invalid_request", fields(["clientMessageId", "x".repeat(129)])],
  ["__proto__", "invalid_request", fields(["__proto__", "x"])],
  ["constructor", "invalid_request", fields(["constructor", "x"])],
  ["a file named __proto__", "invalid_request", () => formOf(["type", "file"], ["__proto__", new File([jpeg], "a")])],
  ["10,000 fields behind the file", "invalid_request", fields(...many(10_000, (i) => `field${i}`))],
  ["10,000 types before it", "invalid_request", () => formOf(...many(10_000, () => "type"), file(jpeg))],
]);

const named = (filename: string): (() => RequestInit) => {
  const parts: Part[] = [
    [`name="type"`, "file"],
    [`name="file"; filename="${filename}"`, plainText],
  ];
  return () => handMade(parts);
};

refusals(t, "a name is only a name", [
  ["300 characters", "invalid_file_name", named("x".repeat(300))],
  ["300 Thai characters", "invalid_file_name", named("ก".repeat(300))],
  ["the folder above", "invalid_file_name", named("..")],
  ["this folder", "invalid_file_name", named(".")],
  ["a folder", "invalid_file_name", named("a/b/")],
  ["NUL", "invalid_file_name", named("a\0.txt")],
  ["a bell", "invalid_file_name", named("a\u0007.txt")],
  ["nothing but controls", "invalid_file_name", named("\u202E\u200b")],
  ["no name", "invalid_file_name", named("")],
]);

const whole = handMade([
  [`name="type"`, "file"],
  [`name="file"; filename="a.txt"`, "text"],
]);
const multipart =
  (type: string, body: string | Uint8Array<ArrayBuffer> = whole.body) =>
  () => ({ headers: { "content-type": type }, body });

refusals(t, "a body that is no form, or a broken one", [
  ["JSON", "unsupported_media_type", () => ({ headers: json, body: JSON.stringify({ type: "image", file: "x" }) })],
  ["another kind of form", "unsupported_media_type", () => ({ body: new URLSearchParams({ type: "image" }) })],
  ["text", "unsupported_media_type", multipart("text/plain")],
  ["no content type", "unsupported_media_type", () => ({ body: whole.body })],
  ["no body", "unsupported_media_type", () => ({})],
  ["no boundary", "invalid_request", multipart("multipart/form-data")],
  ["an empty boundary", "invalid_request", multipart('multipart/form-data; boundary=""')],
  ["another boundary", "upload_incomplete", multipart("multipart/form-data; boundary=another")],
  ["a body that is noise", "upload_incomplete", multipart("multipart/form-data; boundary=x", "y".repeat(100_000))],
  [
    "no end",
    "upload_incomplete",
    () =>
      handMade(
        [
          [`name="type"`, "file"],
          [`name="file"; filename="a"`, "x"],
        ],
        { closed: false },
      ),
  ],
]);

t.test("an upload that is cut off leaves nothing behind", async (t) => {
  const { a, room } = await scene();
  const { body, headers } = handMade([[`name="file"; filename="a.jpg"`, big]]);
  const promised = { ...headers, "content-length": String(body.length + 1000) };
  for (const part of [0.1, 0.5, 1]) {
    await postRaw(system, a, room, { headers: promised, body: body.subarray(0, body.length * part) }, { hangUp: true });
  }
  const chunked = { ...headers, "transfer-encoding": "chunked" };
  const heard = await postRaw(system, a, room, { headers: chunked, body: Buffer.from("zz\r\nnot a chunk\r\n") });
  t.match(heard, /^HTTP\/1\.1 400 /);
  await unharmed(t, a, room);
});

t.test("permissions are checked before the body is read", async (t) => {
  const { a, b, room } = await scene();
  const stranger = system.newUser();
  const closed = await groupRoom(a, [b], { settings: { allowMediaUpload: false } });
  const { body, headers } = handMade([[`name="file"; filename="a.bin"`, new Uint8Array(1024)]]);
  const announced = { ...headers, "content-length": String(50 * mebibyte) };
  for (const [user, where, status, code] of [
    [stranger, room, 404, "room_not_found"],
    [b, closed, 403, "media_not_allowed"],
    [a, unknownId(), 404, "room_not_found"],
    [a, "x", 400, "invalid_request"],
    [{ ...a, token: "x" }, room, 401, "invalid_token"],
  ] as const) {
    const heard = await postRaw(system, user, where, { headers: announced, body });
    t.match(heard, new RegExp(`^HTTP/1\\.1 ${status} `));
    t.match(heard, `"${code}"`);
  }
  await unharmed(t, a, room);
});

t.test("a user who may not send is refused whatever they send", async (t) => {
  const { a, b, room } = await scene();
  const stranger = system.newUser();
  const closed = await groupRoom(a, [b], { settings: { allowMediaUpload: false } });
  const left = await groupRoom(a, [b]);
  await b.post(`/rooms/${left}/leave`);
  const expired = { ...a, token: system.sign({ sub: a.id, name: a.name }, -60) };
  const cases: ReadonlyArray<readonly [User | undefined, string, ErrorCode]> = [
    [undefined, room, "unauthorized"],
    [{ ...a, token: "x.y.z" }, room, "invalid_token"],
    [expired, room, "token_expired"],
    [stranger, room, "room_not_found"],
    [b, left, "not_a_participant"],
    [a, closed, "media_not_allowed"],
    [b, closed, "media_not_allowed"],
    [a, unknownId(), "room_not_found"],
    [a, "not-an-id", "invalid_request"],
    [a, "0".repeat(300), "invalid_request"],
  ];
  for (const [user, where, code] of cases) {
    for (const form of [formOf(file(jpeg), ["type", "image"]), formOf(["type", "nonsense"])]) {
      refused(t, await post(user, where, form), code, where);
    }
  }
  t.equal((await pageOf(t, a, closed)).messages.length, 0);
  const text = await a.post(`/rooms/${closed}/messages`, { content: "text is welcome" });
  good(t, routes.sendMessage, text);
  await a.put(`/rooms/${closed}/settings`, { settings: { allowMediaUpload: true } });
  await send(t, b, closed, "image", jpeg);
  await unharmed(t, a, room);
});

t.test("a reply must be to a visible message in the same room", async (t) => {
  const { a, b, room } = await scene();
  const elsewhere = await groupRoom(a, [b]);
  const other = await sendText(t, a, elsewhere, "elsewhere");
  const hidden = await sendText(t, b, elsewhere, "hidden");
  await a.delete(`/messages/${hidden._id}`, { deleteFor: "sender" });
  refused(t, await post(a, room, formOf(["type", "image"], file(jpeg), ["replyTo", other._id])), "reply_not_found");
  refused(
    t,
    await post(a, elsewhere, formOf(["type", "image"], file(jpeg), ["replyTo", hidden._id])),
    "reply_not_found",
  );
  await unharmed(t, a, room);
});

t.test("errors are in the requested language", async (t) => {
  const { a, room } = await scene();
  const { body, headers } = handMade([]);
  const answer = await post(a, room, { body, headers: { ...headers, "accept-language": "en" } });
  refused(t, answer, "no_file", "", "en");
});

t.test("senders who disconnect before sending their file do not block others", async (t) => {
  const { a, room } = await scene();
  const { body, headers } = handMade([[`name="file"; filename="a.jpg"`, big]]);
  const promised = { ...headers, "content-length": String(body.length) };
  for (const sent of [0, 1, 30]) {
    // More than one process accepts at a time by default.
    for (let i = 0; i < 110; i++) {
      await postRaw(system, a, room, { headers: promised, body: body.subarray(0, sent) }, { hangUp: true });
    }
    await eventually(async () => (await post(a, room, formOf(["type", "image"]))).status === 400);
  }
  await unharmed(t, a, room);
});
