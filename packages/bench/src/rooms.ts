// Rooms and histories for the benches, written straight into the services' tables.
import type { Client } from "pg";

export interface BenchRoom {
  readonly id: string;
  /** Indexes into the people: the first one listens, the others send. */
  readonly members: readonly number[];
}

const settings = { allowMediaUpload: true, allowStickers: true, allowReactions: true, maxParticipants: 500 };

/** 24 hex digits: kind and number. Ids made by the services begin with a time, so none of these is one of theirs. */
export const idOf = (kind: number, n: number): string =>
  kind.toString(16).padStart(2, "0") + n.toString(16).padStart(22, "0");

/** `count` rooms of `size` out of `people` people, whose listeners take turns. */
export function planRooms(count: number, size: number, people: number): BenchRoom[] {
  return Array.from({ length: count }, (_, n) => ({
    id: idOf(1, n),
    members: Array.from({ length: size }, (_, i) => (n + i) % people),
  }));
}

/** Makes the rooms as rooms-api and messages-api would have. */
export async function fillRooms(db: Client, rooms: readonly BenchRoom[], userIds: readonly string[]): Promise<void> {
  const members = rooms.flatMap(({ id, members }) => members.map((n) => [id, userIds[n]] as const));
  const roomIds = rooms.map(({ id }) => id);
  const sizes = rooms.map((room) => room.members.length);
  const pairs = [members.map(([room]) => room), members.map(([, user]) => user)];
  await db.query(
    `INSERT INTO rooms.rooms (id, type, name, activity_id, settings, created_by)
     SELECT id, 'group', 'Bench', 'bench', $2, 'bench' FROM unnest($1::text[]) AS id`,
    [roomIds, settings],
  );
  await db.query(
    `INSERT INTO messages.rooms (id, type, settings, change_no, last_at, member_count)
     SELECT id, 'group', $3, 1, date_trunc('milliseconds', now()), size FROM unnest($1::text[], $2::int[]) AS x(id, size)`,
    [roomIds, sizes, settings],
  );
  const from = "FROM unnest($1::text[], $2::text[]) AS x(room_id, user_id)";
  await db.query(
    `INSERT INTO rooms.participants (room_id, user_id, role) SELECT room_id, user_id, 'member' ${from}`,
    pairs,
  );
  await db.query(
    `INSERT INTO messages.members (room_id, user_id, role, is_active, joined_at)
     SELECT room_id, user_id, 'member', true, now() ${from}`,
    pairs,
  );
  await db.query(`INSERT INTO messages.positions (room_id, user_id) SELECT room_id, user_id ${from}`, pairs);
}

/** Ids of a filled history's messages are idOf(kind, number). */
export interface History {
  readonly kind: number;
  readonly roomId: string;
  readonly userIds: readonly [string, string];
  readonly size: number;
}

/** Fills a room of two people, who took turns, as if each message had been sent: state, log and counters agree. */
export async function fillHistory(db: Client, { kind, roomId, userIds, size }: History): Promise<void> {
  const values = [roomId, size, userIds[0], userIds[1], idOf(kind, 0).slice(0, 2)];
  const id = "$5 || lpad(to_hex(n), 22, '0')";
  const at = "date_trunc('milliseconds', now()) - ($2 - n) * interval '10 ms'";
  await db.query(
    `INSERT INTO messages.messages (id, room_id, seq, ordinal, sent, sender_id, type, content, created_at)
     SELECT ${id}, $1, n, n, (n + 1) / 2, CASE n % 2 WHEN 1 THEN $3 ELSE $4 END, 'text', 'message number ' || n, ${at}
     FROM generate_series(1, $2::int) AS n`,
    values,
  );
  await db.query(
    `INSERT INTO messages.log (room_id, seq, event, message_id, at)
     SELECT room_id, seq, 'new_message', id, created_at FROM messages.messages WHERE room_id = $1 ORDER BY seq`,
    [roomId],
  );
  await db.query(
    `UPDATE messages.rooms SET seq = $2, ordinal = $2, places = $2, n_text = $2,
       last_at = (SELECT max(created_at) FROM messages.messages WHERE room_id = $1) WHERE id = $1`,
    [roomId, size],
  );
  await db.query(
    `UPDATE messages.members m SET sent = x.sent, last_sent_seq = x.seq
     FROM (SELECT sender_id, max(sent) AS sent, max(seq) AS seq FROM messages.messages
       WHERE room_id = $1 GROUP BY sender_id) x
     WHERE m.room_id = $1 AND m.user_id = x.sender_id`,
    [roomId],
  );
}
