// The database port on PGlite: Postgres inside this process, in a folder or in memory.
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import { Kysely } from "kysely";
import type { Database } from "./database.js";
import { lockFolder } from "./folder-lock.js";
import { migrate } from "./migrations.js";
import { observed, type StatementObserver } from "./observed.js";
import { PgliteEngine, TurnSession } from "./pglite-engine.js";
import { cachedTemplate } from "./pglite-template.js";
import { sessionDialect } from "./session.js";
import { SyncedFolder, syncedStart } from "./synced-folder.js";
import { openTurns } from "./turns.js";
import { valueParsers, valueSerializers } from "./value-types.js";

export interface PgliteOptions {
  /** Where the data is kept; made if missing. Absent: in memory, gone with `close`. */
  folder?: string;
  /** What `dumpDataDir("none")` of a PGlite gave; a new database starts as a copy of it. */
  template?: Blob;
  /** A file to keep an empty database in, and to start new ones from; see `cachedTemplate`. */
  cache?: string;
  /** Whether a commit in a folder waits for the disk (the default). Without, a power cut may damage the database. */
  waitForDisk?: boolean;
  /** How long a query or transaction waits for those before it. */
  turnTimeoutMs?: number;
  onStatement?: StatementObserver;
}

/**
 * Opens a database. There is one connection: queries and transactions take turns in the order they came, and each
 * query holds the event loop while it runs. There is no statement time-out.
 *
 * What was committed to a folder survives the death of the process, and of the machine unless `waitForDisk` is off.
 *
 * When the engine inside dies (its disk is full or broken), everything fails as `unavailable` until it is opened anew,
 * which belongs into a new process: the dead one's memory is not given back.
 *
 * @throws where another process has the folder open
 */
export async function openPglite(options: PgliteOptions = {}): Promise<Database> {
  const folder = options.folder === undefined ? undefined : resolve(options.folder);
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const unlock = folder === undefined ? () => undefined : lockFolder(folder);
  try {
    const engine = await (folder === undefined ? start(options) : startIn(folder, options));
    return database(new PgliteEngine(engine), unlock, options);
  } catch (error) {
    unlock();
    throw error;
  }
}

function database(engine: PgliteEngine, unlock: () => void, options: PgliteOptions): Database {
  const turns = openTurns(options.turnTimeoutMs ?? 10_000);
  const acquire = observed(async () => new TurnSession(engine, await turns.take()), options.onStatement);

  async function shutDown(): Promise<void> {
    await turns.close();
    await engine.close();
    unlock();
  }

  let closed: Promise<void> | undefined;
  return {
    kysely: <Tables>() => new Kysely<Tables>({ dialect: sessionDialect(acquire) }),
    migrate: (schema, files, own) => migrate(acquire, schema, files, own),
    async ping() {
      const session = await acquire();
      try {
        await session.query("select 1", []);
      } finally {
        await session.release();
      }
    },
    stats: () => ({ total: 1, idle: turns.busy() ? 0 : 1, waiting: turns.waiting() }),
    close() {
      closed ??= shutDown();
      return closed;
    },
  };
}

/** A folder's database is complete once the mark of its making is gone; before that nothing in it is worth keeping. */
async function startIn(folder: string, options: PgliteOptions): Promise<PGlite> {
  const dataDir = join(folder, "data");
  const making = join(folder, "making");
  if (existsSync(making)) await rm(dataDir, { recursive: true, force: true });
  const storage =
    options.waitForDisk === false ? { dataDir } : { fs: new SyncedFolder(dataDir), startParams: syncedStart };
  if (existsSync(join(dataDir, "PG_VERSION"))) return PGlite.create({ ...storage, ...valueTypes });
  await writeFile(making, "");
  const engine = await start(options, storage);
  await rm(making);
  return engine;
}

async function start({ template, cache }: PgliteOptions, storage: PGliteOptions = {}): Promise<PGlite> {
  const loadDataDir = template ?? (cache === undefined ? undefined : await cachedTemplate(cache));
  return PGlite.create({ ...storage, ...(loadDataDir === undefined ? {} : { loadDataDir }), ...valueTypes });
}

const valueTypes = { parsers: { ...valueParsers }, serializers: { ...valueSerializers } };
