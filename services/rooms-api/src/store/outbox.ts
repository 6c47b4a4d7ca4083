// Changes on their way to messages-api.
import type { RoomChange } from "@khui/contracts";
import { sql } from "@khui/database";
import type { Db } from "./tables.js";

export interface OutboxRow {
  change_no: number;
  change: RoomChange;
}

/** What a room still has to hand over, oldest first. */
export async function pendingChanges(db: Db, roomId: string): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    SELECT change_no, change FROM rooms.outbox WHERE room_id = ${roomId} ORDER BY change_no LIMIT 100`.execute(db);
  return rows;
}

/**
 * Rooms with something to hand over that was written `olderThanMs` ago: a request that is alive does it by itself. Oldest
 * first, those of `last` behind all others.
 */
export async function pendingRooms(db: Db, olderThanMs: number, last: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ room_id: string }>`
    SELECT room_id FROM rooms.outbox WHERE created_at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond'
    GROUP BY room_id ORDER BY room_id = ANY(${last}::text[]), min(created_at) LIMIT 100`.execute(db);
  return rows.map(({ room_id }) => room_id);
}

/** How many changes wait, and for how long the oldest has (seconds). */
export async function backlog(db: Db): Promise<{ changes: number; oldestSeconds: number }> {
  const { rows } = await sql<{ changes: number; oldest: number }>`
    SELECT count(*) AS changes,
      coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest
    FROM rooms.outbox`.execute(db);
  return { changes: rows[0]?.changes ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 };
}

/** Forgets what messages-api has confirmed. */
export async function confirmChanges(db: Db, roomId: string, upTo: number): Promise<void> {
  await sql`DELETE FROM rooms.outbox WHERE room_id = ${roomId} AND change_no <= ${upTo}`.execute(db);
}
