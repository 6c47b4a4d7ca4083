// The room list and a room's participants, from the projection.
import type { ErrorCode, Role } from "@khui/contracts";
import { type Db, type RawBuilder, sql } from "@khui/database";
import { accessRoom, lowestOfOthers } from "./history.js";
import { logEpoch } from "./log-epoch.js";
import { sumAfter } from "./position-sums.js";
import { type MessageRow, messageColumns, withParent } from "./tables.js";

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
  epoch: string;
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

/** Participants listed with a room. */
const maxParticipants = 100;

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

/** Those of these rooms that the user is in, in no particular order. */
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

/**
 * Messages that others sent after the user's read mark and that are neither deleted nor hidden, of room `r`, member `me` and
 * position `o`: subtractions, and position sums only where something after the mark was deleted or hidden.
 */
function unreadOf(userId: string): RawBuilder<number> {
  const at = { room: sql`r.id`, position: sql`o.read_ordinal` };
  return sql<number>`CASE WHEN r.ordinal - o.read_ordinal = me.sent - o.read_sent THEN 0 ELSE greatest(0,
    r.ordinal - o.read_ordinal - (me.sent - o.read_sent)
    - CASE WHEN r.deleted_upto > o.read_ordinal THEN ${sumAfter("deleted", { ...at, owner: sql`''` })} ELSE 0 END
    - CASE WHEN me.uncounted_upto > o.read_ordinal THEN ${sumAfter("uncounted", { ...at, owner: sql`${userId}` })} ELSE 0 END
  ) END`;
}

/**
 * Active participants of a room in the order of joining, with their positions. Each position is looked up by itself: joined, the
 * planner would compare all of the room's with all of its members.
 */
const participants = (roomId: RawBuilder<unknown>, which: RawBuilder<unknown>, limit: RawBuilder<unknown>) => sql`
  SELECT m.user_id, m.role, m.joined_at, p.read_message, p.read_at
  FROM (
    SELECT m.room_id, m.user_id, m.role, m.joined_at FROM messages.members m
    WHERE m.room_id = ${roomId} AND m.is_active ${which} ORDER BY m.joined_at, m.user_id ${limit}
  ) m, LATERAL (
    SELECT * FROM messages.positions p WHERE p.room_id = m.room_id AND p.user_id = m.user_id LIMIT 1
  ) p`;

/** `ids` selects the rooms; all are rooms of the user. */
async function describe(db: Db, userId: string, ids: RawBuilder<unknown>): Promise<RoomRow[]> {
  const { rows } = await sql<RoomRow>`
    SELECT r.id, r.seq, ${logEpoch} AS epoch, r.last_at, r.member_count,
      r.n_text + r.n_image + r.n_video + r.n_audio + r.n_file + r.n_sticker AS message_count,
      ${unreadOf(userId)} AS unread,
      people.list AS participants, to_jsonb(last) AS last, others.others_read, others.others_delivered
    FROM (${ids}) page
    CROSS JOIN LATERAL (SELECT * FROM messages.rooms r WHERE r.id = page.id LIMIT 1) r
    CROSS JOIN LATERAL (
      SELECT * FROM messages.members m WHERE m.room_id = page.id AND m.user_id = ${userId} AND m.is_active LIMIT 1
    ) me
    CROSS JOIN LATERAL (
      SELECT * FROM messages.positions p WHERE p.room_id = page.id AND p.user_id = ${userId} LIMIT 1
    ) o
    LEFT JOIN LATERAL (
      SELECT h.first_place, h.last_place FROM messages.hidden_ranges h
      WHERE h.user_id = ${userId} AND h.room_id = page.id ORDER BY h.last_place DESC LIMIT 1
    ) hidden ON hidden.last_place = r.places
    LEFT JOIN LATERAL (
      SELECT ${messageColumns(sql`${userId}`)} FROM messages.messages m ${withParent}
      WHERE m.room_id = r.id AND m.place = coalesce(hidden.first_place - 1, r.places)
    ) last ON true
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(to_jsonb(x)) AS list FROM (
        SELECT me.user_id, me.role, me.joined_at, o.read_message, o.read_at
        UNION ALL (${participants(sql`page.id`, sql`AND m.user_id <> ${userId}`, sql`LIMIT ${maxParticipants - 1}`)})
      ) x
    ) people
    LEFT JOIN LATERAL (${lowestOfOthers(userId, sql`last.sender_id = ${userId}`)}) others ON true
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
    SELECT * FROM (${participants(sql`${roomId}`, sql``, sql`LIMIT ${limit} OFFSET ${(page - 1) * limit}`)}) m
    ORDER BY m.joined_at, m.user_id`.execute(db);
  return { participants: rows, total: access.members };
}

