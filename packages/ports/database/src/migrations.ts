// Brings a schema up to date from a folder of numbered SQL files.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationOptions } from "./database.js";
import type { AcquireSession, Session } from "./session.js";

interface MigrationFile {
  number: number;
  name: string;
  path: string;
}

/** SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const lockNotAvailable = "55P03";
/** unique_violation (of the catalogue's own index), duplicate_schema, duplicate_table */
const alreadyThere: ReadonlySet<string> = new Set(["23505", "42P06", "42P07"]);

/**
 * Runs what is missing; see `Database.migrate` for the guarantees.
 *
 * The lock is taken again for each file, as a transaction's own: it goes with the transaction, also when the process
 * dies, and it holds behind a pooler that hands out a connection per transaction.
 */
export async function migrate(
  acquire: AcquireSession,
  schema: string,
  folder: string | URL,
  { lockTimeoutMs = 240_000 }: MigrationOptions = {},
): Promise<{ applied: string[] }> {
  // The name goes into statements that take no parameters, so nothing that would need quoting is let in.
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new Error(`not a schema name: ${schema}`);
  const files = await migrationFiles(folder);
  const applied: string[] = [];
  const session = await acquire();
  try {
    await createRecords(session, schema, lockTimeoutMs);
    // Without the lock: a service's own role may lack the right to take it.
    while ((await countApplied(session, schema, files)) < files.length) {
      const name = await applyNext(session, schema, files, lockTimeoutMs);
      if (name !== undefined) applied.push(name);
    }
    return { applied };
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
async function applyNext(
  session: Session,
  schema: string,
  files: MigrationFile[],
  lockTimeoutMs: number,
): Promise<string | undefined> {
  await begin(session, lockTimeoutMs);
  try {
    await lockRecords(session, schema, lockTimeoutMs);
    const next = files[await countApplied(session, schema, files)];
    if (next) {
      await runFile(session, next, schema);
      await session.query(`insert into ${schema}.migrations (number, name) values ($1, $2)`, [next.number, next.name]);
    }
    await session.query("commit", []);
    return next?.name;
  } catch (error) {
    // On a lost connection there is nothing to roll back, and the first error says more than this one would.
    await session.script("rollback").catch(() => undefined);
    throw error;
  }
}

/** Waiting for another replica, and rewriting a large table, may take longer than any query may. */
function begin(session: Session, lockTimeoutMs: number): Promise<void> {
  return session.script(`begin; set local statement_timeout = 0; set local lock_timeout = ${lockTimeoutMs}`);
}

/**
 * Lets one process migrate at a time. Locks a table of the schema, not an advisory lock, which any role of the server can hold;
 * in a mode that lets others read.
 */
async function lockRecords(session: Session, schema: string, lockTimeoutMs: number): Promise<void> {
  try {
    await session.script(`lock table ${schema}.migrations in share row exclusive mode`);
  } catch (cause) {
    if (codeOf(cause) !== lockNotAvailable) throw cause;
    const held = `another session has held ${schema}.migrations for ${lockTimeoutMs} ms (pg_locks names it)`;
    throw new Error(`the migrations of ${schema} were not begun: ${held}`, { cause });
  }
}

/** Makes the schema and its table of records where they are missing. */
async function createRecords(session: Session, schema: string, lockTimeoutMs: number): Promise<void> {
  // IF NOT EXISTS requires the right to create even if nothing is created; a service's own role may lack it.
  const { schemaThere, recordsThere } = await lookAround(session, schema);
  if (recordsThere) return;
  await begin(session, lockTimeoutMs);
  try {
    if (!schemaThere) await session.script(`create schema ${schema}`);
    await session.script(`create table ${schema}.migrations (
      number integer primary key,
      name text not null,
      applied_at timestamptz not null default now()
    )`);
    await session.query("commit", []);
  } catch (error) {
    await session.script("rollback").catch(() => undefined);
    // Another replica may have created it meanwhile; then everything exists.
    if (alreadyThere.has(codeOf(error) ?? "") && (await lookAround(session, schema)).recordsThere) return;
    throw error;
  }
}

async function lookAround(session: Session, schema: string): Promise<{ schemaThere: boolean; recordsThere: boolean }> {
  const { rows } = await session.query(
    "select to_regnamespace($1) is not null as schema, to_regclass($2) is not null as records",
    [schema, `${schema}.migrations`],
  );
  const present: Record<string, unknown> = isRow(rows[0]) ? rows[0] : {};
  return { schemaThere: present.schema === true, recordsThere: present.records === true };
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

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}
