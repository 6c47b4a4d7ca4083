// What the database port must do on every server, written once.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { constraintName, failureKind } from "@khui/database";
import { type Generated, type Kysely, type RawBuilder, sql } from "kysely";
import { migrationConformance } from "./database-migrations.js";
import type { ConformanceSubject } from "./database-subject.js";

interface Tables {
  accounts: { id: Generated<number>; name: string; amount: Generated<number> };
}

/** One test's schema: the table's name for raw SQL, and as many builders that spell the schema as it wants. */
interface Bench {
  db: Kysely<Tables>;
  accounts: RawBuilder<unknown>;
  builder(): Kysely<Tables>;
}

/** Registers the suite. Tests fail by throwing; they may run in any order. */
export function databaseConformance(subject: ConformanceSubject): void {
  valueConformance(subject);
  transactionConformance(subject);
  failureConformance(subject);
  statementConformance(subject);
  migrationConformance(subject);
}

/** A schema of its own with one table: `id`, a unique `name`, and an `amount` that is not negative. */
async function withAccounts(subject: ConformanceSubject, run: (bench: Bench) => Promise<void>): Promise<void> {
  const database = await subject.database();
  const schema = `t_${randomUUID().replaceAll("-", "")}`;
  const builder = () => database.kysely<Tables>().withSchema(schema);
  const db = builder();
  const accounts = sql.table(`${schema}.accounts`);
  await sql`create schema ${sql.id(schema)}`.execute(db);
  try {
    await sql`create table ${accounts} (
      id bigserial primary key,
      name text not null constraint accounts_name_is_unique unique,
      amount integer not null default 0 constraint amount_is_not_negative check (amount >= 0),
      parent bigint constraint parent_exists references ${accounts} (id)
    )`.execute(db);
    await run({ db, accounts, builder });
  } finally {
    await sql`drop schema ${sql.id(schema)} cascade`.execute(db);
  }
}

async function names(db: Kysely<Tables>): Promise<string[]> {
  const rows = await db.selectFrom("accounts").select("name").orderBy("name").execute();
  return rows.map((row) => row.name);
}

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  try {
    await action;
  } catch (error) {
    return error;
  }
  assert.fail("expected a failure");
}

function valueConformance({ test, database }: ConformanceSubject): void {
  test("values come back as the JavaScript values that the port names", async () => {
    const db = (await database()).kysely();
    const moment = new Date("2024-02-29T12:34:56.789Z");
    const text = 'ไทย "quoted", \\back {brace} 🙂';
    const { rows } = await sql`select
      ${2 ** 53 - 1}::int8 as big, ${[1, 2 ** 40, null]}::int8[] as bigs, count(*) as counted, ${7}::int4 as small,
      ${1.5}::float8 as float, '12.50'::numeric as exact, ${true}::bool as yes, ${moment}::timestamptz as moment,
      ${[moment]}::timestamptz[] as moments, ${"2024-02-29"}::date as day, '2024-02-29 01:02:03'::timestamp as wall,
      ${JSON.stringify({ a: [1, text], b: null })}::jsonb as body, ${JSON.stringify([1, "2"])}::jsonb as list,
      ${[text, "", "null", "a,b"]}::text[] as texts, ${[]}::text[] as none, ${Buffer.from([0, 1, 254, 255])}::bytea as bytes,
      ${null}::text as nothing, ${text}::text as text, ${"5c1f2a3e-0000-4000-8000-000000000000"}::uuid as uuid
    `.execute(db);
    assert.deepEqual(rows, [
      {
        big: 2 ** 53 - 1,
        bigs: [1, 2 ** 40, null],
        counted: 1,
        small: 7,
        float: 1.5,
        exact: "12.50",
        yes: true,
        moment,
        moments: [moment],
        day: "2024-02-29",
        wall: "2024-02-29 01:02:03",
        body: { a: [1, text], b: null },
        list: [1, "2"],
        texts: [text, "", "null", "a,b"],
        none: [],
        bytes: Buffer.from([0, 1, 254, 255]),
        nothing: null,
        text,
        uuid: "5c1f2a3e-0000-4000-8000-000000000000",
      },
    ]);
  });

  test("an int8 that a number cannot hold fails its query and leaves the connection usable", async () => {
    const db = (await database()).kysely();
    await assert.rejects(sql`select 9007199254740993::int8 as big`.execute(db), RangeError);
    await assert.rejects(sql`select array[9007199254740993]::int8[] as bigs`.execute(db), RangeError);
    assert.deepEqual((await sql`select 1 as one`.execute(db)).rows, [{ one: 1 }]);
  });

  test("parameters of 1 MB come back whole", async () => {
    const db = (await database()).kysely();
    const text = "ก๑".repeat(2 ** 20 / 6);
    const bytes = Buffer.alloc(2 ** 20, "0123456789");
    const list = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ index, text: "x".repeat(30) })));
    const { rows } = await sql<{ text: string; bytes: Buffer; count: number }>`
      select ${text}::text as text, ${bytes}::bytea as bytes, jsonb_array_length(${list}::jsonb) as count
    `.execute(db);
    assert.equal(rows[0]?.text, text);
    assert.ok(rows[0]?.bytes.equals(bytes));
    assert.equal(rows[0]?.count, 20_000);
  });
}

