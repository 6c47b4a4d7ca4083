// The conformance suite of the blobs port, as tap tests.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  BlobMissing,
  type Blobs,
  BlobsUnavailable,
  InvalidBlobName,
  InvalidContentType,
  UnreadableSource,
} from "@khui/blobs";
import type { Test } from "tap";

const plain = "text/plain; charset=utf-8";
const bytesOf = (text: string) => ({ bytes: Buffer.from(text) });

async function textOf(stream: Readable): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString();
}

const refusedNames = [
  ...[
    "",
    "/",
    ".",
    "..",
    "../../../ports/blobs/x",
    "/x",
    "x/",
    "a//b",
    "a/../b",
    "a/./b",
    "../../../ports/blobs/src/a",
    "a/.b",
    ".a",
    "-a",
    "_a",
    "a/-b",
  ],
  ...[
    "a\0",
    "a\0b",
    "a\\b",
    "..\\a",
    "A",
    "aB",
    "a b",
    "a%2fb",
    "a+b",
    "a:b",
    "ก",
    "a\n",
    "a?b",
    "a#b",
    "x".repeat(201),
  ],
];

const refusedContentTypes = [
  ...["", "text", "text/", "/plain", "text/plain\r\nx: y", "text/plain ", " text/plain", "text/plain;", "text/ก"],
  ...["text/html, text/plain", 'text/plain; charset="x"', `text/${"x".repeat(96)}`],
];

/**
 * Runs the suite as subtests of t.
 * @param open opens a store; the suite closes it. It need not be empty: blobs are named at random.
 */
