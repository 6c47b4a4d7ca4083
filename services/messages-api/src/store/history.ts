// Reads of a room's log, its counters, and how far its members have read.
import { type ErrorCode, type MessageType, smallRoomLimit } from "@khui/contracts";
import { type Db, type RawBuilder, sql } from "@khui/database";
import { type LogRow, type MessageRow, messageColumns, withParent } from "./tables.js";

interface Access {
  room_id: string | null;
  is_member: boolean;
}

const accessFailure = (row: Access | undefined): ErrorCode | undefined =>
  !row?.room_id ? "room_not_found" : row.is_member ? undefined : "not_a_participant";

/**
 * The lowest read and delivered positions among the other members of room `r`, as columns, where `wanted` is true. In rooms too
 * large for delivery reports only reading is known.
 */
export const lowestOfOthers = (userId: string, wanted: RawBuilder<unknown>) => sql`
  SELECT least_read AS others_read, CASE WHEN r.member_count > ${sql.lit(smallRoomLimit)} THEN least_read WHEN ${wanted} THEN (
      SELECT min(o.delivered_seq) FROM messages.positions o WHERE o.room_id = r.id AND o.user_id <> ${userId}
    ) END AS others_delivered
  FROM (SELECT CASE WHEN ${wanted} THEN (SELECT o.read_seq FROM messages.positions o
    WHERE o.room_id = r.id AND o.user_id <> ${userId} ORDER BY o.read_seq LIMIT 1) END AS least_read) least`;

/** The lowest positions among the other active participants, for the status of one message. */
export async function othersPositions(
  db: Db,
  roomId: string,
  userId: string,
): Promise<{ othersRead: number | null; othersDelivered: number | null }> {
  const { rows } = await sql<{ others_read: number | null; others_delivered: number | null }>`
    SELECT others.* FROM messages.rooms r, LATERAL (${lowestOfOthers(userId, sql`true`)}) others
    WHERE r.id = ${roomId}`.execute(db);
  return { othersRead: rows[0]?.others_read ?? null, othersDelivered: rows[0]?.others_delivered ?? null };
}

export interface RoomAccess {
  readonly seq: number;
  readonly floor: number;
  readonly members: number;
}

/** What opening a room needs; an error code for whoever is not a member. */
export async function accessRoom(db: Db, roomId: string, userId: string): Promise<RoomAccess | ErrorCode> {
  const { rows } = await sql<Access & RoomAccess>`
    SELECT r.id AS room_id, r.seq, r.floor, r.member_count AS members, me.user_id IS NOT NULL AS is_member
    FROM messages.rooms r
    LEFT JOIN messages.members me ON me.room_id = r.id AND me.user_id = ${userId} AND me.is_active
    WHERE r.id = ${roomId}`.execute(db);
  return accessFailure(rows[0]) ?? rows[0] ?? "room_not_found";
}

/** Bytes of text in one read of the log: what fits in an answer, so that no more is read than is sent. */
const maxTextBytes = 400_000;

/** Entries after a number with their messages, oldest first; undefined when there is no such room. */
export async function readLog(
  db: Db,
  roomId: string,
  afterSeq: number,
  limit: number,
): Promise<{ seq: number; floor: number; entries: Array<{ entry: LogRow; message: MessageRow | null }> } | undefined> {
  type Row = {
    head: number;
    floor: number;
    entry_seq: number | null;
    event: string;
    data: LogRow["data"];
  } & MessageRow;
  const { rows } = await sql<Row>`
    WITH found AS MATERIALIZED (
      SELECT r.seq AS head, r.floor, l.seq AS entry_seq, l.event, l.message_id, l.data,
        coalesce(sum(l.bytes) OVER (ORDER BY l.seq) - l.bytes, 0) AS bytes_before
      FROM messages.rooms r
      LEFT JOIN LATERAL (
        SELECT l.seq, l.event, l.message_id, l.data, coalesce(octet_length(m.content), 0) AS bytes
        FROM messages.log l LEFT JOIN messages.messages m ON m.id = l.message_id
        WHERE l.room_id = r.id AND l.seq > ${afterSeq} AND l.seq <= r.seq ORDER BY l.seq LIMIT ${limit}
      ) l ON true
      WHERE r.id = ${roomId}
    )
    SELECT l.head, l.floor, l.entry_seq, l.event, l.data, m.*
    FROM found l LEFT JOIN LATERAL (
      SELECT ${messageColumns(sql`(l.data->>'userId')`)} FROM messages.messages m ${withParent} WHERE m.id = l.message_id
    ) m ON true
    WHERE l.bytes_before <= ${maxTextBytes} ORDER BY l.entry_seq`.execute(db);
  const first = rows[0];
  if (!first) return undefined;
  const entries = rows
    .filter((row) => row.entry_seq !== null)
    .map((row) => ({
      entry: { seq: row.entry_seq as number, event: row.event, message_id: row.id, data: row.data },
      message: row.id === null ? null : row,
    }));
  return { seq: first.head, floor: first.floor, entries };
}

