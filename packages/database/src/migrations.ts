// Brings a schema up to date from a folder of numbered SQL files.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AcquireSession, Session } from "./session.js";

interface MigrationFile {
  number: number;
  name: string;
  path: string;
}

/**
 * Runs what is missing; see `Database.migrate` for the guarantees.
 *
 * The lock is taken anew for each file, as a transaction's own: it goes with the transaction, also when the process
 * dies, and it holds behind a pooler that hands out a connection per transaction.
 */
export async function migrate(
  acquire: AcquireSession,
  schema: string,
  folder: string | URL,
): Promise<{ applied: string[] }> {
  // The name goes into statements that take no parameters, so nothing that would need quoting is let in.
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new Error(`not a schema name: ${schema}`);
  const files = await migrationFiles(folder);
  const applied: string[] = [];
  const session = await acquire();
  try {
    for (;;) {
      const name = await applyNext(session, schema, files);
      if (name === undefined) return { applied };
      applied.push(name);
    }
  } finally {
    await session.release();
  }
}

/** The folder's files by number. @throws where one is misnamed, missing or there twice */
async function migrationFiles(folder: string | URL): Promise<MigrationFile[]> {
  const directory = folder instanceof URL ? fileURLToPath(folder) : folder;
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  return names.map((name, index) => {
    const number = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1]);
    if (Number.isNaN(number)) throw new Error(`${join(directory, name)} is not named NNNN-name.sql`);
    if (number !== index + 1) {
      throw new Error(`${directory}: expected migration ${index + 1}, found ${name}: a gap or a repeated number`);
    }
    return { number, name, path: join(directory, name) };
  });
}

/** Applies the first file that has not run yet, and returns its name; undefined when there is none. */
async function applyNext(session: Session, schema: string, files: MigrationFile[]): Promise<string | undefined> {
  // Waiting for another replica, and rewriting a large table, may take longer than any query may.
  await session.script("begin; set local statement_timeout = 0");
  try {
    await session.script(`select pg_advisory_xact_lock(hashtextextended('migrations of ${schema}', 0))`);
    await createRecords(session, schema);
    const next = files[await countApplied(session, schema, files)];
    if (next) {
      await runFile(session, next, schema);
      await session.query(`insert into ${schema}.migrations (number, name) values ($1, $2)`, [next.number, next.name]);
    }
    await session.query("commit", []);
    return next?.name;
  } catch (error) {
    // On a lost connection there is nothing to roll back, and the first error tells more than this one would.
    await session.script("rollback").catch(() => undefined);
    throw error;
  }
}

async function createRecords(session: Session, schema: string): Promise<void> {
  // IF NOT EXISTS asks for the right to create before it looks, which a service's own role need not have.
  const found = await session.query(
    "select to_regnamespace($1) is not null as schema, to_regclass($2) is not null as records",
    [schema, `${schema}.migrations`],
  );
  const present: Record<string, unknown> = isRow(found.rows[0]) ? found.rows[0] : {};
  if (present.schema !== true) await session.script(`create schema ${schema}`);
  if (present.records === true) return;
  await session.script(`create table ${schema}.migrations (
    number integer primary key,
    name text not null,
    applied_at timestamptz not null default now()
  )`);
}

/** How many have run. @throws where what has run is not what the folder says */
async function countApplied(session: Session, schema: string, files: MigrationFile[]): Promise<number> {
  const { rows } = await session.query(`select number, name from ${schema}.migrations order by number`, []);
  rows.forEach((row, index) => {
    if (!isRow(row) || row.number !== index + 1) {
      throw new Error(`${schema}.migrations has a gap: migration ${index + 1} is not recorded`);
    }
    const file = files[index];
    if (file && file.name !== row.name) {
      throw new Error(`migration ${index + 1} of ${schema} ran as ${String(row.name)} and is now named ${file.name}`);
    }
  });
  return rows.length;
}

async function runFile(session: Session, file: MigrationFile, schema: string): Promise<void> {
  const statements = await readFile(file.path, "utf8");
  try {
    await session.script(statements);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`migration ${file.name} of ${schema} failed: ${reason}`, { cause });
  }
}

function isRow(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
