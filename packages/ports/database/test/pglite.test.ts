// PGlite keeps the port's promises.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { databaseConformance } from "@khui/conformance/database";
import { cache } from "@khui/test-kit/servers/template";
import t, { test } from "tap";
import { failureKind, sql } from "../src/index.js";
import { openPglite } from "../src/pglite.js";

const folder = await mkdtemp(join(tmpdir(), "pglite-"));
const database = await openPglite({ cache });
t.teardown(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

databaseConformance({
  test: (name, run) => {
    test(name, async (t) => {
      await run();
      t.pass("held");
    });
  },
  database: async () => database,
});

test("databases opened with one cache at once start from it, empty and apart", async (t) => {
  const fresh = join(folder, "raced");
  const [one, two] = await Promise.all([openPglite({ cache: fresh }), openPglite({ cache: fresh })]);
  t.teardown(() => Promise.all([one.close(), two.close()]));
  const left = (await readdir(folder)).filter((name) => name.startsWith("raced"));
  t.equal(left.length, 1, "nothing half-written stays beside the cache");
  await sql`create table public.only_in_one (id int)`.execute(one.kysely());
  await t.rejects(sql`select * from public.only_in_one`.execute(two.kysely()), /does not exist/);
});

test("a transaction that waits for itself is refused after the turn time-out, and the database goes on", async (t) => {
  const small = await openPglite({ cache, turnTimeoutMs: 100 });
  t.teardown(() => small.close());
  const db = small.kysely();
  const stuck = db.transaction().execute(async () => sql`select 1`.execute(db));
  t.equal(failureKind(await stuck.catch((error: unknown) => error)), "unavailable");
  await small.ping();
});

test("a connection given back inside a transaction starts the next turn clean", async (t) => {
  const db = database.kysely();
  await db.connection().execute(async (own) => {
    await sql`begin`.execute(own);
    await sql`create table public.left_open (id int)`.execute(own);
  });
  await t.rejects(sql`select * from public.left_open`.execute(db), /does not exist/);
});

test("after close everything is unavailable, and closing again is harmless", async (t) => {
  const closing = await openPglite({ cache });
  await closing.close();
  await closing.close();
  t.equal(failureKind(await closing.ping().catch((error: unknown) => error)), "unavailable");
});
