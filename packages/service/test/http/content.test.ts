// Files over HTTP: complete, in part, not modified, and never as a page of our origin.
import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { ChatError } from "@khui/contracts";
import type { InjectOptions } from "fastify";
import { type Test, test } from "tap";
import { type Content, createApp, sendContent } from "../../src/http/index.js";

const letters = "abcdefghijklmnopqrstuvwxyz";

interface Rig {
  content: Content;
  /** The ranges that were opened. */
  readonly opened: Array<{ start: number; end: number } | undefined>;
}

function contentOf(text: string, more: Partial<Content> = {}): Rig {
  const opened: Rig["opened"] = [];
  const bytes = Buffer.from(text);
  const content: Content = {
    size: bytes.length,
    contentType: "text/plain; charset=utf-8",
    etag: "an-etag",
    cacheControl: "private, max-age=60, immutable",
    disposition: { type: "inline", fileName: "letters.txt" },
    async open(range) {
      opened.push(range);
      return Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes], { objectMode: false });
    },
    ...more,
  };
  return { content, opened };
}

/** An app that serves `rig`'s content, and a client. */
async function appFor(t: Test, rig: Rig) {
  const app = await createApp({});
  t.teardown(() => app.close());
  app.get("/file", (request, reply) => sendContent(request, reply, rig.content));
  const ask = (headers: Record<string, string> = {}, method: InjectOptions["method"] = "GET") =>
    app.inject({ url: "/file", method: method ?? "GET", headers });
  return { app, ask };
}

test("a complete file is sent with the headers that browsers need", async (t) => {
  const rig = contentOf(letters);
  const { ask } = await appFor(t, rig);
  const { statusCode, headers, body } = await ask();
  t.equal(statusCode, 200);
  t.equal(body, letters);
  t.match(headers, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": "26",
    "accept-ranges": "bytes",
    etag: '"an-etag"',
    "cache-control": "private, max-age=60, immutable",
    "content-disposition": 'inline; filename="letters.txt"',
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
  });
  t.same(rig.opened, [undefined]);
});

test("one range is sent as it was requested", async (t) => {
  const rig = contentOf(letters);
  const { ask } = await appFor(t, rig);
  const cases: ReadonlyArray<readonly [string, string, string]> = [
    ["bytes=0-0", "a", "bytes 0-0/26"],
    ["bytes=0-", letters, "bytes 0-25/26"],
    ["bytes=3-5", "def", "bytes 3-5/26"],
    ["bytes=20-1000", "uvwxyz", "bytes 20-25/26"],
    ["bytes=-2", "yz", "bytes 24-25/26"],
    ["bytes=-1000", letters, "bytes 0-25/26"],
    ["bytes=25-", "z", "bytes 25-25/26"],
  ];
  for (const [range, expected, said] of cases) {
    const { statusCode, headers, body } = await ask({ range });
    t.equal(statusCode, 206, range);
    t.equal(body, expected, range);
    t.match(headers, { "content-range": said, "content-length": String(expected.length), etag: '"an-etag"' }, range);
  }
});

test("an invalid range, and several ranges, get the complete file", async (t) => {
  const rig = contentOf(letters);
  const { ask } = await appFor(t, rig);
  for (const range of [
    "bytes=a-b",
    "bytes",
    "letters=0-1",
    "bytes=0-0,5-6",
    "bytes=5-6,0-0",
    "bytes=--1",
    "bytes=5-2",
    "\t",
  ]) {
    const { statusCode, headers, body } = await ask({ range });
    t.equal(statusCode, 200, range);
    t.equal(body, letters, range);
    t.notOk(headers["content-range"], range);
  }
});

test("a range beyond the end is refused with the file's size", async (t) => {
  const rig = contentOf(letters);
  const { ask } = await appFor(t, rig);
  for (const range of ["bytes=26-", "bytes=100-200", "bytes=-0"]) {
    const answer = await ask({ range });
    t.equal(answer.statusCode, 416, range);
    t.equal(answer.headers["content-range"], "bytes */26");
    t.match(answer.json(), { success: false, statusCode: 416, code: "range_not_satisfiable" });
    for (const name of ["etag", "cache-control", "content-disposition"]) t.notOk(answer.headers[name], name);
  }
  t.same(rig.opened, []);
});

test("an empty file is sent, and has no ranges", async (t) => {
  const { ask } = await appFor(t, contentOf(""));
  const whole = await ask();
  t.match(whole, { statusCode: 200, body: "", headers: { "content-length": "0" } });
  t.equal((await ask({ range: "bytes=0-0" })).statusCode, 416);
});

test("a client that has the file gets 304 without a body", async (t) => {
  const rig = contentOf(letters);
  const { ask } = await appFor(t, rig);
  for (const known of ['"an-etag"', 'W/"an-etag"', "*", '"another", "an-etag"']) {
    const { statusCode, headers, body } = await ask({ "if-none-match": known });
    t.equal(statusCode, 304, known);
    t.equal(body, "");
    t.match(headers, { etag: '"an-etag"', "cache-control": "private, max-age=60, immutable" });
  }
  t.same(rig.opened, []);
  for (const other of ['"another"', "an-etag", '""']) {
    t.equal((await ask({ "if-none-match": other })).statusCode, 200, other);
  }
});