function transactionConformance(subject: ConformanceSubject): void {
  const { test } = subject;
  test("a transaction that throws leaves nothing, one that returns stays", () =>
    withAccounts(subject, async ({ db }) => {
      const failing = db.transaction().execute(async (trx) => {
        await trx.insertInto("accounts").values({ name: "undone" }).execute();
        throw new Error("changed my mind");
      });
      await assert.rejects(failing, /changed my mind/);
      await db.transaction().execute((trx) => trx.insertInto("accounts").values({ name: "kept" }).execute());
      assert.deepEqual(await names(db), ["kept"]);
    }));

  test("a transaction that goes on after a failed statement is told that it was not committed", () =>
    withAccounts(subject, async ({ db }) => {
      const swallowing = db.transaction().execute(async (trx) => {
        await trx.insertInto("accounts").values({ name: "lost" }).execute();
        await failureOf(sql`select 1 / 0`.execute(trx));
      });
      await assert.rejects(swallowing, /rolled back/);
      assert.deepEqual(await names(db), []);
    }));

  test("a savepoint takes back its own part only", () =>
    withAccounts(subject, async ({ db }) => {
      const trx = await db.startTransaction().execute();
      await trx.insertInto("accounts").values({ name: "before" }).execute();
      const inner = await trx.savepoint('odd "name').execute();
      await failureOf(inner.insertInto("accounts").values({ name: "before" }).execute());
      await (await inner.rollbackToSavepoint('odd "name').execute()).releaseSavepoint('odd "name').execute();
      await trx.commit().execute();
      assert.deepEqual(await names(db), ["before"]);
    }));

  test("concurrent transactions of two query builders do not interleave", () =>
    withAccounts(subject, async ({ db, builder }) => {
      await db.insertInto("accounts").values({ name: "counter" }).execute();
      const builders = [db, builder()];
      const increment = (builder: Kysely<Tables>) =>
        builder.transaction().execute(async (trx) => {
          const { amount } = await trx.selectFrom("accounts").select("amount").forUpdate().executeTakeFirstOrThrow();
          await new Promise((resolve) => setImmediate(resolve));
          await trx
            .updateTable("accounts")
            .set({ amount: amount + 1 })
            .execute();
        });
      await Promise.all(Array.from({ length: 40 }, (_, index) => increment(builders[index % 2] ?? db)));
      const { amount } = await db.selectFrom("accounts").select("amount").executeTakeFirstOrThrow();
      assert.equal(amount, 40);
    }));

  test("another builder's failed transaction takes nothing of ours with it", () =>
    withAccounts(subject, async ({ db, builder }) => {
      const other = builder();
      const [failed, ours] = await Promise.allSettled([
        other.transaction().execute(async (trx) => {
          await trx.insertInto("accounts").values({ name: "theirs" }).execute();
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error("theirs fails");
        }),
        db.insertInto("accounts").values({ name: "ours" }).execute(),
      ]);
      assert.deepEqual([failed.status, ours.status], ["rejected", "fulfilled"]);
      assert.deepEqual(await names(db), ["ours"]);
    }));
}

