// A separate, filled database, opened as services open it, that reports the plan of every statement.
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Database, type Db, sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { createDatabase } from "../servers/database.js";
import type { CostSuite } from "./cases.js";
import { planIn } from "./plan.js";
import { type Execution, type Recording, record } from "./recording.js";

export interface MeasuredDatabase {
  /** Runs `work` in a transaction that is rolled back. An error that it throws is the outcome; statements before it still count. */
  measure<T>(work: (db: Db) => Promise<T>): Promise<{ outcome: T | Error; executions: Execution[] }>;
  /** Leaves the tables as autovacuum does: fresh statistics, all pages marked as all-visible, no dead rows of rolled-back transactions. */
  vacuum(): Promise<void>;
  close(): Promise<void>;
}

/** Fills and measurements can be slow on a busy machine. */
const limits = { statementTimeoutMs: 120_000, idleInTransactionMs: 120_000 };

/** For a transaction; one message to the server. */
const explainAll = sql.raw(`
  load 'auto_explain';
  set auto_explain.log_analyze = on;
  set auto_explain.log_buffers = on;
  set auto_explain.log_timing = off;
  set auto_explain.log_nested_statements = on;
  set auto_explain.log_format = json;
  set auto_explain.log_level = notice;
  set auto_explain.log_min_duration = 0`);

/** Makes the database on the server of `serverUrl`, whose role must be a superuser. */
export async function openMeasured(
  serverUrl: string,
  suite: Pick<CostSuite<unknown>, "source" | "schema" | "migrations" | "filledAt">,
  fill: (db: Db) => Promise<void>,
): Promise<MeasuredDatabase> {
  const { url, drop } = await createDatabase(serverUrl);
  let current: Recording | undefined;
  const onNotice = (message: string) => {
    const plan = planIn(message);
    if (plan) current?.take(plan);
  };
  const filling = openPostgres({ url, poolSize: 1, ...limits });
  // A single connection, so that each statement is prepared once.
  const explained = openPostgres({ url, poolSize: 1, ...limits, onNotice });
  const close = async () => {
    await Promise.all([filling.close(), explained.close()]);
    await drop();
  };
  try {
    await fillMigrated(filling, suite, fill);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async measure(work) {
      const transaction = await explained.kysely<Record<string, never>>().startTransaction().execute();
      await explainAll.execute(transaction);
      const recording = record(transaction, suite.source);
      current = recording;
      const outcome = await work(recording.db).catch((error: Error) => error);
      await transaction.rollback().execute();
      current = undefined;
      return { outcome, executions: recording.executions() };
    },
    async vacuum() {
      await sql`vacuum analyze`.execute(filling.kysely());
    },
    close,
  };
}

/** Fills after the first `filledAt` migrations, and runs the later ones on the existing data, as in a deployment. */
async function fillMigrated(
  database: Database,
  { schema, migrations, filledAt }: Parameters<typeof openMeasured>[1],
  fill: (db: Db) => Promise<void>,
): Promise<void> {
  const first = mkdtempSync(join(tmpdir(), "khui-migrations-"));
  try {
    for (const file of readdirSync(migrations).sort().slice(0, filledAt))
      cpSync(new URL(file, migrations), join(first, file));
    await database.migrate(schema, pathToFileURL(`${first}/`));
  } finally {
    rmSync(first, { recursive: true, force: true });
  }
  await fill(database.kysely());
  await database.migrate(schema, migrations);
}
