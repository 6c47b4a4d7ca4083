// The room list and a room's participants, from the projection.
import type { ErrorCode, Role } from "@khui/contracts";
import { sql } from "@khui/database";
import type { RawBuilder } from "kysely";
import { accessRoom } from "./history.js";
import { type Db, type MessageRow, messageColumns, withParent } from "./tables.js";

export interface ParticipantRow {
  user_id: string;
  role: Role;
  joined_at: string | Date;
  read_message: string | null;
  read_at: string | Date | null;
}

export interface RoomRow {
  id: string;
  seq: number;
  last_at: Date;
  member_count: number;
  message_count: number;
  unread: number;
  participants: ParticipantRow[];
  /** As JSON: its dates are text. */
  last: MessageRow | null;
  others_read: number | null;
  others_delivered: number | null;
}

/** Participants shown with a room. */
const shownParticipants = 100;

/** A user's active rooms, the most recently active first, with how many there are. */
export async function listRooms(
  db: Db,
  userId: string,
  page: number,
  limit: number,
): Promise<{ rooms: RoomRow[]; total: number }> {
  const rooms = await describe(
    db,
    userId,
    sql`SELECT r.id FROM messages.members me JOIN messages.rooms r ON r.id = me.room_id
      WHERE me.user_id = ${userId} AND me.is_active
      ORDER BY r.last_at DESC, r.id DESC LIMIT ${limit} OFFSET ${(page - 1) * limit}`,
  );
  const { rows } = await sql<{ total: number }>`
    SELECT count(*) AS total FROM messages.members WHERE user_id = ${userId} AND is_active`.execute(db);
  return { rooms, total: rows[0]?.total ?? 0 };
}

/** Those of these rooms that the user is in, in no order that matters. */
export async function describeRooms(db: Db, userId: string, roomIds: readonly string[]): Promise<RoomRow[]> {
  return describe(db, userId, sql`SELECT unnest(${roomIds}::text[]) AS id`);
}

/** One room for one of its members. */
export async function describeRoom(db: Db, userId: string, roomId: string): Promise<RoomRow | ErrorCode> {
  const access = await accessRoom(db, roomId, userId);
  if (typeof access === "string") return access;
  const [room] = await describe(db, userId, sql`SELECT ${roomId}::text AS id`);
  return room ?? "not_a_participant";
}

/** `ids` selects the rooms; all are rooms of the user. */
async function describe(db: Db, userId: string, ids: RawBuilder<unknown>): Promise<RoomRow[]> {
  const { rows } = await sql<RoomRow>`
    SELECT r.id, r.seq, r.last_at, r.member_count,
      r.n_text + r.n_image + r.n_video + r.n_audio + r.n_file + r.n_sticker AS message_count,
      greatest(0, r.ordinal - o.read_ordinal - (me.sent - o.read_sent) - o.gone) AS unread,
      people.list AS participants, to_jsonb(last) AS last, others.others_read, others.others_delivered
    FROM (${ids}) page
    JOIN messages.rooms r ON r.id = page.id
    JOIN messages.members me ON me.room_id = r.id AND me.user_id = ${userId} AND me.is_active
    JOIN messages.positions o ON o.room_id = r.id AND o.user_id = ${userId}
    LEFT JOIN LATERAL (
      SELECT ${messageColumns} FROM messages.messages m ${withParent}
      WHERE m.room_id = r.id AND NOT EXISTS (SELECT FROM messages.hidden h
        WHERE h.user_id = ${userId} AND h.room_id = m.room_id AND h.message_id = m.id)
      ORDER BY m.seq DESC LIMIT 1
    ) last ON true
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(to_jsonb(x)) AS list FROM (
        SELECT m.user_id, m.role, m.joined_at, p.read_message, p.read_at
        FROM messages.members m JOIN messages.positions p ON p.room_id = m.room_id AND p.user_id = m.user_id
        WHERE m.room_id = r.id AND m.is_active
        ORDER BY (m.user_id = ${userId}) DESC, m.joined_at, m.user_id LIMIT ${shownParticipants}
      ) x
    ) people
    LEFT JOIN LATERAL (
      SELECT min(p.read_seq) AS others_read, min(p.delivered_seq) AS others_delivered
      FROM messages.members m JOIN messages.positions p ON p.room_id = m.room_id AND p.user_id = m.user_id
      WHERE last.sender_id = ${userId} AND m.room_id = r.id AND m.is_active AND m.user_id <> ${userId}
    ) others ON true
    ORDER BY r.last_at DESC, r.id DESC`.execute(db);
  return rows;
}

/** A page of active participants in the order of joining, with how many there are. */
export async function listParticipants(
  db: Db,
  userId: string,
  roomId: string,
  page: number,
  limit: number,
): Promise<{ participants: ParticipantRow[]; total: number } | ErrorCode> {
  const access = await accessRoom(db, roomId, userId);
  if (typeof access === "string") return access;
  const { rows } = await sql<ParticipantRow>`
    SELECT m.user_id, m.role, m.joined_at, p.read_message, p.read_at
    FROM messages.members m JOIN messages.positions p ON p.room_id = m.room_id AND p.user_id = m.user_id
    WHERE m.room_id = ${roomId} AND m.is_active
    ORDER BY m.joined_at, m.user_id LIMIT ${limit} OFFSET ${(page - 1) * limit}`.execute(db);
  return { participants: rows, total: access.members };
}

/** Bounds what one change of presence may cost. */
const audienceLimit = 1000;

/** The user's rooms of at most `size` people. */
export async function smallRoomsOf(db: Db, userId: string, size: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT r.id FROM messages.members me JOIN messages.rooms r ON r.id = me.room_id
    WHERE me.user_id = ${userId} AND me.is_active AND r.member_count <= ${size}
    ORDER BY r.last_at DESC LIMIT ${audienceLimit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Those who share such a room with the user, the most recently active room's first; five thousand at most. */
export async function contactsOf(db: Db, userId: string, size: number): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    SELECT m.user_id FROM messages.members me
    JOIN messages.rooms r ON r.id = me.room_id AND r.member_count <= ${size}
    JOIN messages.members m ON m.room_id = me.room_id AND m.is_active AND m.user_id <> ${userId}
    WHERE me.user_id = ${userId} AND me.is_active
    GROUP BY m.user_id ORDER BY max(r.last_at) DESC, m.user_id LIMIT 5000`.execute(db);
  return rows.map(({ user_id }) => user_id);
}

export async function recentRoomsOf(db: Db, userId: string, limit: number) {
  const { rows } = await sql<{ roomId: string; seq: number }>`
    SELECT r.id AS "roomId", r.seq FROM messages.members me JOIN messages.rooms r ON r.id = me.room_id
    WHERE me.user_id = ${userId} AND me.is_active ORDER BY r.last_at DESC LIMIT ${limit}`.execute(db);
  return rows;
}

/** Of these users, those who are in the room. */
export async function activeAmong(db: Db, roomId: string, userIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    SELECT user_id FROM messages.members
    WHERE room_id = ${roomId} AND is_active AND user_id = ANY(${userIds}::text[])`.execute(db);
  return rows.map((row) => row.user_id);
}
