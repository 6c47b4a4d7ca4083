// Files are served to clients with a signed URL: in ranges, cacheable, and never as an active page.

import type { Bytes } from "@khui/test-kit/files/media-files";
import { html, joined, made, pdf, plainText, redAndBlue, svg, zip } from "@khui/test-kit/files/media-files";
import { type Answer, refused } from "@khui/test-kit/rest-answers";
import { privateRoom, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { fixture, mediaScene, type Served } from "./media-scene.js";

const system = await useSystem(t);
const { send, open, absolute } = mediaScene(system);

const content = joined(Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31 + (i >> 8)) % 256));
const size = content.length;
const sender = system.newUser("Ann");
const room = await privateRoom(sender, system.newUser("Ben"));

const addressOf = async (t: Test, bytes: Bytes = content, name?: string, type = "file") =>
  (await send(t, sender, room, type, bytes, name === undefined ? {} : { name })).mediaInfo.url;

const shown = ({ status, headers, bytes }: Served) => ({
  status,
  range: headers.get("content-range"),
  length: headers.get("content-length"),
  bytes: bytes.toString("base64"),
});
/** A refusal's body is JSON. */
function answerOf({ status, headers, bytes }: Served): Answer {
  const isJson = headers.get("content-type")?.startsWith("application/json");
  return { status, headers, body: isJson ? JSON.parse(bytes.toString()) : {} };
}
const whole = { status: 200, range: null, length: String(size), bytes: Buffer.from(content).toString("base64") };
const part = (start: number, end: number) => ({
  status: 206,
  range: `bytes ${start}-${end}/${size}`,
  length: String(end - start + 1),
  bytes: Buffer.from(content.subarray(start, end + 1)).toString("base64"),
});

t.test("a range request returns exactly the requested bytes", async (t) => {
  const url = await addressOf(t);
  for (const [range, start, end] of [
    ["bytes=0-0", 0, 0],
    ["bytes=0-99", 0, 99],
    ["bytes=40000-70000", 40_000, 70_000],
    ["bytes=99999-99999", size - 1, size - 1],
    ["bytes=-5", size - 5, size - 1],
    ["bytes=99990-", 99_990, size - 1],
    ["bytes=0-", 0, size - 1],
    ["bytes=90000-200000", 90_000, size - 1],
    ["bytes=-200000", 0, size - 1],
  ] as const) {
    const answer = await open(url, { headers: { range } });
    t.strictSame(shown(answer), part(start, end), range);
    t.equal(answer.headers.get("accept-ranges"), "bytes");
  }
});

t.test("a range beyond the end is refused with 416 and the file's size", async (t) => {
  const url = await addressOf(t);
  for (const range of ["bytes=100000-", "bytes=100000-100001", "bytes=999999999999-", "bytes=-0"]) {
    const answer = await open(url, { headers: { range } });
    t.equal(answer.headers.get("content-range"), `bytes */${size}`, range);
    refused(t, answerOf(answer), "range_not_satisfiable", range);
  }
});

t.test("an invalid range, or more than one, returns the whole file", async (t) => {
  const url = await addressOf(t);
  for (const range of [
    "bytes=a-b",
    "bytes=5-2",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=1",
    "bytes=0x1-5",
    "bytes=0.5-5",
    "lines=0-4",
    "bytes=0-4,10-14",
    "x".repeat(5000),
  ]) {
    t.strictSame(shown(await open(url, { headers: { range } })), whole, range.slice(0, 20));
  }
});

t.test("If-Range returns a range only if the file is the same", async (t) => {
  const url = await addressOf(t);
  const etag = (await open(url)).headers.get("etag") ?? "";
  t.match(etag, /^"[^"]+"$/);
  const range = "bytes=10-19";
  t.strictSame(shown(await open(url, { headers: { range, "if-range": etag } })), part(10, 19));
  for (const other of ['"another"', `W/${etag}`, "Sat, 01 Jan 2000 00:00:00 GMT", ""]) {
    t.strictSame(shown(await open(url, { headers: { range, "if-range": other } })), whole, `If-Range: ${other}`);
  }
});

t.test("HEAD returns the headers of GET without a body", async (t) => {
  const url = await addressOf(t);
  const facts = ({ status, headers }: Served) => {
    const told = Object.fromEntries(headers);
    for (const name of ["date", "x-request-id", "cache-control", "connection", "keep-alive"]) delete told[name];
    return { status, told };
  };
  const head = await open(url, { method: "HEAD" });
  t.strictSame(facts(head), facts(await open(url)));
  t.equal(head.bytes.length, 0);
  // RFC 9110, 14.2: Range applies only to GET.
  const withRange = await open(url, { method: "HEAD", headers: { range: "bytes=0-4" } });
  t.strictSame(shown(withRange), { ...whole, bytes: "" });
});

