// Removes entries from the log that are older than anyone may resume from.
import { type Db, sql } from "@khui/database";

/** Entries removed by one statement: few enough not to delay writers. */
export const pruneChunk = 5_000;

/** Removes old entries and raises each room's floor with them, in one statement. Returns how many were removed. */
export async function pruneLog(db: Db, olderThan: Date): Promise<number> {
  const { rows } = await sql<{ pruned: number }>`
    WITH old AS (
      DELETE FROM messages.log WHERE ctid IN (
        SELECT ctid FROM messages.log WHERE at < ${olderThan} ORDER BY at LIMIT ${pruneChunk} FOR UPDATE SKIP LOCKED
      ) RETURNING room_id, seq
    ),
    -- in the order of their ids, as sending locks them
    room AS MATERIALIZED (
      SELECT r.id FROM messages.rooms r WHERE r.id = ANY(ARRAY(SELECT DISTINCT room_id FROM old))
      ORDER BY r.id FOR NO KEY UPDATE OF r
    ),
    raised AS (
      UPDATE messages.rooms r SET floor = greatest(r.floor, o.seq)
      FROM (SELECT room_id, max(seq) AS seq FROM old GROUP BY room_id) o
      WHERE r.id = o.room_id AND r.id = ANY(ARRAY(SELECT id FROM room))
    )
    SELECT count(*) AS pruned FROM old`.execute(db);
  return rows[0]?.pruned ?? 0;
}
