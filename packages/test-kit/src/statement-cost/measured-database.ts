// A database of its own on a real Postgres, opened as services open it, that tells the plan of every statement.
import { randomUUID } from "node:crypto";
import { sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { startBackends } from "../../../../deploy/backends/backends.js";
import type { Db } from "./cases.js";
import { planIn } from "./plan.js";
import { type Execution, type Recording, record } from "./recording.js";

export interface MeasuredDatabase {
  /** For filling tables: nothing is recorded. */
  readonly db: Db;
  /** As autovacuum leaves the tables: statistics fresh, and pages known to be visible to all. */
  vacuum(): Promise<void>;
  /** Runs `work` in a transaction that is rolled back. What it threw is its outcome: statements before it count all the same. */
  measure<T>(source: URL, work: (db: Db) => Promise<T>): Promise<{ outcome: T | Error; executions: Execution[] }>;
  close(): Promise<void>;
}

/** Fills and measurements are long statements on a busy machine. */
const limits = { statementTimeoutMs: 120_000, idleInTransactionMs: 120_000 };

const explainAll = [
  "load 'auto_explain'",
  ...["log_analyze", "log_buffers", "log_nested_statements"].map((name) => `set auto_explain.${name} = on`),
  "set auto_explain.log_timing = off",
  "set auto_explain.log_format = json",
  "set auto_explain.log_level = notice",
  "set auto_explain.log_min_duration = 0",
];

/** On the server of TEST_POSTGRES_URL where it is set, else on a private one. The role must be a superuser. */
export async function openMeasured(schema: string, migrations: URL): Promise<MeasuredDatabase> {
  const server = await startBackends(["postgres"], {
    environment: { PATH: process.env.PATH, POSTGRES_URL: process.env.TEST_POSTGRES_URL },
  });
  const serverUrl = server.postgresUrl ?? "";
  const name = `khui_cost_${randomUUID().replaceAll("-", "")}`;
  const owner = openPostgres({ url: serverUrl, poolSize: 1 });
  await sql`create database ${sql.id(name)}`.execute(owner.kysely());
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const filling = openPostgres({ url, poolSize: 1, ...limits });
  let current: Recording | undefined;
  const onNotice = (message: string) => {
    const plan = planIn(message);
    if (plan) current?.take(plan);
  };
  // One connection: the settings are this session's.
  const explained = openPostgres({ url, poolSize: 1, ...limits, onNotice });
  await filling.migrate(schema, migrations);
  for (const command of explainAll) await sql.raw(command).execute(explained.kysely());

  return {
    db: filling.kysely(),
    async vacuum() {
      await sql`vacuum analyze`.execute(filling.kysely());
    },
    async measure(source, work) {
      const transaction = await explained.kysely<Record<string, never>>().startTransaction().execute();
      const recording = record(transaction, source);
      current = recording;
      const outcome = await work(recording.db).catch((error: Error) => error);
      await transaction.rollback().execute();
      current = undefined;
      return { outcome, executions: recording.executions() };
    },
    async close() {
      await Promise.all([filling.close(), explained.close()]);
      await sql`drop database ${sql.id(name)} with (force)`.execute(owner.kysely());
      await owner.close();
      await server.stop();
    },
  };
}
