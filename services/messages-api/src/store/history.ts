// Reading a room's messages and its log.
import type { ErrorCode, MessageType } from "@khui/contracts";
import { sql } from "@khui/database";
import { type Db, type LogRow, type MessageRow, messageColumns, withParent } from "./tables.js";

export interface PageRequest {
  readonly roomId: string;
  readonly userId: string;
  readonly limit: number;
  readonly page: number;
  readonly before: Date | undefined;
  readonly beforeSeq: number | undefined;
  readonly afterSeq: number | undefined;
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: MessageRow[];
  readonly hasMore: boolean;
  /** The room's newest entry as of this page. */
  readonly seq: number;
  readonly places: number;
  /** The least that any other active participant has read and been reached; null when there is none. */
  readonly othersRead: number | null;
  readonly othersDelivered: number | null;
}

interface Access {
  room_id: string | null;
  is_member: boolean;
}

const accessFailure = (row: Access | undefined): ErrorCode | undefined =>
  !row?.room_id ? "room_not_found" : row.is_member ? undefined : "not_a_participant";

/** One page, the head and the positions of others in one snapshot. */
export async function readPage(db: Db, request: PageRequest): Promise<MessagePage | ErrorCode> {
  const { roomId, userId, limit, before, beforeSeq, afterSeq } = request;
  const forward = afterSeq !== undefined;
  const offset = (request.page - 1) * limit;
  type Row = MessageRow & {
    is_member: boolean;
    head: number;
    places: number;
    others_read: number | null;
    others_delivered: number | null;
  };
  const { rows } = await sql<Row>`
    WITH access AS MATERIALIZED (
      SELECT r.id, r.seq AS head, r.places, me.user_id IS NOT NULL AS is_member
      FROM messages.rooms r
      LEFT JOIN messages.members me ON me.room_id = r.id AND me.user_id = ${userId} AND me.is_active
      WHERE r.id = ${roomId}
    ),
    others AS (
      SELECT min(o.read_seq) AS others_read, min(o.delivered_seq) AS others_delivered
      FROM messages.members m JOIN messages.positions o ON o.room_id = m.room_id AND o.user_id = m.user_id
      WHERE m.room_id = ${roomId} AND m.is_active AND m.user_id <> ${userId}
    ),
    page AS (
      SELECT m.* FROM messages.messages m, access
      WHERE access.is_member AND access.places > ${offset} AND m.room_id = ${roomId}
        ${before ? sql`AND m.created_at < ${before}` : sql``}
        ${beforeSeq === undefined ? sql`` : sql`AND m.seq < ${beforeSeq}`}
        ${forward ? sql`AND m.seq > ${afterSeq}` : sql``}
        AND NOT EXISTS (SELECT FROM messages.hidden h
          WHERE h.user_id = ${userId} AND h.room_id = m.room_id AND h.message_id = m.id)
      ORDER BY ${before ? sql`m.created_at DESC, m.seq DESC` : forward ? sql`m.seq` : sql`m.seq DESC`}
      LIMIT ${limit + 1} OFFSET ${offset}
    )
    SELECT access.is_member, access.head, access.places, others.*, m.*
    FROM access CROSS JOIN others
    LEFT JOIN (SELECT ${messageColumns} FROM page m ${withParent}) m ON true
    ORDER BY m.seq`.execute(db);
  const first = rows[0];
  if (!first) return "room_not_found";
  if (!first.is_member) return "not_a_participant";
  const found = rows.filter((row) => row.id !== null);
  const hasMore = found.length > limit;
  return {
    messages: hasMore ? (forward ? found.slice(0, limit) : found.slice(1)) : found,
    hasMore,
    seq: first.head,
    places: first.places,
    othersRead: first.others_read,
    othersDelivered: first.others_delivered,
  };
}