function failureConformance(subject: ConformanceSubject): void {
  const { test } = subject;
  test("broken constraints are told by kind and name", () =>
    withAccounts(subject, async ({ db, accounts }) => {
      await db.insertInto("accounts").values({ name: "one" }).execute();
      const twice = await failureOf(db.insertInto("accounts").values({ name: "one" }).execute());
      assert.deepEqual([failureKind(twice), constraintName(twice)], ["unique_violation", "accounts_name_is_unique"]);
      const negative = await failureOf(db.insertInto("accounts").values({ name: "two", amount: -1 }).execute());
      assert.deepEqual(
        [failureKind(negative), constraintName(negative)],
        ["check_violation", "amount_is_not_negative"],
      );
      const orphan = await failureOf(sql`insert into ${accounts} (name, parent) values ('x', 99)`.execute(db));
      assert.deepEqual([failureKind(orphan), constraintName(orphan)], ["foreign_key_violation", "parent_exists"]);
      const misspelt = await failureOf(sql`selekt 1`.execute(db));
      assert.deepEqual([failureKind(misspelt), constraintName(misspelt)], ["other", undefined]);
    }));

  test("an error does not carry the statement's parameters as a field", () =>
    withAccounts(subject, async ({ db }) => {
      const error = await failureOf(db.insertInto("accounts").values({ name: "a secret", amount: -1 }).execute());
      assert.ok(error instanceof Error);
      assert.ok(!("params" in error) && !("query" in error));
    }));
}

function statementConformance(subject: ConformanceSubject): void {
  const { test } = subject;
  test("many rows go down as one jsonb parameter", () =>
    withAccounts(subject, async ({ db, accounts }) => {
      const rows = JSON.stringify([
        { name: "ก", amount: 1 },
        { name: 'b "2"', amount: 2 },
      ]);
      const result = await sql<{ id: number; name: string }>`
        insert into ${accounts} (name, amount)
        select name, amount from jsonb_to_recordset(${rows}::jsonb) as given (name text, amount integer)
        returning id, name
      `.execute(db);
      assert.deepEqual(result.rows, [
        { id: 1, name: "ก" },
        { id: 2, name: 'b "2"' },
      ]);
      assert.equal(result.numAffectedRows, 2n);
    }));

  test("one statement locks a counter, takes its next number, writes and returns", () =>
    withAccounts(subject, async ({ db, accounts }) => {
      await db.insertInto("accounts").values({ name: "room" }).execute();
      const append = (name: string) =>
        sql<{ amount: number; name: string }>`
          with locked as (select id, amount from ${accounts} where name = 'room' for update),
          written as (
            insert into ${accounts} (name, amount) select ${name}::text, amount + 1 from locked returning name, amount
          ),
          counted as (
            update ${accounts} a set amount = a.amount + 1 from locked where a.id = locked.id returning a.amount
          )
          select counted.amount, written.name from written, counted
        `.execute(db);
      const answers = await Promise.all(["a", "b", "c", "d"].map(append));
      const numbers = answers.map(({ rows }) => rows[0]?.amount).sort();
      assert.deepEqual(numbers, [1, 2, 3, 4]);
      const { rows } = await sql`select name from ${accounts} where name <> 'room' order by amount`.execute(db);
      assert.equal(rows.length, 4);
    }));

  test("changes count their rows, reads do not", () =>
    withAccounts(subject, async ({ db }) => {
      await db
        .insertInto("accounts")
        .values([{ name: "a" }, { name: "b" }])
        .execute();
      const update = await db.updateTable("accounts").set({ amount: 3 }).executeTakeFirst();
      const missed = await db.deleteFrom("accounts").where("name", "=", "z").executeTakeFirst();
      assert.deepEqual([update.numUpdatedRows, missed.numDeletedRows], [2n, 0n]);
      const read = await sql`select 1 as one`.execute(db);
      assert.equal(read.numAffectedRows, undefined);
    }));

  test("a builder's destroy leaves the database open, ping answers, and the idle connection is counted", async () => {
    const database = await subject.database();
    const db = database.kysely();
    await sql`select 1`.execute(db);
    await db.destroy();
    await database.ping();
    const { total, idle, waiting } = database.stats();
    assert.ok(total >= 1 && idle >= 1 && idle <= total, `total ${total}, idle ${idle}`);
    assert.equal(waiting, 0);
  });
}
