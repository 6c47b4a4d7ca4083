// The migration tests of the database suite.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Database } from "@khui/database";
import { sql } from "kysely";
import type { ConformanceSubject } from "./database-subject.js";

interface Bench {
  database: Database;
  schema: string;
  folder: string;
  write(name: string, statements: string): Promise<void>;
  /** Names in the schema's table of applied migrations, in order. */
  recorded(): Promise<string[]>;
  /** Tables in the schema besides that one. */
  tables(): Promise<string[]>;
}

/** Registers the migration tests; each has a schema and a folder of its own. */
export function migrationConformance({ test, database }: ConformanceSubject): void {
  function migrationTest(name: string, run: (bench: Bench) => Promise<void>): void {
    test(name, async () => {
      const bench = await openBench(await database());
      try {
        await run(bench);
      } finally {
        await sql`drop schema if exists ${sql.id(bench.schema)} cascade`.execute(bench.database.kysely());
        await rm(bench.folder, { recursive: true, force: true });
      }
    });
  }

  migrationTest("migrations run once, in order, and new ones later", async ({ database, schema, folder, ...bench }) => {
    await bench.write("0001-first.sql", `create table ${schema}.a (id int); insert into ${schema}.a values (1);`);
    await bench.write("0002-second.sql", `alter table ${schema}.a rename to b;`);
    await bench.write("notes.md", "not a migration");
    assert.deepEqual(await database.migrate(schema, folder), { applied: ["0001-first.sql", "0002-second.sql"] });
    assert.deepEqual(await database.migrate(schema, pathToFileURL(folder)), { applied: [] });
    await bench.write("0003-only-a-comment.sql", "-- nothing to do\n");
    assert.deepEqual(await database.migrate(schema, folder), { applied: ["0003-only-a-comment.sql"] });
    assert.deepEqual(await bench.tables(), ["b"]);
    assert.equal((await bench.recorded()).length, 3);
  });

  migrationTest("nothing of a failing file stays, and it runs once mended", async (bench) => {
    const { database, schema, folder } = bench;
    await bench.write("0001-good.sql", `create table ${schema}.good (id int)`);
    await bench.write(
      "0002-bad.sql",
      `create table ${schema}.half (id int); insert into ${schema}.missing values (1);`,
    );
    await assert.rejects(database.migrate(schema, folder), /0002-bad\.sql.*missing/);
    assert.deepEqual(await bench.tables(), ["good"]);
    assert.deepEqual(await bench.recorded(), ["0001-good.sql"]);
    await bench.write("0002-bad.sql", `create table ${schema}.whole (id int)`);
    assert.deepEqual(await database.migrate(schema, folder), { applied: ["0002-bad.sql"] });
    assert.deepEqual(await bench.tables(), ["good", "whole"]);
  });

  migrationTest("a gap, a repeated number and a bad name are refused before anything runs", async (bench) => {
    const { database, schema, folder } = bench;
    await bench.write("0001-a.sql", "select 1");
    await bench.write("0003-c.sql", "select 1");
    await assert.rejects(database.migrate(schema, folder), /gap/);
    await rename(join(folder, "0003-c.sql"), join(folder, "0001-again.sql"));
    await assert.rejects(database.migrate(schema, folder), /repeated/);
    await rename(join(folder, "0001-again.sql"), join(folder, "2-b.sql"));
    await assert.rejects(database.migrate(schema, folder), /NNNN-name/);
    await assert.rejects(database.migrate(`${schema}; drop table x`, folder), /schema name/);
    const found = await sql`select 1 from pg_namespace where nspname = ${schema}`.execute(database.kysely());
    assert.deepEqual(found.rows, []);
  });

  migrationTest("an applied file under another name is refused, a database that is ahead is not", async (bench) => {
    const { database, schema, folder } = bench;
    await bench.write("0001-a.sql", "select 1");
    await bench.write("0002-b.sql", "select 1");
    await database.migrate(schema, folder);
    await rm(join(folder, "0002-b.sql"));
    assert.deepEqual(await database.migrate(schema, folder), { applied: [] });
    await rename(join(folder, "0001-a.sql"), join(folder, "0001-z.sql"));
    await assert.rejects(database.migrate(schema, folder), /ran as 0001-a\.sql and is now named 0001-z\.sql/);
  });

  migrationTest("of replicas that migrate at once, each file is applied by one", async (bench) => {
    const { database, schema, folder } = bench;
    const files = ["0001-a.sql", "0002-b.sql", "0003-c.sql"];
    for (const file of files) await bench.write(file, `create table ${schema}.t${file.slice(0, 4)} (id int)`);
    // As many as the Postgres pool has connections, so that they run at the same time on an empty schema.
    const results = await Promise.all(Array.from({ length: 8 }, () => database.migrate(schema, folder)));
    assert.deepEqual(results.flatMap(({ applied }) => applied).sort(), files);
    assert.deepEqual(await bench.recorded(), files);
  });

  migrationTest("what a lock's deadline is changes nothing where nobody holds it", async (bench) => {
    await bench.write("0001-a.sql", "select 1");
    const { applied } = await bench.database.migrate(bench.schema, bench.folder, { lockTimeoutMs: 1_000 });
    assert.deepEqual(applied, ["0001-a.sql"]);
    const { rows } = await sql<{ limit: string }>`select current_setting('lock_timeout') as limit`.execute(
      bench.database.kysely(),
    );
    assert.equal(rows[0]?.limit, "0", "the connection is as it was");
  });
}

async function openBench(database: Database): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "migrations-"));
  const schema = `m_${randomUUID().replaceAll("-", "")}`;
  const db = database.kysely();
  return {
    database,
    schema,
    folder,
    write: (name, statements) => writeFile(join(folder, name), statements),
    async recorded() {
      const records = sql.table(`${schema}.migrations`);
      const { rows } = await sql<{ name: string }>`select name from ${records} order by number`.execute(db);
      return rows.map((row) => row.name);
    },
    async tables() {
      const { rows } = await sql<{ name: string }>`
        select tablename as name from pg_tables where schemaname = ${schema} and tablename <> 'migrations' order by 1
      `.execute(db);
      return rows.map((row) => row.name);
    },
  };
}
