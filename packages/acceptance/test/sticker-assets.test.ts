// Sticker pictures are public, usable on any page and immutable: their names are digests of their bytes.
import { stickerAssetPath } from "@khui/contracts";
import { filesOf, manifest } from "@khui/test-kit/files/sticker-sets";
import { type Answer, refused } from "@khui/test-kit/rest-answers";
import { useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import type { Served } from "./media-scene.js";
import { ownPicture, stickerScene, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { publish, starter, open } = stickerScene(system);

/** A picture's bytes and URL. */
async function scene(t: Test) {
  const content = manifest(word());
  const bytes = await ownPicture();
  const { cover } = await publish(t, content, { ...(await filesOf(content)), "a.webp": bytes });
  return { bytes, cover };
}

const shown = ({ status, headers, bytes }: Served) => ({
  status,
  range: headers.get("content-range"),
  length: headers.get("content-length"),
  bytes: bytes.toString("base64"),
});
const whole = (bytes: Buffer) => ({
  status: 200,
  range: null,
  length: `${bytes.length}`,
  bytes: bytes.toString("base64"),
});
/** A refusal's body is JSON. */
function answerOf({ status, headers, bytes }: Served): Answer {
  const isJson = headers.get("content-type")?.startsWith("application/json");
  return { status, headers, body: isJson ? JSON.parse(bytes.toString()) : {} };
}
const immutable = "public, max-age=31536000, immutable";

t.test("a picture is served unchanged to anyone, and may be cached forever", async (t) => {
  const { bytes, cover } = await scene(t);
  for (const headers of [{}, { authorization: "Bearer of bad news" }, { authorization: "" }] as const) {
    const answer = await open(cover, { headers });
    t.strictSame(shown(answer), whole(bytes));
    t.equal(answer.headers.get("content-type"), "image/webp");
    t.equal(answer.headers.get("cache-control"), immutable);
  }
});

t.test("pages of other origins can display a picture, and it cannot act as a page", async (t) => {
  const { cover } = await scene(t);
  const { headers } = await open(cover, { headers: { origin: "https://elsewhere.example" } });
  t.match(headers.get("access-control-allow-origin"), /^(\*|https:\/\/elsewhere\.example)$/);
  t.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
  t.equal(headers.get("x-content-type-options"), "nosniff");
  t.match(headers.get("content-disposition"), /^inline(;|$)/);
  t.match(headers.get("content-security-policy"), /default-src 'none'.*sandbox/);
});

t.test("the same bytes have the same URL in every set", async (t) => {
  const { bytes, cover } = await scene(t);
  const content = manifest(word(), { cover: "b.webp" });
  const again = await publish(t, content, { ...(await filesOf(content)), "b.webp": bytes });
  t.equal(again.cover, cover);
  t.not(again.stickers.find(({ stickerId }) => stickerId === "a")?.url, cover, "other bytes have another");
});

t.test("a client that has a picture already gets 304", async (t) => {
  const { bytes, cover } = await scene(t);
  const etag = (await open(cover)).headers.get("etag") ?? "";
  t.match(etag, /^"[^"]+"$/);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const { status, headers, ...answer } = await open(cover, { headers: { "if-none-match": known } });
    t.strictSame({ status, length: answer.bytes.length }, { status: 304, length: 0 }, known);
    t.equal(headers.get("cache-control"), immutable);
    t.equal(headers.get("etag"), etag);
  }
  t.strictSame(shown(await open(cover, { headers: { "if-none-match": '"other"' } })), whole(bytes));
});

t.test("HEAD returns the headers of GET without a body", async (t) => {
  const { bytes, cover } = await scene(t);
  t.strictSame(shown(await open(cover, { method: "HEAD" })), { ...whole(bytes), bytes: "" });
});

t.test("a picture supports range requests", async (t) => {
  const { cover } = await starter(t, "som");
  const { bytes } = await open(cover);
  const last = bytes.length - 1;
  for (const [range, start, end] of [
    ["bytes=0-0", 0, 0],
    ["bytes=10-1000", 10, 1000],
    ["bytes=-4", last - 3, last],
    [`bytes=${last}-`, last, last],
    ["bytes=0-", 0, last],
  ] as const) {
    const part = bytes.subarray(start, end + 1);
    t.strictSame(
      shown(await open(cover, { headers: { range } })),
      { ...whole(part), status: 206, range: `bytes ${start}-${end}/${bytes.length}` },
      range,
    );
  }
  const beyond = await open(cover, { headers: { range: `bytes=${bytes.length}-` } });
  t.equal(beyond.headers.get("content-range"), `bytes */${bytes.length}`);
  refused(t, answerOf(beyond), "range_not_satisfiable");
});

t.test("anything but a picture of a set is not found", async (t) => {
  const { cover } = await scene(t);
  const name = cover.slice(-45);
  t.match(name, /^[0-9a-f]{40}\.webp$/);
  for (const asset of [
    `${"0".repeat(40)}.webp`,
    name.replace(".webp", ".png"),
    name.replace(".webp", ""),
    name.toUpperCase(),
    name.slice(1),
    `${name}.webp`,
    "x",
    "..%2Fmanifest.json",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%00",
    "",
    encodeURIComponent("ภาพ.webp"),
  ]) {
    const answer = await open(stickerAssetPath(asset));
    refused(t, answerOf(answer), "file_not_found", asset);
    t.notMatch(answer.headers.get("cache-control") ?? "", /max-age/, "that is not kept");
  }
  refused(t, answerOf(await open(stickerAssetPath(`${name}/x`))), "not_found");
  for (const method of ["POST", "PUT", "DELETE"]) {
    refused(t, answerOf(await open(cover, { method })), "not_found", method);
  }
});
