// Blobs in a folder, and leftovers of crashes or foreign files in it.
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blobsConformance } from "@khui/conformance/blobs";
import { type Test, test } from "tap";
import { openFolderBlobs } from "../src/folder.js";
import { BlobsUnavailable, UnreadableSource } from "../src/index.js";

async function folderForTest(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "khui-folder-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function opened(t: Test) {
  const folder = await folderForTest(t);
  const blobs = await openFolderBlobs({ folder });
  t.teardown(() => blobs.close());
  return { folder, blobs };
}

const hello = { bytes: Buffer.from("hello") };

test("folder blobs", async (t) => {
  const folder = join(await folderForTest(t), "made/on/the/way");
  await blobsConformance(t, () => openFolderBlobs({ folder }));
  t.same(await readdir(join(folder, "incoming")), [], "nothing unfinished stays");
});

test("blobs persist when the folder is opened again, and are shared by all who opened it", async (t) => {
  const { folder, blobs } = await opened(t);
  const other = await openFolderBlobs({ folder });
  await blobs.put("a/b", hello, "text/plain");
  t.same(await other.stat("a/b"), { size: 5, contentType: "text/plain" });
  await blobs.close();
  await other.close();
  const again = await openFolderBlobs({ folder });
  t.equal((await (await again.read("a/b")).toArray()).join(""), "hello");
  await again.close();
});

test("an unfinished file of a crash is removed an hour later, and is never a blob", async (t) => {
  const { folder, blobs } = await opened(t);
  await blobs.put("whole", hello, "text/plain");
  const incoming = join(folder, "incoming");
  const agoMs = { old: 61 * 60 * 1000, young: 59 * 60 * 1000 };
  for (const [file, ms] of Object.entries(agoMs)) {
    await writeFile(join(incoming, file), "half a fil");
    const time = new Date(Date.now() - ms);
    await utimes(join(incoming, file), time, time);
  }
  const again = await openFolderBlobs({ folder });
  t.same(await readdir(incoming), ["young"]);
  t.equal(await again.stat("young"), undefined);
  t.same(await again.stat("whole"), { size: 5, contentType: "text/plain" });
  await again.close();
});

test("no descriptor stays open", { skip: process.platform !== "linux" }, async (t) => {
  const { folder, blobs } = await opened(t);
  const openFiles = () =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    });
  const file = join(folder, "source");
  await writeFile(file, "x".repeat(200_000));
  await blobs.put("a", { file }, "text/plain");
  await blobs.put("empty", { bytes: new Uint8Array() }, "text/plain");
  await blobs.stat("a");
  const held = await blobs.read("a");
  t.equal(openFiles().length, 1, "a stream holds one");

  const closed = [
    held,
    await blobs.read("a"),
    await blobs.read("empty"),
    await blobs.read("a", { start: 3, end: 5 }),
  ].map((stream) => new Promise((resolve) => stream.once("close", resolve).destroy()));
  await Promise.all(closed);
  await (await blobs.read("a")).toArray();
  await t.rejects(blobs.read("a", { start: 200_000, end: 200_000 }), RangeError);
  await t.rejects(blobs.put("a", { file: folder }, "text/plain"), UnreadableSource);
  await t.rejects(blobs.put("a", { file: "/proc/self/status" }, "text/plain"), UnreadableSource);
  t.same(openFiles(), []);
});

test("a truncated or foreign file is never read as a blob", async (t) => {
  const { folder, blobs } = await opened(t);
  await blobs.put("cut", { bytes: Buffer.alloc(1_000) }, "text/plain");
  await truncate(join(folder, "blobs", "cut"), 900);
  await writeFile(join(folder, "blobs", "strange"), "written by somebody else");
  for (const name of ["cut", "strange"]) {
    await t.rejects(blobs.stat(name), BlobsUnavailable);
    await t.rejects(blobs.read(name), BlobsUnavailable);
    await blobs.put(name, hello, "text/plain");
    t.same(await blobs.stat(name), { size: 5, contentType: "text/plain" }, "until it is put again");
  }
});

test("a removed folder is unavailable", async (t) => {
  const { folder, blobs } = await opened(t);
  await rm(folder, { recursive: true });
  await t.rejects(blobs.ping(), BlobsUnavailable);
  const error = await blobs.put("a", hello, "text/plain").catch((error: unknown) => error);
  t.ok(error instanceof BlobsUnavailable);
  t.match(error, { cause: { code: "ENOENT" } });
});

test("a folder that cannot be created is unavailable", async (t) => {
  const file = join(await folderForTest(t), "file");
  await writeFile(file, "");
  await t.rejects(openFolderBlobs({ folder: join(file, "folder") }), BlobsUnavailable);
});