/** The least positions of the other active participants, for the status of one message. */
export async function othersPositions(
  db: Db,
  roomId: string,
  userId: string,
): Promise<{ othersRead: number | null; othersDelivered: number | null }> {
  const { rows } = await sql<{ others_read: number | null; others_delivered: number | null }>`
    SELECT min(o.read_seq) AS others_read, min(o.delivered_seq) AS others_delivered
    FROM messages.members m JOIN messages.positions o ON o.room_id = m.room_id AND o.user_id = m.user_id
    WHERE m.room_id = ${roomId} AND m.is_active AND m.user_id <> ${userId}`.execute(db);
  return { othersRead: rows[0]?.others_read ?? null, othersDelivered: rows[0]?.others_delivered ?? null };
}

export interface RoomAccess {
  readonly seq: number;
  readonly floor: number;
  readonly members: number;
}

/** What a member needs to enter a room; a code when they may not. */
export async function accessRoom(db: Db, roomId: string, userId: string): Promise<RoomAccess | ErrorCode> {
  const { rows } = await sql<Access & RoomAccess>`
    SELECT r.id AS room_id, r.seq, r.floor, r.member_count AS members, me.user_id IS NOT NULL AS is_member
    FROM messages.rooms r
    LEFT JOIN messages.members me ON me.room_id = r.id AND me.user_id = ${userId} AND me.is_active
    WHERE r.id = ${roomId}`.execute(db);
  return accessFailure(rows[0]) ?? rows[0] ?? "room_not_found";
}

/** Bytes of edit histories in one reading of the log: those of a few messages at least. */
const maxHistoryBytes = 1_000_000;

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
    WITH found AS (
      SELECT r.seq AS head, r.floor, l.seq AS entry_seq, l.event, l.data, m.*,
        coalesce(sum(m.edit_bytes) OVER (ORDER BY l.seq), 0) AS history_bytes
      FROM messages.rooms r
      LEFT JOIN LATERAL (
        SELECT * FROM messages.log l WHERE l.room_id = r.id AND l.seq > ${afterSeq} AND l.seq <= r.seq
        ORDER BY l.seq LIMIT ${limit}
      ) l ON true
      LEFT JOIN LATERAL (
        SELECT ${messageColumns}, m.edit_bytes FROM messages.messages m ${withParent} WHERE m.id = l.message_id
      ) m ON true
      WHERE r.id = ${roomId}
    )
    SELECT * FROM found WHERE history_bytes <= ${maxHistoryBytes} ORDER BY entry_seq`.execute(db);
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

/** Of these rooms, those whose newest entry is beyond the number given. */
export async function roomsAhead(
  db: Db,
  rooms: ReadonlyArray<{ roomId: string; seq: number }>,
): Promise<Array<{ roomId: string; seq: number }>> {
  const { rows } = await sql<{ id: string; seq: number }>`
    SELECT r.id, r.seq FROM unnest(${rooms.map(({ roomId }) => roomId)}::text[], ${rooms.map(({ seq }) => seq)}::bigint[])
      AS known(id, seq) JOIN messages.rooms r ON r.id = known.id WHERE r.seq > known.seq`.execute(db);
  return rows.map(({ id, seq }) => ({ roomId: id, seq }));
}

/** What a user has hidden since the room stood at a number. */
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

/** Counters that every write keeps, so that they cost the same in a room of any size. */
export async function roomStats(db: Db, roomId: string, userId: string): Promise<RoomStats | ErrorCode> {
  type Row = Access &
    Record<`n_${"text" | "image" | "video" | "audio" | "file" | "sticker" | "reactions"}`, number> & {
      active: string[];
    };
  const { rows } = await sql<Row>`
    SELECT r.id AS room_id, me.user_id IS NOT NULL AS is_member, r.n_text, r.n_image, r.n_video, r.n_audio, r.n_file,
      r.n_sticker, r.n_reactions, ARRAY(SELECT m.user_id::text FROM messages.members m
        WHERE m.room_id = r.id AND m.is_active AND m.sent > 0 ORDER BY m.last_sent_seq DESC LIMIT 100) AS active
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
