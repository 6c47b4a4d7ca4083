// Reads of a room's log, its counters, and how far its members have read.
import { type ErrorCode, type MessageType, type Position, smallRoomLimit } from "@khui/contracts";
import { type Db, type RawBuilder, sql } from "@khui/database";
import { logEpoch } from "./log-epoch.js";
import { type PositionRow, toPosition } from "./positions.js";
import { isOpen, type LogRow, type MessageRow, messageColumns, withParent } from "./tables.js";

interface Access {
  /** Null where there is no such room, or one that this user may not know of. */
  room_id: string | null;
  is_member: boolean;
}

const accessFailure = (row: Access | undefined): ErrorCode | undefined =>
  !row?.room_id ? "room_not_found" : row.is_member ? undefined : "not_a_participant";

/** The `room_id` of Access, over room `r` and member `me`. */
const visibleId = sql`CASE WHEN me.user_id IS NOT NULL OR ${isOpen(sql`r`)} THEN r.id END`;

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

export interface Join {
  readonly userId: string;
  readonly roomId: string;
  readonly afterSeq?: number | undefined;
}

export interface RoomAccess {
  readonly seq: number;
  readonly epoch: string;
  readonly floor: number;
  readonly members: number;
  /** The user has hidden messages since `afterSeq`. */
  readonly hasHidden: boolean;
  /** The user's own, in rooms of more than 200 people. */
  readonly position: Position | undefined;
}

/** What joining rooms needs, in the order of the joins; an error code for whoever is not a member. */
export async function accessRooms(db: Db, joins: readonly Join[]): Promise<Array<RoomAccess | ErrorCode>> {
  type Row = Access &
    Omit<RoomAccess, "hasHidden" | "position"> & { has_hidden: boolean } & NullableFields<PositionRow>;
  const { rows } = await sql<Row>`
    WITH input AS MATERIALIZED (
      SELECT * FROM unnest(${joins.map(({ roomId }) => roomId)}::text[], ${joins.map(({ userId }) => userId)}::text[],
        ${joins.map(({ afterSeq = null }) => afterSeq)}::bigint[]) WITH ORDINALITY AS x(room_id, user_id, after_seq, i)
      LIMIT ${joins.length}
    )
    SELECT ${visibleId} AS room_id, r.seq, ${logEpoch} AS epoch, r.floor, r.member_count AS members, me.user_id IS NOT NULL AS is_member,
      me.user_id IS NOT NULL AND input.after_seq IS NOT NULL AND EXISTS (SELECT FROM messages.hidden h
        WHERE h.user_id = me.user_id AND h.room_id = r.id AND h.at_seq >= least(input.after_seq, r.seq)) AS has_hidden,
      o.user_id, o.read_message, o.read_at, o.read_seq, o.delivered_seq
    FROM input
    LEFT JOIN LATERAL (SELECT * FROM messages.rooms r WHERE r.id = input.room_id LIMIT 1) r ON true
    LEFT JOIN LATERAL (
      SELECT * FROM messages.members m WHERE m.room_id = input.room_id AND m.user_id = input.user_id AND m.is_active LIMIT 1
    ) me ON true
    LEFT JOIN LATERAL (
      SELECT * FROM messages.positions o WHERE o.room_id = input.room_id AND o.user_id = me.user_id LIMIT 1
    ) o ON r.member_count > ${sql.lit(smallRoomLimit)}
    ORDER BY input.i`.execute(db);
  return rows.map((row) => {
    const { seq, epoch, floor, members, has_hidden: hasHidden } = row;
    return accessFailure(row) ?? { seq, epoch, floor, members, hasHidden, position: ownPosition(row) };
  });
}

/** The same for one user and room. */
export async function accessRoom(db: Db, roomId: string, userId: string): Promise<RoomAccess | ErrorCode> {
  const [access = "room_not_found"] = await accessRooms(db, [{ roomId, userId }]);
  return access;
}

type NullableFields<Row> = { [Field in keyof Row]: Row[Field] | null };

const ownPosition = (row: NullableFields<PositionRow>): Position | undefined =>
  row.user_id === null ? undefined : toPosition(row as PositionRow);

export interface RoomLog {
  readonly seq: number;
  readonly floor: number;
  readonly entries: Array<{ entry: LogRow; message: MessageRow | null }>;
}

/** Bytes in one read of the logs: what fits in an answer, so that no more is read than is sent. */
const maxBytes = 400_000;
/** What an entry takes in an answer beside its text, at least. */
const entryBytes = 400;

/**
 * Of each room, entries after a number with their messages, oldest first: at most `limit` of one, and of all together what fits in an
 * answer. Ends with the last room of which something was read; undefined where there is no such room.
 */