/** Those of these rooms whose newest entry is beyond the given number. */
export async function roomsAhead(
  db: Db,
  rooms: ReadonlyArray<{ roomId: string; seq: number }>,
): Promise<Array<{ roomId: string; seq: number }>> {
  const { rows } = await sql<{ id: string; seq: number }>`
    SELECT r.id, r.seq FROM unnest(${rooms.map(({ roomId }) => roomId)}::text[], ${rooms.map(({ seq }) => seq)}::bigint[])
      AS known(id, seq) JOIN messages.rooms r ON r.id = known.id WHERE r.seq > known.seq`.execute(db);
  return rows.map(({ id, seq }) => ({ roomId: id, seq }));
}

/** Messages that a user has hidden since the room's newest entry had this number. */
export async function hiddenSince(
  db: Db,
  roomId: string,
  userId: string,
  seq: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ message_id: string }>`
    SELECT message_id FROM messages.hidden
    WHERE user_id = ${userId} AND room_id = ${roomId} AND at_seq >= ${seq} ORDER BY at_seq, message_id LIMIT ${limit}`.execute(
    db,
  );
  return rows.map(({ message_id }) => message_id);
}

export interface RoomStats {
  readonly byType: ReadonlyArray<{ type: MessageType; count: number }>;
  readonly reactions: number;
  readonly activeUsers: string[];
}

/** A room's active users are those who sent among this many of its newest messages. */
const activityWindow = 500;

/** Counters that every write keeps, so that they cost the same in a room of any size. */
export async function roomStats(db: Db, roomId: string, userId: string): Promise<RoomStats | ErrorCode> {
  type Row = Access &
    Record<`n_${"text" | "image" | "video" | "audio" | "file" | "sticker" | "reactions"}`, number> & {
      active: string[];
    };
  const { rows } = await sql<Row>`
    SELECT r.id AS room_id, me.user_id IS NOT NULL AS is_member, r.n_text, r.n_image, r.n_video, r.n_audio, r.n_file,
      r.n_sticker, r.n_reactions, ARRAY(
        SELECT s.sender_id::text FROM (
          SELECT m.sender_id, max(m.place) AS place FROM messages.messages m
          WHERE m.room_id = r.id AND m.place > r.places - ${activityWindow} AND m.type <> 'system' AND me.user_id IS NOT NULL
          GROUP BY m.sender_id
        ) s, LATERAL (
          SELECT FROM messages.members m WHERE m.room_id = r.id AND m.user_id = s.sender_id AND m.is_active LIMIT 1
        ) m
        ORDER BY s.place DESC LIMIT 100) AS active
    FROM messages.rooms r
    LEFT JOIN messages.members me ON me.room_id = r.id AND me.user_id = ${userId} AND me.is_active
    WHERE r.id = ${roomId}`.execute(db);
  const row = rows[0];
  const failure = accessFailure(row);
  if (failure || !row) return failure ?? "room_not_found";
  const types = ["text", "image", "video", "audio", "file", "sticker"] as const;
  const byType = types.map((type) => ({ type, count: row[`n_${type}`] })).filter(({ count }) => count > 0);
  return { byType, reactions: row.n_reactions, activeUsers: row.active };
}
