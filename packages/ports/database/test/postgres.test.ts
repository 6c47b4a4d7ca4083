// Postgres keeps the port's promises. Runs on TEST_POSTGRES_URL where it is set, else on a private server.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { databaseConformance } from "@khui/conformance/database";
import { ownDatabase } from "@khui/test-kit/servers/database";
import t, { type Test, test } from "tap";
import { type Database, failureKind, inTransaction, type RawBuilder, sql } from "../src/index.js";
import { openPostgres } from "../src/postgres.js";

const url = await ownDatabase(t);
const database = openPostgres({ url, applicationName: "conformance" });
t.teardown(() => database.close());

databaseConformance({
  test: (title, run) => {
    test(title, async (t) => {
      await run();
      t.pass("held");
    });
  },
  database: async () => database,
});

test("a statement that runs too long is ended by the server, and the connection goes on", async (t) => {
  const hasty = openPostgres({ url, poolSize: 1, statementTimeoutMs: 100 });
  t.teardown(() => hasty.close());
  const error = await sql`select pg_sleep(60)`.execute(hasty.kysely()).catch((failure: unknown) => failure);
  t.equal(failureKind(error), "timeout");
  await hasty.ping();
  t.equal(hasty.stats().total, 1);
});

test("a transaction that stands still is ended by the server, and gives its locks back", async (t) => {
  const frozen = openPostgres({ url, poolSize: 1, idleInTransactionMs: 100 });
  t.teardown(() => frozen.close());
  const db = frozen.kysely();
  await sql`create table public.contended (id int primary key)`.execute(db);
  await sql`insert into public.contended values (1)`.execute(db);
  const taken = sql`select * from public.contended for update`;
  const ended = db.transaction().execute(async (trx) => {
    await taken.execute(trx);
    t.equal((await taken.execute(database.kysely())).rows.length, 1, "another has the lock");
    await taken.execute(trx);
  });
  t.equal(failureKind(await ended.catch((failure: unknown) => failure)), "unavailable");
  await frozen.ping();
  const { rows } = await sql<{ limit: string }>`
    select current_setting('idle_in_transaction_session_timeout') as limit`.execute(database.kysely());
  t.equal(rows[0]?.limit, "5s", "unless told otherwise");
});

test("a migration may run longer than a statement", async (t) => {
  const folder = await mkdtemp(`${tmpdir()}/slow-`);
  const hasty = openPostgres({ url, poolSize: 1, statementTimeoutMs: 50 });
  t.teardown(async () => {
    await hasty.close();
    await rm(folder, { recursive: true });
  });
  await writeFile(`${folder}/0001-slow.sql`, "select pg_sleep(0.2)");
  t.same(await hasty.migrate("slow", folder), { applied: ["0001-slow.sql"] });
  const after = await sql<{ limit: string }>`select current_setting('statement_timeout') as limit`.execute(
    hasty.kysely(),
  );
  t.equal(after.rows[0]?.limit, "50ms");
});

test("who finds every connection taken is refused as unavailable", async (t) => {
  const single = openPostgres({ url, poolSize: 1, connectTimeoutMs: 2_000 });
  t.teardown(() => single.close());
  await single
    .kysely()
    .transaction()
    .execute(async () => {
      const waiting = single.ping().catch((failure: unknown) => failure);
      t.equal(single.stats().waiting, 1);
      t.equal(failureKind(await waiting), "unavailable");
    });
  await single.ping();
});

test("a service's role needs no right to create schemas once its own is there", async (t) => {
  const folder = await mkdtemp(`${tmpdir()}/role-`);
  const role = `role_${randomUUID().replaceAll("-", "")}`;
  const db = database.kysely();
  await sql`create role ${sql.id(role)} login password 'secret'`.execute(db);
  await sql`create schema owned authorization ${sql.id(role)}`.execute(db);
  const roleUrl = Object.assign(new URL(url), { username: role, password: "secret" }).href;
  const limited = openPostgres({ url: roleUrl });
  t.teardown(async () => {
    await limited.close();
    await sql`drop owned by ${sql.id(role)}`.execute(db);
    await sql`drop role ${sql.id(role)}`.execute(db);
    await rm(folder, { recursive: true });
  });
  t.same(await limited.migrate("owned", folder), { applied: [] });
  await t.rejects(limited.migrate("elsewhere", folder), /permission denied/);
});

/** A schema with a folder of one migration, and its owner's role, all gone with the test. */
async function ownedSchema(t: Test, prefix: string) {
  const folder = await mkdtemp(`${tmpdir()}/${prefix}-`);
  const [role, schema] = [prefix, `${prefix}_schema`];
  const db = database.kysely();
  await sql`create role ${sql.id(role)} login password 'secret'`.execute(db);
  await sql`create schema ${sql.id(schema)} authorization ${sql.id(role)}`.execute(db);
  const roleUrl = Object.assign(new URL(url), { username: role, password: "secret" }).href;
  const owned = openPostgres({ url: roleUrl });
  t.teardown(async () => {
    await owned.close();
    await sql`drop owned by ${sql.id(role)} cascade`.execute(db);
    await sql`drop role ${sql.id(role)}`.execute(db);
    await rm(folder, { recursive: true });
  });
  await writeFile(`${folder}/0001-a.sql`, `create table ${schema}.a (id int)`);
  return { schema, folder, owned, records: sql.table(`${schema}.migrations`) };
}

/** Keeps a lock that `take` takes for as long as `during` lasts. */
async function holding(by: Database, take: RawBuilder<unknown>, during: () => Promise<void>): Promise<void> {
  await by
    .kysely()
    .transaction()
    .execute(async (trx) => {
      await take.execute(trx);
      await during();
    });
}

