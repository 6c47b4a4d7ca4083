// Checks the store's counters against the rows they count.
import { type Db, sql } from "@khui/database";
import { describeRoom } from "../src/store/room-list.js";

interface Entry {
  seq: number;
  event: string;
  sender_id: string | null;
  type: string | null;
  created_at: Date | null;
  data: { userId?: string; deletedBy?: string; left?: string } | null;
}

/** Every inconsistency of a room, in words. `members` were in it from the start. */
export async function faultsOf(db: Db, roomId: string, members: readonly string[]): Promise<string[]> {
  const faults = [...(await logFaults(db, roomId, members)), ...(await counterFaults(db, roomId))];
  const active = await sql<{ user_id: string; unread: number }>`
    SELECT o.user_id, (SELECT count(*) FROM messages.messages m
      WHERE m.room_id = o.room_id AND m.seq > o.read_seq AND m.sender_id <> o.user_id AND m.type <> 'system'
        AND NOT m.deleted AND NOT EXISTS (SELECT FROM messages.hidden h
          WHERE h.user_id = o.user_id AND h.message_id = m.id)) AS unread
    FROM messages.positions o JOIN messages.members me ON me.room_id = o.room_id AND me.user_id = o.user_id
    WHERE o.room_id = ${roomId} AND me.is_active`.execute(db);
  for (const { user_id: userId, unread } of active.rows) {
    const room = await describeRoom(db, userId, roomId);
    const shown = typeof room === "string" ? room : room.unread;
    if (shown !== unread) faults.push(`${userId} has ${unread} unread, not ${shown}`);
  }
  return faults;
}

/** The log is 1, 2, 3 …, its times rise, and everyone who did something was a member at that place. */
async function logFaults(db: Db, roomId: string, members: readonly string[]): Promise<string[]> {
  const { rows } = await sql<Entry>`
    SELECT l.seq, l.event, m.sender_id, m.type, CASE WHEN l.event = 'new_message' THEN m.created_at END AS created_at, l.data
    FROM messages.log l LEFT JOIN messages.messages m ON m.id = l.message_id
    WHERE l.room_id = ${roomId} ORDER BY l.seq`.execute(db);
  const faults: string[] = [];
  const inside = new Set(members);
  let latest = 0;
  for (const [i, { seq, event, sender_id, type, created_at, data }] of rows.entries()) {
    if (seq !== i + 1) return [`the log goes from ${i} to ${seq}`];
    const actor = data?.deletedBy ?? data?.userId ?? sender_id ?? "";
    const isMembership = event === "user_joined_chat" || event === "user_left_chat" || type === "system";
    if (!isMembership && !inside.has(actor)) faults.push(`${event} ${seq} by ${actor}, who was not in the room`);
    if (event === "user_joined_chat") inside.add(actor);
    if (data?.left) inside.delete(data.left);
    if (created_at && created_at.getTime() < latest) faults.push(`message ${seq} is older than the one before`);
    latest = created_at?.getTime() ?? latest;
  }
  const head = await sql<{ seq: number }>`SELECT seq FROM messages.rooms WHERE id = ${roomId}`.execute(db);
  if (head.rows[0]?.seq !== rows.length) faults.push(`the head is ${head.rows[0]?.seq}, the log has ${rows.length}`);
  return faults;
}

async function counterFaults(db: Db, roomId: string): Promise<string[]> {
  const { rows } = await sql<{ counter: string; kept: number; counted: number }>`
    WITH m AS (SELECT * FROM messages.messages WHERE room_id = ${roomId}),
    r AS (SELECT * FROM messages.rooms WHERE id = ${roomId})
    SELECT 'texts' AS counter, r.n_text AS kept, (SELECT count(*) FROM m WHERE type = 'text' AND NOT deleted) AS counted FROM r
    UNION ALL SELECT 'stickers', r.n_sticker, (SELECT count(*) FROM m WHERE type = 'sticker' AND NOT deleted) FROM r
    UNION ALL SELECT 'reactions', r.n_reactions, (SELECT count(*) FROM messages.reactions x JOIN m ON m.id = x.message_id WHERE NOT m.deleted) FROM r
    UNION ALL SELECT 'places', r.places, (SELECT count(*) FROM m) FROM r
    UNION ALL SELECT 'ordinal', r.ordinal, (SELECT count(*) FROM m WHERE type <> 'system') FROM r
    UNION ALL SELECT 'members', r.member_count, (SELECT count(*) FROM messages.members WHERE room_id = r.id AND is_active) FROM r
    UNION ALL SELECT 'sent by ' || me.user_id, me.sent, (SELECT count(*) FROM m WHERE m.sender_id = me.user_id AND type <> 'system')
      FROM messages.members me WHERE me.room_id = ${roomId}
    UNION ALL SELECT 'reached ' || o.user_id, greatest(o.delivered_seq, r.seq), r.seq
      FROM messages.positions o, r WHERE o.room_id = r.id`.execute(db);
  return rows
    .filter(({ kept, counted }) => kept !== counted)
    .map(({ counter, kept, counted }) => `${counter}: ${kept} kept, ${counted} counted`);
}
