// Rooms filled in bulk, in the shape of migration 0003: later migrations change them as they change what is in use.
import { createHash } from "node:crypto";
import { defaultSettings } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import type { Dimension } from "@khui/test-kit/statement-cost/cases";

/** Where a case finds what it is about. */
export interface Scene {
  readonly roomId: string;
  /** An admin of the room, whose message is every fifth one and the newest. */
  readonly reader: string;
  /** Has been a member, and hid the same messages as the reader. */
  readonly left: string;
  readonly stranger: string;
  /** The room's members beside the reader. */
  readonly members: readonly string[];
  readonly messages: number;
  /** The room's newest entry. */
  readonly head: number;
  /** The reader's message that was edited and reacted to: the newest one that nobody hid. */
  readonly target: string;
  /** A member's. */
  readonly foreign: string;
  readonly newest: string;
  /** Half of the messages are older. */
  readonly middle: { readonly id: string; readonly seq: number; readonly at: Date };
  /** Other rooms of the reader. */
  readonly rooms: readonly string[];
  /** How much a batch holds. */
  readonly batch: number;
}

interface Amounts {
  /** Of these the reader sent every fifth. A multiple of 10. */
  readonly messages: number;
  readonly members: number;
  readonly left: number;
  readonly hidden: number;
  /** Hidden are the newest, or every second one: half of them the newest, half around the middle. */
  readonly scattered: boolean;
  readonly deleted: number;
  readonly unread: number;
  readonly reactions: number;
  readonly edits: number;
  readonly rooms: number;
  readonly batch: number;
}

const few: Amounts = {
  messages: 200,
  members: 10,
  left: 5,
  hidden: 0,
  scattered: false,
  deleted: 3,
  unread: 10,
  reactions: 2,
  edits: 1,
  rooms: 5,
  batch: 2,
};

const settings = JSON.stringify({ ...defaultSettings, maxParticipants: 100_000 });
/** 24 hex digits, rising with the number, as ids that are made one after the other. */
const idOf = (kind: string, n: number) => hash(kind) + n.toString(16).padStart(12, "0");
const hash = (kind: string) => createHash("md5").update(kind).digest("hex").slice(0, 12);
/** The same in the database; `n` is an SQL expression. */
const idSql = (kind: string, n: string) => sql`${hash(kind)}::text || lpad(to_hex(${sql.raw(n)}), 12, '0')`;

/** Fills one room and the reader's other rooms. */
export async function fillScene(db: Db, name: string, amounts: Partial<Amounts>): Promise<Scene> {
  const a: Amounts = { ...few, ...amounts };
  const roomId = idOf(`room ${name}`, 0);
  const [reader, left, stranger] = [`${name} reader`, `${name} left 1`, `${name} stranger`];
  const message = (n: number) => idOf(`message ${name}`, n);
  const visible = a.messages - a.hidden;
  const target = 5 * Math.floor((visible - 10) / 5);
  await fillMessages(db, name, roomId, a);
  await fillMembers(db, name, roomId, a);
  await fillHidden(db, name, roomId, a);
  await fillHistory(db, roomId, a, message(target));
  await fillPositions(db, roomId, reader, a);
  await fillRooms(db, `${name} others`, a.rooms, sql`${reader}::text`);
  const half = a.messages / 2;
  const { rows } = await sql<{ at: Date; seq: number }>`
    SELECT m.created_at AS at, r.seq FROM messages.messages m, messages.rooms r
    WHERE m.id = ${message(half)} AND r.id = ${roomId}`.execute(db);
  return {
    roomId,
    reader,
    left,
    stranger,
    members: Array.from({ length: a.members }, (_, n) => `${name} ${n + 1}`),
    messages: a.messages,
    head: rows[0]!.seq,
    target: message(target),
    foreign: message(target + 1),
    newest: message(a.messages),
    middle: { id: message(half), seq: half, at: rows[0]!.at },
    rooms: Array.from({ length: a.rooms }, (_, n) => idOf(`room ${name} others`, n + 1)),
    batch: a.batch,
  };
}

