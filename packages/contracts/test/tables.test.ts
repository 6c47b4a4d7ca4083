// The tables of the contracts are complete and consistent.
import { test } from "tap";
import { Compile } from "typebox/compile";
import {
  ChatError,
  clientEvents,
  closeCodes,
  errors,
  errorText,
  isErrorCode,
  messagesRpc,
  notices,
  noticeText,
  roomsRpc,
  routes,
  serverEvents,
  subjects,
} from "../src/index.js";

test("every error has a status and a text in both languages", (t) => {
  for (const [code, { status, th, en }] of Object.entries(errors)) {
    t.ok(status >= 400 && status < 600 && th.length > 0 && en.length > 0, code);
  }
  t.equal(new ChatError("room_full").status, 409);
  t.notOk(isErrorCode("constructor"));
  t.end();
});

test("the text of an error names the limit that was passed, or what to send instead", (t) => {
  t.equal(errorText("file_too_large", "en", { maxBytes: 10 * 1024 ** 2 }), "The file is too large: at most 10 MB.");
  t.equal(errorText("payload_too_large", "en", { maxBytes: 16_384 }), "The request body is too large: at most 16 KB.");
  t.equal(errorText("room_full", "th", { maxParticipants: 100_000 }), "ห้องแชทเต็มแล้ว (สูงสุด 100,000)");
  t.match(errorText("too_many_pixels", "en", { maxPixels: 12_500_000 }), /12\.5 MP/);
  t.equal(errorText("rate_limited", "en", { retryAfter: 3 }), errors.rate_limited.en);
  t.equal(
    errorText("unsupported_media_type", "en", { mimeType: "image/heic", accepted: ["image/jpeg", "image/png"] }),
    "The content type is not supported. Please send JPEG or PNG.",
  );
  t.end();
});

test("every notice has a text in both languages", (t) => {
  for (const notice of Object.keys(notices) as Array<keyof typeof notices>) {
    t.not(noticeText(notice, "th"), noticeText(notice, "en"), notice);
  }
  t.end();
});

test("close codes are unique, and in one of the two ranges", (t) => {
  const codes = Object.values(closeCodes).map(({ code }) => code);
  t.equal(new Set(codes).size, codes.length);
  t.ok(codes.every((code) => code >= 4000 && code < 5000));
  t.end();
});

test("every schema compiles, and no subject, event or route is named twice", (t) => {
  const schemas = [
    ...Object.values(routes).flatMap((route) => Object.values(route).filter((part) => typeof part === "object")),
    ...[...Object.values(clientEvents), ...Object.values(serverEvents)].map(({ payload }) => payload),
    ...[...Object.values(messagesRpc), ...Object.values(roomsRpc)].flatMap(({ request, answer }) => [request, answer]),
  ];
  for (const schema of schemas) t.ok(Compile(schema));
  const names = [
    Object.values(routes).map(({ method, url }) => `${method} ${url}`),
    Object.values(serverEvents).map(({ name }) => name),
    [...Object.values(messagesRpc), ...Object.values(roomsRpc)].map(({ subject }) => subject),
  ];
  for (const list of names) t.equal(new Set<string>(list).size, list.length);
  t.end();
});

test("any user id becomes one valid subject token, different for different ids", (t) => {
  const ids = ["a", "a.b", "a b", "*", ">", "ผู้ใช้", "x".repeat(128), "A"];
  const made = ids.map((id) => subjects.userLive(id));
  t.equal(new Set(made).size, ids.length);
  for (const subject of made) t.match(subject, /^khui\.user\.[\w-]+\.live$/);
  t.end();
});