t.test("a client that has the file already gets 304", async (t) => {
  const url = await addressOf(t);
  const etag = (await open(url)).headers.get("etag") ?? "";
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    for (const more of [{}, { "cache-control": "max-age=0" }, { range: "bytes=0-4" }]) {
      const { status, headers, bytes } = await open(url, { headers: { "if-none-match": known, ...more } });
      t.match({ status, length: bytes.length, etag: headers.get("etag") }, { status: 304, length: 0, etag });
      t.match(headers.get("cache-control"), /^private, max-age=\d+/);
    }
  }
  t.strictSame(shown(await open(url, { headers: { "if-none-match": '"other"' } })), whole);
  const other = await addressOf(t);
  t.not((await open(other)).headers.get("etag"), etag, "the same bytes sent again are another file");
});

t.test("browsers display harmless types and download the rest, in a sandbox", async (t) => {
  const files: Array<readonly [name: string, bytes: Bytes, contentType: string, disposition: "inline" | "attachment"]> =
    [
      ["a.jpg", await made(redAndBlue(20, 10).jpeg()), "image/jpeg", "inline"],
      ["a.gif", await fixture("animated.gif"), "image/gif", "inline"],
      ["a.mp3", await fixture("sound.mp3"), "audio/mpeg", "inline"],
      ["a.mp4", await fixture("video.mp4"), "video/mp4", "inline"],
      ["a.webm", await fixture("voice.webm"), "audio/webm", "inline"],
      ["a.pdf", pdf, "application/pdf", "inline"],
      ["a.txt", plainText, "text/plain; charset=utf-8", "inline"],
      ["a.html", html, "text/html", "attachment"],
      [
        "a.xhtml",
        joined('<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"/>'),
        "text/html",
        "attachment",
      ],
      ["a.svg", svg, "image/svg+xml", "attachment"],
      ["a.heic", await fixture("photo.heic"), "image/heic", "attachment"],
      ["a.tiff", await made(redAndBlue(20, 10).tiff()), "image/tiff", "attachment"],
      ["a.zip", zip({ "a.txt": "a" }), "application/zip", "attachment"],
      ["a.bin", content, "application/octet-stream", "attachment"],
    ];
  for (const [name, bytes, contentType, disposition] of files) {
    const { headers } = await open(await addressOf(t, bytes, name));
    t.equal(headers.get("content-type"), contentType, name);
    t.equal(headers.get("content-disposition"), `${disposition}; filename="${name}"`);
    t.equal(headers.get("x-content-type-options"), "nosniff");
    const policy = headers.get("content-security-policy") ?? "";
    t.match(policy, /(^|;)\s*default-src 'none'(;|$)/);
    if (contentType !== "application/pdf") t.match(policy, /(^|;)\s*sandbox\s*(;|$)/, "no scripts, no origin");
  }
});

/** The name under which a browser saves a file: filename* (RFC 5987) takes precedence over filename. */
function savedName(disposition: string | null): string {
  const extended = /filename\*=UTF-8''([^;]*)/i.exec(disposition ?? "")?.[1];
  if (extended !== undefined) return decodeURIComponent(extended);
  const quoted = /filename="((?:[^"\\]|\\.)*)"/i.exec(disposition ?? "")?.[1];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? /filename=([^;\s]*)/i.exec(disposition ?? "")?.[1] ?? "";
}

t.test("a file is downloaded under its original name", async (t) => {
  for (const name of [
    "plain.bin",
    "résumé.txt",
    "รายงาน ประจำปี ๒๕๖๗.bin",
    "semicolons; in=names, too.bin",
    "it's (100%) *new*.bin",
    "a%20b%41.bin",
    "🎉 naïve café.bin",
    "ก".repeat(250),
  ]) {
    const { headers } = await open(await addressOf(t, content, name));
    t.equal(savedName(headers.get("content-disposition")), name);
  }
});

t.test("private caches may keep a file as long as its URL is valid", async (t) => {
  const url = await addressOf(t);
  const expires = Number(new URL(absolute(url)).searchParams.get("expires"));
  const before = Date.now() / 1000;
  const cacheControl = (await open(url)).headers.get("cache-control") ?? "";
  const maxAge = Number(/^private, max-age=(\d+)/.exec(cacheControl)?.[1]);
  t.ok(maxAge > 86_400 && maxAge <= expires - before, `${maxAge} s of ${expires - before}`);
});

