// Counts what statements touch on a real Postgres, where noise changes nothing.
import { type Database, sql } from "@khui/database";

/**
 * Pages of tables and indexes of the schema `rooms` that `work` looks at, in memory or not: the difference of the server's own
 * statistics. `database` has one connection, which reports its statistics at the end of each transaction.
 */
export async function pagesTouched(database: Database, work: () => Promise<unknown>): Promise<number> {
  const before = await pages(database);
  await work();
  return (await pages(database)) - before;
}

async function pages(database: Database): Promise<number> {
  const db = database.kysely();
  await sql`SELECT pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ pages: number }>`
    SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0)
      + coalesce(toast_blks_hit + toast_blks_read + tidx_blks_hit + tidx_blks_read, 0))::float8 AS pages
    FROM pg_statio_user_tables WHERE schemaname = 'rooms'`.execute(db);
  return rows[0]?.pages ?? 0;
}
