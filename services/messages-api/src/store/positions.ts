// How far members have read and been reached: positions per member, never a row per message and reader.
import type { ErrorCode, Position } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { isOpen, lockWithin } from "./tables.js";

export interface ReadRequest {
  readonly roomId: string;
  readonly userId: string;
  /** Up to this message; to the newest without. */
  readonly messageId: string | undefined;
}

export type ReadResult =
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | {
      readonly kind: "read";
      readonly moved: boolean;
      readonly seq: number;
      readonly messageId: string | null;
      readonly at: Date;
      /** People in the room. */
      readonly members: number;
    };

interface ReadRow {
  i: number;
  room_known: boolean;
  is_member: boolean;
  message_known: boolean;
  moved: boolean;
  seq: number | null;
  message_id: string | null;
  at: Date | null;
  members: number;
}

/**
 * Moves read positions forward, never back; results are in the order of the requests, of which no two may be for the
 * same member of the same room. A mark is three numbers of one moment (what the room and the member had sent by then, and
 * where the log stood), which one snapshot shows together: so no room is locked, and no send waits. The limit on the input shows
 * the planner that it is short: it assumes a hundred rows of such a function, and would read whole tables for them.
 */
export async function markReadBatch(db: Db, requests: readonly ReadRequest[]): Promise<ReadResult[]> {
  const input = requests.map(({ roomId, userId, messageId }, i) => ({
    i,
    room_id: roomId,
    user_id: userId,
    message_id: messageId ?? null,
  }));
  const { rows } = await sql<ReadRow>`
    WITH input AS MATERIALIZED (
      SELECT *, ${lockWithin()} FROM jsonb_to_recordset(${JSON.stringify(input)}::jsonb)
        AS x(i int, room_id text, user_id text, message_id text) LIMIT ${requests.length}
    ),
    goal AS MATERIALIZED (
      SELECT input.*, r.id IS NOT NULL AND (me.user_id IS NOT NULL OR ${isOpen(sql`r`)}) AS room_known, me.user_id IS NOT NULL AS is_member,
        input.message_id IS NULL OR upto.id IS NOT NULL AS message_known,
        r.member_count AS members, coalesce(upto.seq, r.seq) AS goal_seq, coalesce(upto.ordinal, r.ordinal) AS goal_ordinal, me.sent AS my_sent,
        upto.id IS NOT NULL AS partly
      FROM input
      LEFT JOIN LATERAL (SELECT * FROM messages.rooms r WHERE r.id = input.room_id LIMIT 1) r ON true
      LEFT JOIN LATERAL (
        SELECT * FROM messages.members m WHERE m.room_id = input.room_id AND m.user_id = input.user_id AND m.is_active LIMIT 1
      ) me ON true
      LEFT JOIN LATERAL (
        SELECT * FROM messages.messages m WHERE m.id = input.message_id LIMIT 1
      ) upto ON upto.room_id = r.id
    ),
    -- in the same order as deliveries lock them
    held AS MATERIALIZED (
      SELECT g.* FROM goal g JOIN messages.positions o ON o.room_id = g.room_id AND o.user_id = g.user_id
      WHERE g.is_member AND g.message_known AND o.read_seq < g.goal_seq
      ORDER BY o.room_id, o.user_id FOR UPDATE OF o
    ),
    moved AS (
      UPDATE messages.positions o SET read_seq = g.goal_seq, read_ordinal = g.goal_ordinal,
        read_at = date_trunc('milliseconds', clock_timestamp()),
        delivered_seq = greatest(o.delivered_seq, g.goal_seq),
        read_message = (SELECT id FROM messages.messages m WHERE m.room_id = g.room_id AND m.seq <= g.goal_seq
          ORDER BY m.seq DESC LIMIT 1),
        read_sent = CASE WHEN NOT g.partly THEN g.my_sent ELSE coalesce((SELECT m.sent FROM messages.messages m
          WHERE m.room_id = g.room_id AND m.sender_id = g.user_id AND m.seq <= g.goal_seq
          ORDER BY m.seq DESC LIMIT 1), 0) END
      FROM held g WHERE o.room_id = g.room_id AND o.user_id = g.user_id
      RETURNING g.i, o.read_seq, o.read_message, o.read_at
    )
    SELECT g.i, g.room_known, g.is_member, g.message_known, g.members, moved.i IS NOT NULL AS moved,
      coalesce(moved.read_seq, o.read_seq) AS seq, coalesce(moved.read_message, o.read_message) AS message_id,
      coalesce(moved.read_at, o.read_at, clock_timestamp()) AS at
    FROM goal g LEFT JOIN moved ON moved.i = g.i
    LEFT JOIN LATERAL (
      SELECT * FROM messages.positions o WHERE o.room_id = g.room_id AND o.user_id = g.user_id LIMIT 1
    ) o ON true`.execute(db);
  const results = new Array<ReadResult>(requests.length);
  for (const row of rows) results[row.i] = resultOf(row);
  return results;
}