t.test("a URL that was modified is refused", async (t) => {
  const message = await send(t, sender, room, "image", await made(redAndBlue(20, 10).png()), { name: "a b.png" });
  const { url, thumbnail = "" } = message.mediaInfo;
  const other = await addressOf(t);
  const signature = (address: string) => new URL(absolute(address)).searchParams.get("signature") ?? "";
  const changed = (change: (address: URL) => void, address = url) => {
    const copy = new URL(absolute(address));
    change(copy);
    return copy.href;
  };
  const with_ = (name: string, value: string) => changed(({ searchParams }) => searchParams.set(name, value));
  const signed = signature(url);
  const moved = (path: RegExp, to: string) =>
    changed((address) => (address.pathname = address.pathname.replace(path, to)));
  const cases: Array<readonly [what: string, address: string]> = [
    ["no signature", changed(({ searchParams }) => searchParams.delete("signature"))],
    ["no time", changed(({ searchParams }) => searchParams.delete("expires"))],
    ["nothing", changed((address) => (address.search = ""))],
    ["an empty signature", with_("signature", "")],
    [
      "another signature",
      with_(
        "signature",
        signed.replace(/^./, (first) => (first === "A" ? "B" : "A")),
      ),
    ],
    ["half a signature", with_("signature", signed.slice(0, 20))],
    ["a longer signature", with_("signature", `${signed}AAAA`)],
    ["a padded signature", with_("signature", `${signed}=`)],
    ["a signature with other characters in it", with_("signature", `${signed.slice(0, 9)}!*ก${signed.slice(9)}`)],
    ["a signature of a megabyte's tenth", `${absolute(url)}${"A".repeat(8_000)}`],
    ["another file's signature", with_("signature", signature(other))],
    ["its thumbnail's signature", with_("signature", signature(thumbnail))],
    ["a time that is over", with_("expires", "1000000000")],
    ["a later time", with_("expires", "99999999999")],
    ["no number for a time", with_("expires", "never")],
    ["another name", moved(/[^/]*$/, "b.html")],
    ["no name", moved(/[^/]*$/, "")],
    ["a longer name", moved(/$/, "/x")],
    ["another file", moved(/[0-9a-f]{24}/, new URL(absolute(other)).pathname.split("/").at(-3) ?? "")],
    ["an unknown file", moved(/[0-9a-f]{24}/, "0123456789abcdef01234567")],
    ["its thumbnail", changed((address) => (address.pathname = new URL(absolute(thumbnail)).pathname))],
    ["two signatures", changed(({ searchParams }) => searchParams.append("signature", signed))],
    ["two times", changed(({ searchParams }) => searchParams.append("expires", searchParams.get("expires") ?? ""))],
    [
      "the file itself for its thumbnail",
      changed(({ searchParams }) => searchParams.set("signature", signed), thumbnail),
    ],
  ];
  for (const [what, address] of cases) {
    for (const headers of [{}, { authorization: `Bearer ${sender.token}` }] as const) {
      const answer = await open(address, { headers });
      refused(t, answerOf(answer), "invalid_signature", what);
      t.notMatch(answer.headers.get("cache-control") ?? "", /max-age/, "a refusal is not kept");
    }
  }
  t.equal((await open(url)).status, 200);
});

t.test("a file cannot be reached by any other path", async (t) => {
  const url = absolute(await addressOf(t));
  for (const path of [
    "/api/v1/chat/media/",
    "/api/v1/chat/media/x/file/x",
    "/api/v1/chat/media/..%2f..%2fetc%2fpasswd/thumbnail",
  ]) {
    const { status } = await open(path);
    t.ok(status >= 400 && status < 500, `${path}: ${status}`);
  }
  for (const method of ["POST", "PUT", "DELETE"]) t.equal((await open(url, { method })).status, 404, method);
});

t.test("CORS allows pages of other origins to use a file, without credentials", async (t) => {
  const message = await send(t, sender, room, "image", await made(redAndBlue(20, 10).png()));
  for (const address of [message.mediaInfo.url, message.mediaInfo.thumbnail ?? ""]) {
    const { status, headers } = await open(address, { headers: { origin: "https://example.com" } });
    t.equal(status, 200);
    t.match(headers.get("access-control-allow-origin"), /^(\*|https:\/\/example\.com)$/);
    t.not(headers.get("access-control-allow-credentials"), "true");
    t.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
  }
});

t.test("many clients can read one file at once while some disconnect", async (t) => {
  const url = absolute(await addressOf(t, joined(new Uint8Array(5 * 1024 * 1024).fill(7)), "large.bin"));
  const read = async (i: number) => {
    const leaving = new AbortController();
    const response = await fetch(url, { signal: leaving.signal });
    if (i % 2 === 0) return (await response.arrayBuffer()).byteLength;
    await response.body?.getReader().read();
    leaving.abort();
    return 5 * 1024 * 1024;
  };
  const sizes = await Promise.all(Array.from({ length: 20 }, (_, i) => read(i)));
  t.strictSame(new Set(sizes), new Set([5 * 1024 * 1024]));
  t.equal((await open(url, { headers: { range: "bytes=-1" } })).bytes[0], 7);
});
