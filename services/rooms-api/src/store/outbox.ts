// Changes that messages-api has not confirmed yet.
import type { RoomChange } from "@khui/contracts";
import { type Db, sql } from "@khui/database";

export interface OutboxRow {
  change_no: number;
  change: RoomChange;
}

/** Changes that `pendingChanges` reads at most. */
export const changesPage = 100;

/** A room's undelivered changes, oldest first. */
export async function pendingChanges(db: Db, roomId: string): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    SELECT change_no, change FROM rooms.outbox WHERE room_id = ${roomId} ORDER BY change_no LIMIT ${sql.lit(changesPage)}`.execute(
    db,
  );
  return rows;
}

/** Rooms that `pendingRooms` reads at most. */
export const roomsPage = 100;

/**
 * The next rooms after `afterRoomId` with undelivered changes, in the order of their ids, however many each has. A room is
 * `abandoned` when its oldest change was written more than `olderThanMs` ago: a live request delivers it by itself.
 */
export async function pendingRooms(
  db: Db,
  afterRoomId: string,
  olderThanMs: number,
): Promise<Array<{ roomId: string; abandoned: boolean }>> {
  const { rows } = await sql<{ roomId: string; abandoned: boolean }>`
    WITH RECURSIVE pending (room_id, created_at, place) AS (
      (SELECT room_id, created_at, 1 FROM rooms.outbox
        WHERE room_id > ${afterRoomId} ORDER BY room_id, change_no LIMIT 1)
      UNION ALL
      SELECT next.room_id, next.created_at, place + 1 FROM pending
      CROSS JOIN LATERAL (SELECT room_id, created_at FROM rooms.outbox
        WHERE room_id > pending.room_id ORDER BY room_id, change_no LIMIT 1) next
      WHERE place < ${sql.lit(roomsPage)}
    )
    SELECT room_id AS "roomId", created_at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond' AS abandoned
    FROM pending ORDER BY room_id`.execute(db);
  return rows;
}

/** The backlog is counted up to here: more is no more alarming. */
const maxCounted = 1_000;

/** How many changes are pending, counted up to a thousand, and the age of the oldest in seconds. */
export async function countBacklog(db: Db): Promise<{ changes: number; oldestSeconds: number }> {
  const { rows } = await sql<{ changes: number; oldest: number }>`
    SELECT count(*) AS changes,
      coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest
    FROM (SELECT created_at FROM rooms.outbox ORDER BY created_at LIMIT ${sql.lit(maxCounted)}) pending`.execute(db);
  return { changes: rows[0]?.changes ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 };
}

/** Deletes what messages-api has confirmed. */
export async function confirmChanges(db: Db, roomId: string, upTo: number): Promise<void> {
  await sql`DELETE FROM rooms.outbox WHERE room_id = ${roomId} AND change_no <= ${upTo}`.execute(db);
}