test("a range with If-Range of another version gets the complete file", async (t) => {
  const { ask } = await appFor(t, contentOf(letters));
  const range = "bytes=0-0";
  t.equal((await ask({ range, "if-range": '"an-etag"' })).statusCode, 206);
  for (const other of ['"another"', 'W/"an-etag"', "Wed, 21 Oct 2015 07:28:00 GMT"]) {
    t.equal((await ask({ range, "if-range": other })).statusCode, 200, other);
  }
});

test("HEAD answers like GET of the complete file, and opens nothing", async (t) => {
  const rig = contentOf(letters);
  const { ask } = await appFor(t, rig);
  const same = ["content-type", "content-length", "accept-ranges", "etag", "content-disposition", "content-range"];
  for (const headers of [{}, { "if-none-match": '"an-etag"' }] as Record<string, string>[]) {
    const got = await ask(headers);
    rig.opened.length = 0;
    const head = await ask({ ...headers, range: "bytes=3-5" }, "HEAD");
    t.equal(head.statusCode, got.statusCode);
    t.equal(head.body, "");
    for (const name of same) t.equal(head.headers[name], got.headers[name], `${name} with ${JSON.stringify(headers)}`);
    t.same(rig.opened, []);
  }
});

test("a file name in any script is encoded for old and new browsers", async (t) => {
  const rig = contentOf(letters);
  const { ask } = await appFor(t, rig);
  for (const fileName of [
    "รูปภาพ.png",
    'a"b;d=e.txt',
    "é.txt",
    "résumé.txt",
    "e\u0301.txt",
    "50% off.txt",
    "a%20b.txt",
    "👍.txt",
    "a, b.txt",
  ]) {
    rig.content = contentOf(letters, { disposition: { type: "attachment", fileName } }).content;
    const given = String((await ask()).headers["content-disposition"]);
    t.match(given, /^attachment; filename=/);
    t.match(given, /^[\x20-\x7e]*$/, "a header has no other characters");
    t.equal((await ask({}, "HEAD")).headers["content-disposition"], given);
    const extended = /filename\*=UTF-8''([^;]+)/.exec(given)?.[1];
    const quoted = /filename="((?:[^"\\]|\\.)*)"/.exec(given)?.[1]?.replace(/\\(.)/g, "$1");
    const plain = /filename=([^";]+)/.exec(given)?.[1];
    t.equal(extended === undefined ? (quoted ?? plain) : decodeURIComponent(extended), fileName);
  }
  rig.content = contentOf(letters, { disposition: { type: "attachment" } }).content;
  t.equal((await ask()).headers["content-disposition"], "attachment");
});

test("a PDF is served without the sandbox, in which the browser's viewer does not run", async (t) => {
  const { ask } = await appFor(t, contentOf("%PDF-", { contentType: "application/pdf" }));
  t.equal((await ask()).headers["content-security-policy"], "default-src 'none'");
});

test("a failure of the store is an error response that is not cached", async (t) => {
  const failures = [
    new ChatError("service_unavailable", { retryAfter: 1 }),
    new ChatError("file_not_found"),
    new Error("x"),
  ];
  for (const failure of failures) {
    const { ask } = await appFor(t, contentOf(letters, { open: () => Promise.reject(failure) }));
    for (const headers of [{}, { range: "bytes=3-5" }] as Record<string, string>[]) {
      const answer = await ask(headers);
      const status = failure instanceof ChatError ? failure.status : 500;
      t.equal(answer.statusCode, status);
      t.match(answer.json(), { success: false, statusCode: status });
      t.equal(answer.headers["content-length"], String(Buffer.byteLength(answer.body)));
      for (const name of ["etag", "cache-control", "content-disposition", "content-range"]) {
        t.equal(answer.headers[name], undefined, `${status} has no ${name}`);
      }
    }
  }
});

test("a client that disconnects during a file closes its source", async (t) => {
  let sent = 0;
  const endless = new Readable({
    read() {
      sent++;
      this.push(Buffer.alloc(65_536));
    },
  });
  const { app } = await appFor(t, contentOf(letters, { size: 1e12, open: async () => endless }));
  const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
  const client = connect(Number(port), "127.0.0.1");
  t.teardown(() => client.destroy());
  client.write("GET /file HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(client, "data");
  client.destroy();
  if (!endless.closed) await once(endless, "close");
  t.ok(endless.destroyed);
  t.ok(sent < 1_000, "and no more than that is read meanwhile");
});

test("a file whose source fails is not received as complete", async (t) => {
  const broken = async function* () {
    yield Buffer.from("abc");
    throw new Error("the disk failed");
  };
  const open = async () => Readable.from(broken(), { objectMode: false });
  const { app } = await appFor(t, contentOf(letters, { open }));
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  await t.rejects(async () => (await fetch(`${url}/file`)).text());
});