export async function blobsConformance(t: Test, open: () => Promise<Blobs>): Promise<void> {
  const files = await mkdtemp(join(tmpdir(), "khui-blobs-"));
  t.teardown(() => rm(files, { recursive: true, force: true }));
  const fileOf = async (content: Uint8Array | string) => {
    const file = join(files, randomUUID());
    await writeFile(file, content);
    return file;
  };
  /** The body gets a name under which nothing is stored. */
  const behaviour = (name: string, body: (t: Test, blobs: Blobs, blob: string) => Promise<void>) =>
    t.test(name, async (t) => {
      const blobs = await open();
      t.teardown(() => blobs.close());
      await body(t, blobs, `test/${randomUUID()}`);
    });

  await behaviour("what was put is found, read and removed", async (t, blobs, blob) => {
    t.equal(await blobs.stat(blob), undefined);
    await blobs.put(blob, bytesOf("hello"), plain);
    t.same(await blobs.stat(blob), { size: 5, contentType: plain });
    t.equal(await textOf(await blobs.read(blob)), "hello");
    t.equal(await textOf(await blobs.read(blob)), "hello", "as often as one likes");
    await blobs.remove([blob]);
    t.equal(await blobs.stat(blob), undefined);
    await t.rejects(blobs.read(blob), BlobMissing);
  });

  await behaviour("a file is copied and stays the caller's", async (t, blobs, blob) => {
    const file = await fileOf("from a file");
    await blobs.put(blob, { file }, "application/octet-stream");
    t.ok(existsSync(file));
    await writeFile(file, "changed afterwards");
    t.same(await blobs.stat(blob), { size: 11, contentType: "application/octet-stream" });
    t.equal(await textOf(await blobs.read(blob)), "from a file");
  });

  await behaviour("a range is read from start to end inclusive", async (t, blobs, blob) => {
    await blobs.put(blob, bytesOf("0123456789"), plain);
    const range = async (start: number, end: number) => textOf(await blobs.read(blob, { start, end }));
    t.equal(await range(0, 0), "0");
    t.equal(await range(0, 3), "0123");
    t.equal(await range(4, 6), "456");
    t.equal(await range(9, 9), "9");
    t.equal(await range(0, 9), "0123456789");
    t.equal(await range(7, 1_000), "789", "an end beyond the last byte is cut to it");
    t.equal(await range(3, Number.MAX_SAFE_INTEGER), "3456789");
  });

  await behaviour("an invalid range is refused", async (t, blobs, blob) => {
    await blobs.put(blob, bytesOf("0123456789"), plain);
    for (const [start, end] of [
      [10, 10],
      [10, 20],
      [11, 12],
      [5, 4],
      [-1, 3],
      [0, -1],
      [0.5, 3],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
    ] as const) {
      await t.rejects(blobs.read(blob, { start, end }), RangeError, `${start} to ${end}`);
    }
    await t.rejects(blobs.read(`${blob}-not`, { start: 0, end: 0 }), BlobMissing);
  });

  await behaviour("an empty blob is a blob", async (t, blobs, blob) => {
    for (const content of [{ bytes: new Uint8Array() }, { file: await fileOf("") }]) {
      await blobs.put(blob, content, plain);
      t.same(await blobs.stat(blob), { size: 0, contentType: plain });
      t.equal(await textOf(await blobs.read(blob)), "");
      await t.rejects(blobs.read(blob, { start: 0, end: 0 }), RangeError);
      await blobs.remove([blob]);
    }
  });

  await behaviour("a large file comes back as it was", async (t, blobs, blob) => {
    const content = randomBytes(20 * 1024 * 1024 + 1);
    await blobs.put(blob, { file: await fileOf(content) }, "video/mp4");
    t.same(await blobs.stat(blob), { size: content.length, contentType: "video/mp4" });
    const digest = createHash("sha256");
    for await (const chunk of await blobs.read(blob)) digest.update(chunk);
    t.equal(digest.digest("hex"), createHash("sha256").update(content).digest("hex"));
    const start = content.length - 70_000;
    const tail = Buffer.concat(await (await blobs.read(blob, { start, end: content.length - 1 })).toArray());
    t.ok(tail.equals(content.subarray(start)));
  });

  await behaviour("a view of a buffer is stored without the bytes around it", async (t, blobs, blob) => {
    const whole = Buffer.from("before the view after");
    await blobs.put(blob, { bytes: new Uint8Array(whole.buffer, whole.byteOffset + 7, 8) }, plain);
    t.equal(await textOf(await blobs.read(blob)), "the view");
  });

  await behaviour("a second put replaces content and type", async (t, blobs, blob) => {
    await blobs.put(blob, bytesOf("long and first"), "text/html");
    await blobs.put(blob, bytesOf("second"), "image/webp");
    t.same(await blobs.stat(blob), { size: 6, contentType: "image/webp" });
    t.equal(await textOf(await blobs.read(blob)), "second");
  });

  await behaviour("of two concurrent puts one wins, as a whole", async (t, blobs, blob) => {
    const versions = ["a", "b"].map((letter, i) => ({
      content: Buffer.alloc(1_500_000 + i, letter),
      contentType: `x-version/${letter}`,
    }));
    for (let round = 0; round < 5; round++) {
      const puts = versions.map(async ({ content, contentType }) =>
        blobs.put(blob, { file: await fileOf(content) }, contentType),
      );
      await Promise.all(puts);
      const info = await blobs.stat(blob);
      const winner = versions.find(({ contentType }) => contentType === info?.contentType);
      t.equal(info?.size, winner?.content.length);
      const stored = Buffer.concat(await (await blobs.read(blob)).toArray());
      t.ok(winner && stored.equals(winner.content));
    }
  });

  await behaviour("a read in progress continues with the old bytes or fails", async (t, blobs, blob) => {
    for (const change of [() => blobs.remove([blob]), () => blobs.put(blob, bytesOf("n".repeat(9e6)), plain)]) {
      await blobs.put(blob, bytesOf("o".repeat(8e6)), plain);
      const stream = await blobs.read(blob);
      await change();
      const chunks: Buffer[] = [];
      const failed = await stream.forEach((chunk) => void chunks.push(chunk)).catch(() => "failed");
      const read = Buffer.concat(chunks).toString();
      t.ok(/^o*$/.test(read), "no byte is of the new content");
      t.ok(failed || read.length === 8e6, "whole, unless it failed");
    }
  });

  await behaviour("a stream may be left unread", async (t, blobs, blob) => {
    await blobs.put(blob, bytesOf("x".repeat(5e6)), plain);
    const unread = await blobs.read(blob);
    unread.destroy();
    const begun = await blobs.read(blob);
    await once(begun, "readable");
    begun.destroy();
    for (const stream of [unread, begun]) if (!stream.closed) await once(stream, "close");
    t.equal((await textOf(await blobs.read(blob))).length, 5e6);
  });

  await behaviour("remove deletes those that exist, however many", async (t, blobs, blob) => {
    const names = Array.from({ length: 30 }, (_, i) => `${blob}-${i}`);
    await Promise.all(names.map((name) => blobs.put(name, bytesOf(name), plain)));
    await blobs.remove([`${blob}-not-there`, ...names.slice(1), ...names.slice(1)]);
    t.same(
      await Promise.all(names.slice(1).map((name) => blobs.stat(name))),
      names.slice(1).map(() => undefined),
    );
    t.equal(await textOf(await blobs.read(`${blob}-0`)), `${blob}-0`);
    await blobs.remove([`${blob}-not-there`]);
    await blobs.remove([]);
    await blobs.remove(Array.from({ length: 1_001 }, (_, i) => `${blob}-${i}`));
    t.equal(await blobs.stat(`${blob}-0`), undefined);
  });

  await behaviour("a name may be a prefix of another", async (t, blobs, blob) => {
    const names = [blob, `${blob}/b`, `${blob}/b/c`, `${blob}.b`, `${blob}-b`];
    for (const name of names) await blobs.put(name, bytesOf(name), plain);
    for (const name of names) t.equal(await textOf(await blobs.read(name)), name);
    await blobs.remove([blob]);
    t.equal(await blobs.stat(blob), undefined);
    for (const name of names.slice(1)) t.equal(await textOf(await blobs.read(name)), name);
    await blobs.put(blob, bytesOf("again"), plain);
    t.equal(await textOf(await blobs.read(blob)), "again");
    t.equal(await blobs.stat("test"), undefined, "what a name begins with is no blob");
  });

  await behaviour("names have up to 200 characters", async (t, blobs, blob) => {
    const names = [blob.padEnd(200, "x"), `${blob}/`.padEnd(200, "a/").slice(0, 199), `${blob}/0`, `${blob}/a..b.-_`];
    for (const name of names) await blobs.put(name, bytesOf(name), plain);
    for (const name of names) t.equal(await textOf(await blobs.read(name)), name);
    await blobs.remove(names);
  });

  await behaviour("invalid names are refused before anything is touched", async (t, blobs, blob) => {
    await blobs.put(blob, bytesOf("stays"), plain);
    for (const name of refusedNames) {
      await t.rejects(blobs.put(name, { file: "/not/there" }, plain), InvalidBlobName, JSON.stringify(name));
      await t.rejects(blobs.stat(name), InvalidBlobName);
      await t.rejects(blobs.read(name), InvalidBlobName);
      await t.rejects(blobs.remove([blob, name]), InvalidBlobName);
    }
    t.same(await blobs.stat(blob), { size: 5, contentType: plain });
  });

  await behaviour("content types are kept as given", async (t, blobs, blob) => {
    const types = ["image/svg+xml", "text/plain;charset=utf-8", "audio/ogg; codecs=opus", `text/${"x".repeat(95)}`];
    for (const contentType of types) {
      await blobs.put(blob, bytesOf("x"), contentType);
      t.same(await blobs.stat(blob), { size: 1, contentType });
    }
  });

  await behaviour("invalid content types are refused", async (t, blobs, blob) => {
    for (const contentType of refusedContentTypes) {
      await t.rejects(blobs.put(blob, bytesOf("x"), contentType), InvalidContentType, JSON.stringify(contentType));
    }
    t.equal(await blobs.stat(blob), undefined);
  });

  await behaviour("a source that cannot be read leaves the stored blob as it was", async (t, blobs, blob) => {
    // Linux files whose reported size is too small and too large.
    const lies = ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"].filter((file) =>
      existsSync(file),
    );
    const unreadable = [join(files, "not-there"), files, ...lies];
    for (const file of unreadable) {
      await t.rejects(blobs.put(blob, { file }, plain), UnreadableSource, file);
      t.equal(await blobs.stat(blob), undefined);
    }
    await blobs.put(blob, bytesOf("before"), plain);
    for (const file of unreadable) {
      await t.rejects(blobs.put(blob, { file }, plain), UnreadableSource, file);
      t.equal(await textOf(await blobs.read(blob)), "before");
    }
  });

  await behaviour("many calls may be in flight at once", async (t, blobs, blob) => {
    const names = Array.from({ length: 40 }, (_, i) => `${blob}/${i}`);
    await Promise.all(names.map((name) => blobs.put(name, bytesOf(name), plain)));
    t.same(await Promise.all(names.map(async (name) => textOf(await blobs.read(name)))), names);
  });

  await behaviour("it answers a ping until it is closed", async (t, blobs, blob) => {
    await blobs.ping();
    await blobs.close();
    await t.rejects(blobs.ping(), BlobsUnavailable);
    await t.rejects(blobs.put(blob, bytesOf("x"), plain), BlobsUnavailable);
    await t.rejects(blobs.stat(blob), BlobsUnavailable);
    await t.rejects(blobs.read(blob), BlobsUnavailable);
    await t.rejects(blobs.remove([blob]), BlobsUnavailable);
    await blobs.close();
  });
}
