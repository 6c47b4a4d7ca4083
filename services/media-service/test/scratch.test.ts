// The scratch folder.
import { existsSync } from "node:fs";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { folderFor } from "@khui/test-kit/files/made-files";
import { test } from "tap";
import { openScratch } from "../src/uploads/scratch.js";

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

test("every upload has its own folder, removed with its contents", async (t) => {
  const folder = join((await folderFor(t)).path, "made", "if", "missing");
  const scratch = await openScratch(folder);
  const [one, other] = [await scratch.open(), await scratch.open()];
  t.not(one.folder, other.folder);
  await writeFile(join(one.folder, "received"), "x");
  await mkdir(join(one.folder, "more"));
  await one.remove();
  t.notOk(existsSync(one.folder));
  t.ok(existsSync(other.folder));
  await one.remove();
  await other.remove();
  t.same(await readdir(folder), []);
});

test("only what dead processes have left is removed at the start", async (t) => {
  const { path } = await folderFor(t);
  for (const name of ["upload-old", "upload-new", "another", "upload"]) {
    await mkdir(join(path, name));
    await writeFile(join(path, name, "received"), "x");
  }
  await writeFile(join(path, "upload-file"), "x");
  for (const name of ["upload-old", "another", "upload", "upload-file"]) {
    await utimes(join(path, name), hoursAgo(2), hoursAgo(2));
  }
  await utimes(join(path, "upload-new"), hoursAgo(0.5), hoursAgo(0.5));
  const scratch = await openScratch(path);
  t.same((await readdir(path)).sort(), ["another", "upload", "upload-new"]);
  const { folder, remove } = await scratch.open();
  t.ok(existsSync(folder));
  await remove();
});

test("an upload in flight in one process survives the start of another", async (t) => {
  const { path } = await folderFor(t);
  const { folder } = await (await openScratch(path)).open();
  await writeFile(join(folder, "received"), "x");
  await openScratch(path);
  t.ok(existsSync(join(folder, "received")));
});