function resultOf(row: ReadRow): ReadResult {
  if (!row.room_known) return { kind: "refused", code: "room_not_found" };
  if (!row.is_member || row.seq === null || row.at === null) return { kind: "refused", code: "not_a_participant" };
  if (!row.message_known) return { kind: "refused", code: "message_not_found" };
  const { moved, seq, message_id: messageId, at, members } = row;
  return { kind: "read", moved, seq, messageId, at, members };
}

export interface Delivery {
  readonly roomId: string;
  readonly userId: string;
  readonly seq: number;
}

/** A delivered position that moved, with the number of people in the room. */
export interface Delivered extends Delivery {
  readonly members: number;
}

/** Records what reached sockets, never beyond the room's head; returns those positions that moved. Rows are locked in order. */
export async function markDelivered(db: Db, deliveries: readonly Delivery[]): Promise<Delivered[]> {
  const { rows } = await sql<{ room_id: string; user_id: string; seq: number; members: number }>`
    WITH input AS MATERIALIZED (
      SELECT room_id, user_id, max(seq) AS seq
      FROM jsonb_to_recordset(${JSON.stringify(deliveries.map(({ roomId, userId, seq }) => ({ room_id: roomId, user_id: userId, seq })))}::jsonb)
        AS x(room_id text, user_id text, seq bigint) GROUP BY room_id, user_id LIMIT ${deliveries.length}
    ),
    held AS MATERIALIZED (
      SELECT o.room_id, o.user_id, least(input.seq, r.seq) AS seq, r.members FROM input
      CROSS JOIN LATERAL (
        SELECT r.seq, r.member_count AS members FROM messages.rooms r WHERE r.id = input.room_id LIMIT 1
      ) r
      JOIN messages.positions o ON o.room_id = input.room_id AND o.user_id = input.user_id
      WHERE o.delivered_seq < least(input.seq, r.seq) ORDER BY o.room_id, o.user_id FOR UPDATE OF o
    )
    UPDATE messages.positions o SET delivered_seq = held.seq FROM held
    WHERE o.room_id = held.room_id AND o.user_id = held.user_id AND o.delivered_seq < held.seq
    RETURNING o.room_id, o.user_id, o.delivered_seq AS seq, held.members`.execute(db);
  return rows.map(({ room_id: roomId, user_id: userId, seq, members }) => ({ roomId, userId, seq, members }));
}

export interface PositionRow {
  user_id: string;
  read_message: string | null;
  read_at: Date | null;
  read_seq: number;
  delivered_seq: number;
}

export const toPosition = (row: PositionRow): Position => ({
  userId: row.user_id,
  lastReadMessage: row.read_message,
  lastReadTimestamp: row.read_at?.toISOString() ?? null,
  readSeq: row.read_seq,
  deliveredSeq: row.delivered_seq,
});

/** Positions in one read: what fits in an answer several times over, so that not much more is read than is sent. */
const maxRows = 4_000;

/**
 * Positions of the active members of rooms, those who have read furthest first, `limit` of each room at most. In the order of the
 * rooms, of which the last ones are left out where all have too many members; the first one is there in any case.
 */
export async function readPositions(db: Db, roomIds: readonly string[], limit: number): Promise<Position[][]> {
  const { rows } = await sql<{ i: number } & { [Field in keyof PositionRow]: PositionRow[Field] | null }>`
    WITH input AS MATERIALIZED (
      SELECT * FROM unnest(${roomIds}::text[]) WITH ORDINALITY AS x(room_id, i) LIMIT ${roomIds.length}
    ),
    room AS MATERIALIZED (
      SELECT input.*, sum(r.people) OVER (ORDER BY input.i) - r.people AS people_before
      FROM input CROSS JOIN LATERAL (
        SELECT coalesce((SELECT least(r.member_count, ${limit}) FROM messages.rooms r WHERE r.id = input.room_id), 0) AS people
      ) r
    )
    SELECT room.i::int, o.user_id, o.read_message, o.read_at, o.read_seq, o.delivered_seq
    FROM room LEFT JOIN LATERAL (
      SELECT * FROM messages.positions o WHERE o.room_id = room.room_id ORDER BY o.read_seq DESC, o.user_id DESC LIMIT ${limit}
    ) o ON true
    WHERE room.people_before < ${maxRows}
    ORDER BY room.i, o.read_seq DESC, o.user_id DESC`.execute(db);
  const found: Position[][] = [];
  for (const { i, ...row } of rows) {
    found[i - 1] ??= [];
    if (row.user_id !== null) found[i - 1]?.push(toPosition(row as PositionRow));
  }
  return found;
}