export async function readLogs(
  db: Db,
  rooms: ReadonlyArray<{ roomId: string; afterSeq: number }>,
  limit: number,
): Promise<Array<RoomLog | undefined>> {
  type Row = {
    n: number;
    head: number | null;
    floor: number;
    entry_seq: number | null;
    event: string;
    data: LogRow["data"];
  } & MessageRow;
  // How many entries there are is known from the rooms, so that only those are looked up that may fit.
  const { rows } = await sql<Row>`
    WITH asked AS (
      SELECT a.n, r.id, a.after_seq, r.seq AS head, r.floor, greatest(0, least(${limit}, r.seq - a.after_seq)) AS missing
      FROM unnest(${rooms.map(({ roomId }) => roomId)}::text[], ${rooms.map(({ afterSeq }) => afterSeq)}::bigint[])
        WITH ORDINALITY a(id, after_seq, n) LEFT JOIN messages.rooms r ON r.id = a.id
    ), chosen AS (
      SELECT *, sum(missing) OVER (ORDER BY n) - missing AS missing_before FROM asked
    ), found AS MATERIALIZED (
      SELECT c.n, c.head, c.floor, l.seq AS entry_seq, l.event, l.message_id, l.data,
        sum(coalesce(l.bytes, 0)) OVER (ORDER BY c.n, l.seq) - coalesce(l.bytes, 0) AS bytes_before
      FROM chosen c LEFT JOIN LATERAL (
        SELECT l.seq, l.event, l.message_id, l.data, ${entryBytes} + coalesce(octet_length(m.content), 0) AS bytes
        FROM messages.log l LEFT JOIN messages.messages m ON m.id = l.message_id
        WHERE l.room_id = c.id AND l.seq > c.after_seq AND l.seq <= c.head ORDER BY l.seq LIMIT ${limit}
      ) l ON true
      WHERE c.missing_before <= ${maxBytes / entryBytes}
    )
    SELECT l.n, l.head, l.floor, l.entry_seq, l.event, l.data, m.*
    FROM found l LEFT JOIN LATERAL (
      SELECT ${messageColumns(sql`(l.data->>'userId')`)} FROM messages.messages m ${withParent} WHERE m.id = l.message_id
    ) m ON true
    WHERE l.bytes_before <= ${maxBytes} ORDER BY l.n, l.entry_seq`.execute(db);
  const logs: Array<RoomLog | undefined> = [];
  for (const row of rows) {
    if (row.n > logs.length)
      logs.push(row.head === null ? undefined : { seq: row.head, floor: row.floor, entries: [] });
    if (row.entry_seq === null) continue;
    const entry = { seq: row.entry_seq, event: row.event, message_id: row.id, data: row.data };
    logs.at(-1)?.entries.push({ entry, message: row.id === null ? null : row });
  }
  return logs;
}

/** The same for one room; undefined when there is no such room. */
export async function readLog(db: Db, roomId: string, afterSeq: number, limit: number): Promise<RoomLog | undefined> {
  const [log] = await readLogs(db, [{ roomId, afterSeq }], limit);
  return log;
}

export interface Heads {
  readonly epoch: string;
  /** Rooms whose newest entry is beyond the given number, with its number; and those in which it is before. */
  readonly ahead: Array<{ roomId: string; seq: number }>;
  readonly behind: Array<{ roomId: string; seq: number }>;
}

/** How the logs of these rooms differ from what is known of them. A room that does not exist has a log without entries. */
export async function compareHeads(db: Db, rooms: ReadonlyArray<{ roomId: string; seq: number }>): Promise<Heads> {
  const { rows } = await sql<{ epoch: string; id: string | null; seq: number; known: number }>`
    SELECT e.epoch, other.* FROM messages.log_epoch e LEFT JOIN LATERAL (
      SELECT known.id, coalesce(r.seq, 0) AS seq, known.seq AS known
      FROM unnest(${rooms.map(({ roomId }) => roomId)}::text[], ${rooms.map(({ seq }) => seq)}::bigint[]) AS known(id, seq)
      LEFT JOIN messages.rooms r ON r.id = known.id WHERE coalesce(r.seq, 0) <> known.seq
    ) other ON true`.execute(db);
  const heads: Heads = { epoch: rows[0]?.epoch ?? "", ahead: [], behind: [] };
  for (const { id: roomId, seq, known } of rows)
    if (roomId !== null) (seq > known ? heads.ahead : heads.behind).push({ roomId, seq });
  return heads;
}

/** Messages that users have hidden since a room's newest entry had this number, at most `limit` of each; in the order of the joins. */
export async function hiddenSince(db: Db, joins: ReadonlyArray<Required<Join>>, limit: number): Promise<string[][]> {
  const { rows } = await sql<{ i: number; message_id: string }>`
    WITH input AS MATERIALIZED (
      SELECT * FROM unnest(${joins.map(({ roomId }) => roomId)}::text[], ${joins.map(({ userId }) => userId)}::text[],
        ${joins.map(({ afterSeq = null }) => afterSeq)}::bigint[]) WITH ORDINALITY AS x(room_id, user_id, after_seq, i)
      LIMIT ${joins.length}
    )
    SELECT input.i::int, h.message_id FROM input CROSS JOIN LATERAL (
      SELECT message_id, at_seq FROM messages.hidden
      WHERE user_id = input.user_id AND room_id = input.room_id AND at_seq >= input.after_seq
      ORDER BY at_seq, message_id LIMIT ${limit}
    ) h ORDER BY input.i, h.at_seq, h.message_id`.execute(db);
  const found = joins.map((): string[] => []);
  for (const { i, message_id: messageId } of rows) found[i - 1]?.push(messageId);
  return found;
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
    SELECT ${visibleId} AS room_id, me.user_id IS NOT NULL AS is_member, r.n_text, r.n_image, r.n_video, r.n_audio, r.n_file,
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
