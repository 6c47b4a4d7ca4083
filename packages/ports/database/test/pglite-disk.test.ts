// A commit in a folder waits for the disk.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cache } from "@khui/test-kit/servers/template";
import t, { test } from "tap";
import { failureKind, sql } from "../src/index.js";
import { openPglite } from "../src/pglite.js";

const scratch = fs.mkdtempSync(join(tmpdir(), "pglite-disk-"));
const { fsyncSync } = fs;
let syncs = 0;
let failing = false;
fs.fsyncSync = (descriptor) => {
  syncs += 1;
  if (failing) throw Object.assign(new Error("the disk is broken"), { code: "EIO" });
  fsyncSync(descriptor);
};
syncBuiltinESMExports();
t.teardown(() => {
  fs.fsyncSync = fsyncSync;
  syncBuiltinESMExports();
  fs.rmSync(scratch, { recursive: true, force: true });
});

async function open(name: string, waitForDisk: boolean) {
  const database = await openPglite({ folder: join(scratch, name), cache, waitForDisk });
  await sql`create table public.kept (id int)`.execute(database.kysely());
  return database;
}

test("each commit is synced before it is answered, unless that is switched off", async (t) => {
  for (const waitForDisk of [true, false]) {
    const database = await open(`waits-${waitForDisk}`, waitForDisk);
    const before = syncs;
    for (let id = 0; id < 5; id++) await sql`insert into public.kept values (${id})`.execute(database.kysely());
    const during = syncs - before;
    await database.close();
    if (waitForDisk) t.ok(during >= 5, `${during} syncs for 5 commits`);
    else t.equal(during, 0);
  }
});

test("a commit that the disk refuses is not answered as done, and ends the engine but not the data", async (t) => {
  const database = await open("broken", true);
  const db = database.kysely();
  await sql`insert into public.kept values (1)`.execute(db);
  failing = true;
  const refused = await sql`insert into public.kept values (2)`.execute(db).catch((error: unknown) => error);
  failing = false;
  t.equal(failureKind(refused), "unavailable");
  t.equal(failureKind(await database.ping().catch((error: unknown) => error)), "unavailable");
  await database.close();
  const again = await openPglite({ folder: join(scratch, "broken") });
  t.teardown(() => again.close());
  const { rows } = await sql<{ id: number }>`select id from public.kept order by id`.execute(again.kysely());
  t.equal(rows[0]?.id, 1);
});