/** One a second, the last one now. Deleted are the newest of those that come second of five. */
async function fillMessages(
  db: Db,
  name: string,
  roomId: string,
  { messages, members, deleted }: Amounts,
): Promise<void> {
  await sql`
    INSERT INTO messages.messages (id, room_id, seq, ordinal, sent, sender_id, type, content, deleted, created_at, client_id)
    SELECT ${idSql(`message ${name}`, "n")}, ${roomId}, n, n, CASE n % 5 WHEN 0 THEN n / 5 ELSE 0 END,
      CASE n % 5 WHEN 0 THEN ${`${name} reader`} ELSE ${name}::text || ' ' || (1 + n % ${members}::int) END, 'text',
      CASE WHEN NOT gone THEN 'message number ' || n END, gone,
      date_trunc('milliseconds', now()) - (${messages}::int - n) * interval '1 second', 'client id ' || n
    FROM (SELECT n, n % 5 = 2 AND n > ${messages - 5 * deleted}::int AS gone FROM generate_series(1, ${messages}::int) n) x`.execute(
    db,
  );
  // Numbers of those who are not the reader rise with their messages, too.
  await sql`
    UPDATE messages.messages m SET sent = x.sent
    FROM (SELECT id, row_number() OVER (PARTITION BY sender_id ORDER BY seq) AS sent FROM messages.messages WHERE room_id = ${roomId}) x
    WHERE m.id = x.id AND m.sent <> x.sent`.execute(db);
}

async function fillMembers(
  db: Db,
  name: string,
  roomId: string,
  { messages, members, left, deleted }: Amounts,
): Promise<void> {
  await sql`
    INSERT INTO messages.rooms (id, type, settings, seq, change_no, last_at, member_count, ordinal, places, n_text)
    VALUES (${roomId}, 'group', ${settings}::jsonb, ${messages}, 1, date_trunc('milliseconds', now()), ${members + 1}, ${messages},
      ${messages}, ${messages - deleted})`.execute(db);
  await sql`
    INSERT INTO messages.members (room_id, user_id, role, is_active, joined_at)
    SELECT ${roomId}, ${`${name} reader`}, 'admin', true, now() - interval '10 days'
    UNION ALL SELECT ${roomId}, ${name}::text || ' ' || n, 'member', true, now() - interval '9 days' + n * interval '1 second'
      FROM generate_series(1, ${members}::int) n
    UNION ALL SELECT ${roomId}, ${name}::text || ' left ' || n, 'member', false, now() - interval '9 days'
      FROM generate_series(1, ${left}::int) n`.execute(db);
  await sql`
    UPDATE messages.members me SET sent = x.sent
    FROM (SELECT sender_id, max(sent) AS sent FROM messages.messages WHERE room_id = ${roomId} GROUP BY 1) x
    WHERE me.room_id = ${roomId} AND me.user_id = x.sender_id`.execute(db);
}

/** For the reader, and for one who left. */
async function fillHidden(
  db: Db,
  name: string,
  roomId: string,
  { messages, hidden, scattered }: Amounts,
): Promise<void> {
  const chosen = scattered
    ? sql`n % 2 = 0 AND (n > ${messages - hidden}::int OR abs(n - ${messages / 2}::int) <= ${hidden / 2}::int)`
    : sql`n > ${messages - hidden}::int`;
  await sql`
    INSERT INTO messages.hidden (user_id, room_id, message_id, seq, at_seq)
    SELECT person, ${roomId}, ${idSql(`message ${name}`, "n")}, n, n
    FROM generate_series(1, ${messages}::int) n, unnest(${[`${name} reader`, `${name} left 1`]}::text[]) person
    WHERE ${chosen}`.execute(db);
}