test("a role without rights in a schema cannot hold up its migrations", async (t) => {
  const { schema, folder, owned } = await ownedSchema(t, "held_up");
  const stranger = (await ownedSchema(t, "stranger")).owned;
  const key = `migrations of ${schema}`;
  await holding(stranger, sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`, async () => {
    t.same(await owned.migrate(schema, folder, { lockTimeoutMs: 1_000 }), { applied: ["0001-a.sql"] });
  });
  const lock = sql`lock table ${sql.table(`${schema}.migrations`)} in access share mode`;
  await t.rejects(
    holding(stranger, lock, async () => undefined),
    /permission denied/,
  );
});

test("who holds the records is waited for until the deadline, and the error says so", async (t) => {
  const { schema, folder, owned, records } = await ownedSchema(t, "waited_for");
  await owned.migrate(schema, folder);
  await writeFile(`${folder}/0002-b.sql`, `create table ${schema}.b (id int)`);
  const lock = sql`lock table ${records} in share row exclusive mode`;
  await holding(owned, lock, async () => {
    const waited = owned.migrate(schema, folder, { lockTimeoutMs: 100 });
    await t.rejects(waited, /^the migrations of waited_for_schema .* waited_for_schema\.migrations .* 100 ms/);
  });
  t.same(await owned.migrate(schema, folder), { applied: ["0002-b.sql"] });
  await holding(owned, lock, async () => {
    t.same(await owned.migrate(schema, folder, { lockTimeoutMs: 100 }), { applied: [] }, "nothing is left to do");
  });
});

test("a migration that cannot have its locks gives up, and leaves nothing", async (t) => {
  const { schema, folder, owned } = await ownedSchema(t, "contended");
  await owned.migrate(schema, folder);
  await writeFile(`${folder}/0002-b.sql`, `create table ${schema}.b (id int); alter table ${schema}.a add b int`);
  await holding(owned, sql`select * from ${sql.table(`${schema}.a`)}`, async () => {
    await t.rejects(owned.migrate(schema, folder, { lockTimeoutMs: 100 }), /0002-b\.sql.*lock timeout/);
  });
  t.same(await owned.migrate(schema, folder), { applied: ["0002-b.sql"] });
});

test("a connection given back inside a transaction is not used again", async (t) => {
  const single = openPostgres({ url, poolSize: 1 });
  t.teardown(() => single.close());
  const db = single.kysely();
  await db.connection().execute(async (own) => {
    await sql`begin`.execute(own);
    await sql`create table public.left_open (id int)`.execute(own);
  });
  await t.rejects(sql`select * from public.left_open`.execute(db), /does not exist/);
});

test("after close everything is unavailable, and closing again is harmless", async (t) => {
  const closing = openPostgres({ url });
  await closing.ping();
  await closing.close();
  await closing.close();
  t.equal(failureKind(await closing.ping().catch((failure: unknown) => failure)), "unavailable");
});

test("a statement that a migration made stale is run again on a new connection", async (t) => {
  const failures: string[] = [];
  const onStatement = () => (failure?: unknown) => void (failure && failures.push(failureKind(failure)));
  const one = openPostgres({ url, poolSize: 1, onStatement });
  t.teardown(() => one.close());
  const db = one.kysely();
  await sql`create table public.growing (a int)`.execute(db);
  const read = () => sql<{ b?: number }>`select * from public.growing where a = ${1}`.execute(db);
  await sql`insert into public.growing values (1)`.execute(db);
  await read();
  await sql`alter table public.growing add column b int default 7`.execute(database.kysely());
  t.equal((await read()).rows[0]?.b, 7);
  t.same(failures, ["serialization"]);
});

test("of two transactions that deadlock, the one that was ended runs again as a whole", async (t) => {
  const failures: string[] = [];
  const onStatement = () => (failure?: unknown) => void (failure && failures.push(failureKind(failure)));
  const pool = openPostgres({ url, poolSize: 2, onStatement });
  t.teardown(() => pool.close());
  const db = pool.kysely();
  await sql`create table public.crossed (id int primary key, n int)`.execute(db);
  await sql`insert into public.crossed values (1, 0), (2, 0)`.execute(db);
  let begun = 0;
  let bothHold = () => {};
  const together = new Promise<void>((resolve) => {
    bothHold = resolve;
  });
  const addTo = (first: number, second: number) =>
    inTransaction(db, async (transaction) => {
      const add = (id: number) => sql`update public.crossed set n = n + 1 where id = ${id}`.execute(transaction);
      await add(first);
      begun++;
      if (begun === 2) bothHold();
      await together;
      await add(second);
    });
  await Promise.all([addTo(1, 2), addTo(2, 1)]);
  t.same((await sql`select n from public.crossed order by id`.execute(db)).rows, [{ n: 2 }, { n: 2 }]);
  // The one that runs again may take its first row before the other wakes up, and deadlock with it again.
  t.same([...new Set(failures)], ["serialization"]);
});

test("a statement is prepared once a connection", async (t) => {
  const one = openPostgres({ url, poolSize: 1 });
  t.teardown(() => one.close());
  const db = one.kysely();
  for (const n of [1, 2, 3]) await sql`select ${n}::int as answer`.execute(db);
  const { rows } = await sql<{ calls: number }>`
    select generic_plans + custom_plans as calls from pg_prepared_statements
    where statement like ${"%as answer%"} and statement not like ${"%pg_prepared%"}`.execute(db);
  t.same(rows, [{ calls: 3 }]);
});
