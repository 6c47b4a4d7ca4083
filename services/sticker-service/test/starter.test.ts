// The starter sets are published when the service starts.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StickerManifest, StickerSet } from "@khui/contracts";
import { type Database, sql } from "@khui/database";
import { coin, type Files, filesOf, json, manifest } from "@khui/test-kit/files/sticker-sets";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t, { before, test } from "tap";
import { checkSet } from "../src/publishing/checks.js";
import { createPublisher } from "../src/publishing/publisher.js";
import { publishStarters, readFolder } from "../src/publishing/starter-sets.js";
import { starterSets } from "../src/service.js";
import { retireSet } from "../src/store/publishing.js";
import { type MemoryBlobs, memoryBlobs } from "./memory-blobs.js";
import { openReplicas } from "./postgres.js";
import { emptyFolder, openRig } from "./rig.js";

let replicas: Database[];
before(async () => {
  replicas = await openReplicas(t, 2);
});

async function write(folder: string, name: string, files: Files): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(folder, name, file), bytes);
}

const start = (database: Database, blobs: MemoryBlobs, folder: string) =>
  publishStarters(database.kysely(), createPublisher(database.kysely(), blobs), folder);

async function rowOf(key: string) {
  const { rows } = await sql<{ id: string; author: string; retired_at: Date | null; updated_at: Date }>`
    SELECT id, author, retired_at, updated_at FROM stickers.sets WHERE key = ${key}`.execute(replicas[0]!.kysely());
  return rows[0];
}

test("a start publishes every set in the folder, and the next start changes nothing", async (t) => {
  const folder = await emptyFolder(t);
  await write(folder, "one", { ...(await filesOf(manifest("starter-one"))), ".DS_Store": json("x") });
  await write(folder, "two", await filesOf(coin("starter-two")));
  await writeFile(join(folder, "README"), "not a set");
  const blobs = memoryBlobs();
  await start(replicas[0]!, blobs, folder);
  const first = await rowOf("starter-one");
  t.ok(first && (await rowOf("starter-two")));
  const calls = blobs.calls.length;
  await start(replicas[0]!, blobs, folder);
  t.same(await rowOf("starter-one"), first);
  t.equal(blobs.calls.length, calls, "nothing is asked of the store of blobs");
});

test("a set that has changed in the folder is updated, one that was retired stays retired", async (t) => {
  const folder = await emptyFolder(t);
  const change = async (author: string, key: string) => write(folder, key, await filesOf(manifest(key, { author }), 5));
  for (const key of ["changing", "retiring"]) await change("before", key);
  const blobs = memoryBlobs();
  await start(replicas[0]!, blobs, folder);
  const { id } = (await rowOf("retiring")) ?? {};
  await retireSet(replicas[0]!.kysely(), id ?? "");
  for (const key of ["changing", "retiring"]) await change("after", key);
  await start(replicas[0]!, blobs, folder);
  t.match(await rowOf("changing"), { author: "after", retired_at: null });
  t.match(await rowOf("retiring"), { author: "before", retired_at: Date });
});

test("a set that an administrator has published under its key stays", async (t) => {
  const folder = await emptyFolder(t);
  const change = async (author: string) => write(folder, "own", await filesOf(manifest("own", { author }), 5));
  await change("before");
  const blobs = memoryBlobs();
  await start(replicas[0]!, blobs, folder);
  const theirs = await filesOf(manifest("own", { author: "administrator" }), 6);
  const mine = new Map(Object.entries(theirs).map(([name, bytes]) => [name, Buffer.from(bytes)]));
  await createPublisher(replicas[0]!.kysely(), blobs).publish(await checkSet(mine));
  await change("after");
  await start(replicas[0]!, blobs, folder);
  t.match(await rowOf("own"), { author: "administrator", retired_at: null });
});

test("replicas that start at once publish each set once", async (t) => {
  const folder = await emptyFolder(t);
  const contents: StickerManifest[] = [manifest("both-a"), manifest("both-b", { type: "animated" }), coin("both-c")];
  for (const content of contents) await write(folder, content.key, await filesOf(content));
  const blobs = memoryBlobs();
  await Promise.all(replicas.map((replica) => start(replica, blobs, folder)));
  for (const { key, stickers } of contents) {
    const { rows } = await sql<{ stickers: number }>`
      SELECT (SELECT count(*) FROM stickers.stickers WHERE set_id = s.id) AS stickers
      FROM stickers.sets s WHERE key = ${key}`.execute(replicas[0]!.kysely());
    t.same(rows, [{ stickers: stickers.length }], key);
  }
});

test("an invalid starter set fails the start, with its folder and issues", async (t) => {
  const folder = await emptyFolder(t);
  await write(folder, "broken", await filesOf(manifest("broken-starter")));
  await rm(join(folder, "broken", "b.webp"));
  await t.rejects(openRig(t, { starterFolder: folder, database: await openOwnDatabase(t) }), {
    message: /starter set in .*broken cannot be published.*b\.webp/,
  });
  t.equal(await rowOf("broken-starter"), undefined);
});

test("an unavailable blob store fails the start, and the next start publishes", async (t) => {
  const folder = await emptyFolder(t);
  await write(folder, "late", await filesOf(manifest("late")));
  const blobs = memoryBlobs();
  blobs.failing = () => true;
  await t.rejects(start(replicas[0]!, blobs, folder), /late cannot be published/);
  blobs.failing = () => false;
  await start(replicas[0]!, blobs, folder);
  t.ok(await rowOf("late"));
});

test("a service that has started offers its starter sets", async (t) => {
  const folder = await emptyFolder(t);
  await write(folder, "offered", await filesOf(manifest("offered")));
  const rig = await openRig(t, { starterFolder: folder });
  const { body } = await rig.ask("u", "GET", "/stickers/sets");
  t.same(
    (body.stickerSets as StickerSet[]).map(({ key }) => key),
    ["offered"],
  );
});

test("the sets that ship with the service can be published, and their pictures be read to the end", async (t) => {
  const folder = fileURLToPath(starterSets);
  for (const name of await readdir(folder)) await checkSet(await readFolder(join(folder, name)));
  const blobs = memoryBlobs();
  const db = replicas[0]!.kysely<Record<string, never>>();
  await publishStarters(db, createPublisher(db, blobs), starterSets);
  const { rows } = await sql<{ type: string }>`
    SELECT DISTINCT type FROM stickers.sets WHERE author = 'Khui' AND free ORDER BY type`.execute(db);
  t.same(rows, [{ type: "animated" }, { type: "interactive" }, { type: "static" }]);
});
