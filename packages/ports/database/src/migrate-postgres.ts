// Brings a schema up to date on a Postgres that may not be there yet, as one that starts at the same time.
import { setTimeout as sleep } from "node:timers/promises";
import { failureKind } from "./failures.js";
import { openPostgres } from "./postgres.js";

export interface MigrateOptions {
  /** `postgres://user:password@host:port/database`, of a role that may change the schema. */
  url: string;
  /** Shown in `pg_stat_activity`. */
  applicationName: string;
  schema: string;
  /** The folder of its files; see `Database.migrate`. */
  migrations: string | URL;
  /** How long to try again while Postgres is unavailable. */
  timeoutMs?: number;
  pauseMs?: number;
  /** Called with the reason before each pause; for the log. */
  onPause?: (error: unknown) => void;
}

/**
 * Opens a connection, runs what is missing, and closes it.
 *
 * @returns the names of the files that were applied
 * @throws what `Database.migrate` throws: at once if trying again cannot help, else after `timeoutMs`
 */
export async function migratePostgres(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, applicationName, schema, migrations, onPause } = options;
  // A managed Postgres fails over, or a node comes up, within minutes.
  const { timeoutMs = 5 * 60_000, pauseMs = 2_000 } = options;
  const database = openPostgres({ url, poolSize: 1, applicationName });
  const deadline = Date.now() + timeoutMs;
  try {
    for (;;) {
      try {
        return await database.migrate(schema, migrations);
      } catch (error) {
        if (!mayPass(error) || Date.now() >= deadline) throw error;
        onPause?.(error);
        await sleep(pauseMs);
      }
    }
  } finally {
    await database.close();
  }
}

/** A server that answers, but refuses the role (SQLSTATE class 28) or has no such database (3D), goes on doing so. */
function mayPass(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const refused = cause instanceof Error && /^(28|3D)/.test(String(Reflect.get(cause, "code")));
  return failureKind(error) === "unavailable" && !refused;
}