/** The target's edits and reactions, and the log: first the messages, then what was done to them. */
async function fillHistory(
  db: Db,
  roomId: string,
  { messages, reactions, edits }: Amounts,
  target: string,
): Promise<void> {
  await sql`
    UPDATE messages.messages SET
      edits = (SELECT jsonb_agg(jsonb_build_object('content', repeat('before ', 40) || n, 'editedAt', '2026-01-01T00:00:00.000Z') ORDER BY n)
        FROM generate_series(1, ${edits}::int) n),
      edit_bytes = 400 * ${edits}::int,
      reactions = (SELECT jsonb_agg(jsonb_build_object('userId', 'reactor ' || n, 'emoji', '👍', 'reactionType', null,
        'createdAt', '2026-01-01T00:00:00.000Z') ORDER BY n) FROM generate_series(1, ${reactions}::int) n)
    WHERE id = ${target}`.execute(db);
  await sql`
    INSERT INTO messages.log (room_id, seq, event, message_id, data, at)
    SELECT room_id, seq, 'new_message', id, NULL::jsonb, created_at FROM messages.messages WHERE room_id = ${roomId}
    UNION ALL SELECT ${roomId}, ${messages}::int + n, 'message_edited', ${target}, NULL, now() FROM generate_series(1, ${edits}::int) n
    UNION ALL SELECT ${roomId}, ${messages + edits}::int + n, 'reaction_updated', ${target},
      jsonb_build_object('userId', 'reactor ' || n, 'emoji', '👍', 'reactionType', NULL, 'action', 'added'), now()
      FROM generate_series(1, ${reactions}::int) n
    UNION ALL SELECT room_id, ${messages + edits + reactions}::int + row_number() OVER (ORDER BY seq), 'message_deleted', id,
      jsonb_build_object('deletedBy', sender_id), now() FROM messages.messages WHERE room_id = ${roomId} AND deleted`.execute(
    db,
  );
  await sql`
    UPDATE messages.rooms SET n_reactions = ${reactions}, seq = (SELECT max(seq) FROM messages.log WHERE room_id = ${roomId})
    WHERE id = ${roomId}`.execute(db);
}

/** The reader has left the newest ones unread, the others all. */
async function fillPositions(db: Db, roomId: string, reader: string, { messages, unread }: Amounts): Promise<void> {
  const read = messages - unread;
  await sql`
    INSERT INTO messages.positions (room_id, user_id, read_seq, read_ordinal, read_sent, delivered_seq, gone)
    SELECT m.room_id, m.user_id, upto, upto, CASE upto WHEN 0 THEN 0 ELSE ${Math.floor(read / 5)} END, upto, (
      SELECT count(*) FROM messages.messages x WHERE x.room_id = m.room_id AND x.seq > upto AND x.sender_id <> m.user_id
        AND (x.deleted OR EXISTS (SELECT FROM messages.hidden h WHERE h.user_id = m.user_id AND h.message_id = x.id)))
    FROM (SELECT *, CASE user_id WHEN ${reader} THEN ${read}::int ELSE 0 END AS upto FROM messages.members WHERE room_id = ${roomId}) m`.execute(
    db,
  );
}

