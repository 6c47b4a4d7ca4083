// The status that users have chosen.
import type { StatusChoice } from "@khui/contracts";
import { type Db, sql } from "@khui/database";

/**
 * Stores a choice and returns its revision, which is higher than that of any before: a time in microseconds, so that this is also true
 * after an older backup was restored. To choose again what is chosen writes nothing. What was chosen earlier, when it could not be
 * stored, has a revision of that time, and is only stored where that is the highest.
 */
export async function chooseStatus(
  db: Db,
  userId: string,
  status: StatusChoice["status"],
  earlier?: number,
): Promise<number> {
  const given = sql`${earlier ?? null}::bigint`;
  const { rows } = await sql<{ revision: number }>`
    WITH kept AS (SELECT revision FROM rooms.statuses WHERE user_id = ${userId} AND status = ${status} AND ${given} IS NULL),
    chosen AS (
      INSERT INTO rooms.statuses AS s (user_id, status, revision)
      SELECT ${userId}, ${status}, coalesce(${given}, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
      WHERE NOT EXISTS (SELECT FROM kept)
      ON CONFLICT (user_id) DO UPDATE SET status = excluded.status,
        revision = coalesce(${given}, greatest(s.revision + 1, excluded.revision))
      WHERE s.revision < coalesce(${given}, s.revision + 1)
      RETURNING revision
    )
    SELECT revision FROM chosen UNION ALL SELECT revision FROM kept`.execute(db);
  return rows[0]?.revision ?? earlier ?? 0;
}

/** In the order of the ids; users who never chose are online, at revision 0. */
export async function findStatuses(db: Db, userIds: readonly string[]): Promise<StatusChoice[]> {
  const { rows } = await sql<StatusChoice & { user_id: string }>`
    SELECT user_id, status, revision FROM rooms.statuses WHERE user_id = ANY(${userIds}::text[])`.execute(db);
  const chosen = new Map(rows.map(({ user_id, status, revision }) => [user_id, { status, revision }]));
  return userIds.map((userId) => chosen.get(userId) ?? { status: "online", revision: 0 });
}