/** Bounds what one change of presence may cost. */
const maxAudienceRooms = 1000;

/** Of each of these users, in their order, the rooms of at most `size` people. */
export async function smallRoomsOfEach(db: Db, userIds: readonly string[], size: number): Promise<string[][]> {
  const { rows } = await sql<{ ids: string | null }>`
    SELECT (
      SELECT string_agg(x.id, ' ') FROM (
        SELECT r.id FROM messages.members me JOIN messages.rooms r ON r.id = me.room_id
        WHERE me.user_id = asked.id AND me.is_active AND r.member_count <= ${size}
        ORDER BY r.last_at DESC LIMIT ${maxAudienceRooms}
      ) x
    ) AS ids
    FROM unnest(${userIds}::text[]) WITH ORDINALITY AS asked(id, n) ORDER BY asked.n`.execute(db);
  return rows.map(({ ids }) => ids?.split(" ") ?? []);
}

/** Contacts at most, and memberships read to find them: a stranger can add anyone to any number of rooms. */
const maxContacts = 5_000;
const maxContactRooms = 500;
const maxContactMembers = 10_000;

/** Users who share a room of at most `size` people with the user, those of the most recently active rooms first. */
export async function contactsOf(db: Db, userId: string, size: number): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    WITH recent AS MATERIALIZED (
      SELECT r.id, row_number() OVER (ORDER BY r.last_at DESC) AS n
      FROM messages.members me JOIN messages.rooms r ON r.id = me.room_id AND r.member_count <= ${size}
      WHERE me.user_id = ${userId} AND me.is_active ORDER BY r.last_at DESC LIMIT ${maxContactRooms}
    ),
    near AS MATERIALIZED (
      SELECT m.user_id, r.n FROM recent r, LATERAL (
        SELECT m.user_id FROM messages.members m WHERE m.room_id = r.id AND m.is_active AND m.user_id <> ${userId}
      ) m ORDER BY r.n LIMIT ${maxContactMembers}
    )
    SELECT user_id FROM near GROUP BY user_id ORDER BY min(n), user_id LIMIT ${maxContacts}`.execute(db);
  return rows.map(({ user_id }) => user_id);
}

export interface ListedRoom {
  readonly roomId: string;
  /** Of its newest entry. */
  readonly seq: number;
}

/**
 * Of each of these users, in their order, the most recently active rooms. A row a user, with its rooms as text: a row a room takes
 * the driver longer than the database.
 */
export async function recentRoomsOfEach(db: Db, userIds: readonly string[], limit: number): Promise<ListedRoom[][]> {
  const { rows } = await sql<{ ids: string; seqs: string } | { ids: null; seqs: null }>`
    SELECT lists.* FROM unnest(${userIds}::text[]) WITH ORDINALITY AS asked(id, n), LATERAL (
      SELECT string_agg(x.id, ' ') AS ids, string_agg(x.seq::text, ' ') AS seqs FROM (
        SELECT r.id, r.seq FROM messages.members me JOIN messages.rooms r ON r.id = me.room_id
        WHERE me.user_id = asked.id AND me.is_active ORDER BY r.last_at DESC LIMIT ${limit}
      ) x
    ) lists ORDER BY asked.n`.execute(db);
  return rows.map(({ ids, seqs }) => {
    const numbers = seqs?.split(" ");
    return ids?.split(" ").map((roomId, n) => ({ roomId, seq: Number(numbers?.[n]) })) ?? [];
  });
}

/** Those of these users who are in the room. */
export async function activeAmong(db: Db, roomId: string, userIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    SELECT m.user_id FROM unnest(${userIds}::text[]) AS asked(user_id), LATERAL (
      SELECT m.user_id FROM messages.members m
      WHERE m.room_id = ${roomId} AND m.user_id = asked.user_id AND m.is_active LIMIT 1
    ) m`.execute(db);
  return rows.map((row) => row.user_id);
}