/** Rooms of three people and four messages each, one of them hidden, the first one edited and reacted to; `person` is an SQL expression over `r` and in all of them. */
async function fillRooms(db: Db, name: string, count: number, person: ReturnType<typeof sql>): Promise<void> {
  const ids = idSql(`room ${name}`, "r");
  const messageId = idSql(`message ${name}`, "4 * r + n");
  const rooms = sql`generate_series(1, ${count}::int) r`;
  const people = sql`unnest(ARRAY[${person}, ${name}::text || ' a ' || r, ${name}::text || ' b ' || r]) WITH ORDINALITY AS p(user_id, i)`;
  await sql`
    INSERT INTO messages.rooms (id, type, settings, seq, change_no, last_at, member_count, ordinal, places, n_text)
    SELECT ${ids}, 'group', ${settings}::jsonb, 4, 1, date_trunc('milliseconds', now()) - r * interval '1 minute', 3, 4, 4, 4 FROM ${rooms}`.execute(
    db,
  );
  await sql`
    INSERT INTO messages.members (room_id, user_id, role, is_active, joined_at, sent)
    SELECT ${ids}, user_id, 'member', true, now(), CASE i WHEN 1 THEN 2 ELSE 1 END FROM ${rooms}, ${people}`.execute(
    db,
  );
  await sql`
    INSERT INTO messages.positions (room_id, user_id) SELECT ${ids}, user_id FROM ${rooms}, ${people}`.execute(db);
  await sql`
    INSERT INTO messages.messages (id, room_id, seq, ordinal, sent, sender_id, type, content, created_at, edits, reactions)
    SELECT ${messageId}, ${ids}, n, n, CASE n WHEN 4 THEN 2 ELSE 1 END, user_id, 'text', 'a message', now() - (4 - n) * interval '1 second',
      CASE n WHEN 1 THEN '[{"content":"before","editedAt":"2026-01-01T00:00:00.000Z"}]'::jsonb END,
      CASE n WHEN 1 THEN jsonb_build_array(jsonb_build_object('userId', user_id, 'emoji', '👍', 'reactionType', NULL,
        'createdAt', '2026-01-01T00:00:00.000Z')) END
    FROM ${rooms}, generate_series(1, 4) n, ${people} WHERE i = 1 + (n - 1) % 3`.execute(db);
  await sql`
    INSERT INTO messages.log (room_id, seq, event, message_id, at)
    SELECT ${ids}, n, 'new_message', ${messageId}, now() - (r % 6) * interval '1 day' FROM ${rooms}, generate_series(1, 4) n`.execute(
    db,
  );
  await sql`
    INSERT INTO messages.hidden (user_id, room_id, message_id, seq, at_seq)
    SELECT ${name}::text || ' a ' || r, ${ids}, ${idSql(`message ${name}`, "4 * r + 3")}, 3, 4 FROM ${rooms}`.execute(
    db,
  );
  await sql`
    UPDATE messages.positions o SET gone = 1 FROM messages.hidden h
    WHERE o.room_id = h.room_id AND o.user_id = h.user_id AND o.user_id LIKE ${`${name} a %`}`.execute(db);
}

/** Files in use and not, and entries of the log older than any that is kept. */
async function fillRest(db: Db, count: number): Promise<void> {
  await sql`INSERT INTO messages.files (id, uses) SELECT 'file ' || n, 1 FROM generate_series(1, ${count}::int) n`.execute(
    db,
  );
  await sql`INSERT INTO messages.files (id, uses) SELECT 'unused ' || n, 0 FROM generate_series(1, 5) n`.execute(db);
  await sql`UPDATE messages.log SET at = now() - interval '8 days' WHERE room_id IN (SELECT room_id FROM messages.log ORDER BY room_id LIMIT 40) AND seq = 1`.execute(
    db,
  );
}

export const surroundings: Dimension<Scene> = {
  name: "other rooms and people",
  small: 100,
  large: 5_000,
  async fill(db, size) {
    await fillRooms(db, "all", size, sql`'all c ' || r`);
    await fillRest(db, size);
    // So few that one page holds them whatever lies between: how rows lie on pages is not what is measured.
    return fillScene(db, "ours", { messages: 60 });
  },
};

const place = (
  name: string,
  small: number,
  large: number,
  amounts: (size: number) => Partial<Amounts>,
): Dimension<Scene> => ({ name, small, large, fill: (db, size) => fillScene(db, `${name} ${size}`, amounts(size)) });

export const places: ReadonlyArray<Dimension<Scene>> = [
  place("messages", 500, 25_000, (messages) => ({ messages })),
  place("members", 20, 1_000, (members) => ({ members })),
  place("people who left", 20, 1_000, (left) => ({ left })),
  place("newest hidden", 60, 3_000, (hidden) => ({ messages: 6_200, hidden })),
  place("every second hidden", 210, 4_000, (hidden) => ({ messages: 12_200, hidden, scattered: true })),
  place("deleted", 3, 300, (deleted) => ({ messages: 1_500, deleted, unread: 1_500 })),
  place("unread", 15, 1_500, (unread) => ({ messages: 1_500, unread })),
  place("reactions", 4, 400, (reactions) => ({ reactions })),
  place("edits", 1, 99, (edits) => ({ edits })),
  place("rooms of a person", 10, 500, (rooms) => ({ rooms })),
  place("in a batch", 2, 100, (batch) => ({ batch, rooms: 100, messages: 500 })),
];
