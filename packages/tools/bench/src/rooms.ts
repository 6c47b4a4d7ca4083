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

/** Histories of rooms. The n-th message of the r-th room, both counted from 0, is idOf(kind, r * size + n). */
export interface Histories {
  readonly kind: number;
  readonly rooms: ReadonlyArray<{ readonly roomId: string; readonly senders: readonly [string, string] }>;
  /** Messages in each room. */
  readonly size: number;
}

/** Fills empty rooms as if two of their members had taken turns to send: state, log, counters and statistics agree. */
export async function fillHistories(db: Client, { kind, rooms, size }: Histories): Promise<void> {
  const roomIds = rooms.map(({ roomId }) => roomId);
  const [first, second] = [0, 1].map((n) => rooms.map(({ senders }) => senders[n]));
  await db.query(
    `INSERT INTO messages.messages (id, room_id, seq, place, ordinal, sent, sender_id, type, content, created_at)
     SELECT $4 || lpad(to_hex((r - 1) * $5 + n - 1), 22, '0'), room_id, n, n, n, (n + 1) / 2,
       CASE n % 2 WHEN 1 THEN first ELSE second END, 'text', 'message number ' || n,
       date_trunc('milliseconds', now()) - ($5 - n) * interval '10 ms'
     FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS room(room_id, first, second, r),
       generate_series(1, $5::int) AS n`,
    [roomIds, first, second, idOf(kind, 0).slice(0, 2), size],
  );
  await db.query(
    `INSERT INTO messages.log (room_id, seq, event, message_id, at)
     SELECT room_id, seq, 'new_message', id, created_at FROM messages.messages
     WHERE room_id = ANY($1) ORDER BY room_id, seq`,
    [roomIds],
  );
  await db.query(
    `UPDATE messages.rooms r SET seq = $2, ordinal = $2, places = $2, n_text = $2, last_at = x.at
     FROM (SELECT room_id, max(created_at) AS at FROM messages.messages WHERE room_id = ANY($1) GROUP BY room_id) x
     WHERE r.id = x.room_id`,
    [roomIds, size],
  );
  await db.query(
    `UPDATE messages.members m SET sent = x.sent
     FROM (SELECT room_id, sender_id, max(sent) AS sent FROM messages.messages
       WHERE room_id = ANY($1) GROUP BY room_id, sender_id) x
     WHERE m.room_id = x.room_id AND m.user_id = x.sender_id`,
    [roomIds],
  );
  await db.query("VACUUM ANALYZE");
  await db.query("CHECKPOINT");
}
