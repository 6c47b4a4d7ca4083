// Statements that change one message: edit, delete, hide, react. Each numbers, checks, writes and logs in one statement.
import type { ErrorCode } from "@khui/contracts";
import { sql } from "@khui/database";
import type { RawBuilder } from "kysely";
import { type Db, type MessageRow, messageColumns, withParent } from "./tables.js";

/** What a change did: refused, nothing (it was so already), or a new log entry. `message` is as it is afterwards. */
export type ChangeResult =
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "unchanged"; readonly roomId: string }
  | { readonly kind: "changed"; readonly roomId: string; readonly seq: number; readonly at: Date };

interface Change {
  readonly userId: string;
  readonly messageId: string;
  /** Where the caller says the message is; elsewhere it is not found. */
  readonly roomId: string | undefined;
  readonly event: string;
  /** An SQL expression over `t` (the message), `member`, `room`: a refusing code or NULL. */
  readonly refusal: RawBuilder<unknown>;
  /** An SQL expression over `t`: true when there is nothing to do. */
  readonly unchanged: RawBuilder<unknown>;
  /** SET list for the message, over `m`. */
  readonly set: RawBuilder<unknown>;
  /** The entry's EntryData as jsonb, over the old message `t`. */
  readonly data?: RawBuilder<unknown>;
  /** SET list for the room beside `seq`, over `r` and the old message `t`. */
  readonly roomSet?: RawBuilder<unknown>;
  /** Further data-modifying CTEs, each starting with a comma, over `act` and `target`. */
  readonly also?: RawBuilder<unknown>;
}

/**
 * The frame all changes share. Locks room, member and message in this order (as sending does), so the verdict is on
 * what is true at the entry's place in the log.
 */
async function change(db: Db, spec: Change): Promise<ChangeResult> {
  const { rows } = await sql<{ refusal: ErrorCode | null; room_id: string; seq: number | null; at: Date | null }>`
    WITH place AS MATERIALIZED (SELECT room_id FROM messages.messages WHERE id = ${spec.messageId}),
    room AS MATERIALIZED (
      SELECT r.* FROM place JOIN messages.rooms r ON r.id = place.room_id
      WHERE ${spec.roomId ?? null}::text IS NULL OR r.id = ${spec.roomId ?? null}::text FOR NO KEY UPDATE OF r
    ),
    member AS MATERIALIZED (
      SELECT m.user_id, m.role FROM room JOIN messages.members m ON m.room_id = room.id
      WHERE m.user_id = ${spec.userId} AND m.is_active FOR SHARE OF m
    ),
    target AS MATERIALIZED (
      SELECT m.* FROM room JOIN messages.messages m ON m.id = ${spec.messageId} FOR NO KEY UPDATE OF m
    ),
    verdict AS MATERIALIZED (
      SELECT CASE
        WHEN t.id IS NULL OR member.user_id IS NULL OR EXISTS (SELECT FROM messages.hidden h
          WHERE h.user_id = ${spec.userId} AND h.room_id = t.room_id AND h.message_id = t.id) THEN 'message_not_found'
        ELSE ${spec.refusal} END AS refusal, ${spec.unchanged} AS unchanged
      FROM (SELECT 1) one LEFT JOIN target t ON true LEFT JOIN member ON true LEFT JOIN room ON true
    ),
    act AS MATERIALIZED (
      SELECT room.id AS room_id, room.seq + 1 AS seq,
        greatest(room.last_at, date_trunc('milliseconds', clock_timestamp())) AS at
      FROM room, verdict WHERE refusal IS NULL AND unchanged IS NOT TRUE
    ),
    written AS (
      UPDATE messages.messages m SET ${spec.set} FROM act WHERE m.id = ${spec.messageId}
    ),
    logged AS (
      INSERT INTO messages.log (room_id, seq, event, message_id, data, at)
      SELECT act.room_id, act.seq, ${spec.event}, ${spec.messageId}, ${spec.data ?? sql`NULL::jsonb`}, act.at
      FROM act, target t
    ),
    bumped AS (
      UPDATE messages.rooms r SET seq = act.seq ${spec.roomSet ? sql`, ${spec.roomSet}` : sql``}
      FROM act, target t WHERE r.id = act.room_id
    ) ${spec.also ?? sql``}
    SELECT verdict.refusal, target.room_id, act.seq, act.at
    FROM verdict LEFT JOIN target ON true LEFT JOIN act ON true`.execute(db);
  const row = rows[0];
  if (!row) throw new Error("the verdict is always one row");
  if (row.refusal) return { kind: "refused", code: row.refusal };
  if (row.seq === null || row.at === null) return { kind: "unchanged", roomId: row.room_id };
  return { kind: "changed", roomId: row.room_id, seq: row.seq, at: row.at };
}

/** Beyond these an edit is refused: every one is kept in the message's history, which goes with it wherever it goes. */
const maxEdits = 100;
const maxHistoryBytes = 150_000;

/** What the present text adds to the history: itself in JSON, and about as much as its time takes. */
const versionBytes = (message: "m" | "t") =>
  sql`coalesce(octet_length(to_jsonb(${sql.ref(`${message}.content`)})::text), 4) + 60`;

/** Replaces a text or caption; the old one goes to the history. */
export function editMessage(
  db: Db,
  edit: { userId: string; messageId: string; roomId: string | undefined; content: string },
): Promise<ChangeResult> {
  return change(db, {
    ...edit,
    event: "message_edited",
    refusal: sql`CASE
      WHEN t.sender_id <> ${edit.userId} THEN 'not_message_sender'
      WHEN t.deleted OR t.type NOT IN ('text', 'image', 'video', 'audio', 'file') THEN 'not_editable'
      WHEN t.type = 'text' AND ${edit.content} = '' THEN 'empty_content'
      WHEN t.content IS DISTINCT FROM ${edit.content} AND (jsonb_array_length(coalesce(t.edits, '[]')) >= ${maxEdits}
        OR t.edit_bytes + ${versionBytes("t")} > ${maxHistoryBytes})
        THEN 'too_many_edits' END`,
    unchanged: sql`coalesce(t.content, '') = ${edit.content}`,
    set: sql`content = ${edit.content}, edits = coalesce(m.edits, '[]') || jsonb_build_array(jsonb_build_object(
        'content', m.content, 'editedAt', to_char(act.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
      edit_bytes = m.edit_bytes + ${versionBytes("m")}`,
  });
}

/**
 * Locks the message's room before `statement` begins, which so sees whatever others did to the message before. A statement
 * that takes the lock itself sees other tables as they were when it began: a message that is deleted and hidden at the
 * same time would count twice as gone.
 */
function withRoomLocked<T>(db: Db, messageId: string, statement: (trx: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`
      SELECT r.id FROM messages.messages m JOIN messages.rooms r ON r.id = m.room_id
      WHERE m.id = ${messageId} FOR NO KEY UPDATE OF r`.execute(trx);
    return statement(trx);
  });
}

/** Empties a message for all: its sender or a room admin may. Members who had not read it count one less unread. */
export function deleteForEveryone(
  db: Db,
  removal: { userId: string; messageId: string; roomId: string | undefined },
): Promise<ChangeResult> {
  const less = (type: string) => sql`${sql.ref(`n_${type}`)} = ${sql.ref(`r.n_${type}`)} - (t.type = ${type})::int`;
  return withRoomLocked(db, removal.messageId, (trx) =>
    change(trx, {
      ...removal,
      event: "message_deleted",
      data: sql`jsonb_build_object('deletedBy', ${removal.userId}::text)`,
      refusal: sql`CASE
      WHEN t.type = 'system' THEN 'forbidden'
      WHEN t.sender_id <> ${removal.userId} AND member.role <> 'admin' THEN 'not_message_sender' END`,
      unchanged: sql`t.deleted`,
      set: sql`deleted = true, content = NULL, media = NULL, sticker = NULL, edits = NULL, edit_bytes = 0, reactions = NULL`,
      roomSet: sql`${sql.join(["text", "image", "video", "audio", "file", "sticker"].map(less))},
      n_reactions = r.n_reactions - jsonb_array_length(coalesce(t.reactions, '[]'))`,
      // The positions are locked in the same order as reading and deliveries lock them.
      also: sql`, held AS MATERIALIZED (
      SELECT o.room_id, o.user_id FROM act, target t, messages.positions o
      WHERE o.room_id = act.room_id AND o.read_seq < t.seq AND o.user_id <> t.sender_id
      ORDER BY o.room_id, o.user_id FOR UPDATE OF o
    ),
    uncounted AS (
      UPDATE messages.positions o SET gone = o.gone + 1 FROM held, target t
      WHERE o.room_id = held.room_id AND o.user_id = held.user_id
        AND NOT EXISTS (SELECT FROM messages.hidden h
          WHERE h.user_id = o.user_id AND h.room_id = o.room_id AND h.message_id = t.id)
    ),
    unused AS (
      UPDATE messages.files f SET uses = f.uses - 1 FROM act, target t WHERE f.id = t.media->>'fileId'
    )`,
    }),
  );
}

/** Hides a message from one user. It is no log entry: the others never learn of it. */
export function hideMessage(db: Db, hiding: Hiding): Promise<HideResult> {
  return withRoomLocked(db, hiding.messageId, (trx) => hideNow(trx, hiding));
}

interface Hiding {
  readonly userId: string;
  readonly messageId: string;
  readonly roomId: string | undefined;
}

type HideResult =
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "unchanged" | "hidden"; readonly roomId: string };

async function hideNow(db: Db, hiding: Hiding): Promise<HideResult> {
  const { rows } = await sql<{ room_id: string; hidden: boolean }>`
    WITH target AS MATERIALIZED (
      SELECT m.id, m.room_id, m.seq, m.sender_id, m.type, m.deleted, r.seq AS head
      FROM messages.messages m JOIN messages.rooms r ON r.id = m.room_id
      JOIN messages.members me ON me.room_id = m.room_id AND me.user_id = ${hiding.userId} AND me.is_active
      WHERE m.id = ${hiding.messageId} AND (${hiding.roomId ?? null}::text IS NULL OR m.room_id = ${hiding.roomId ?? null})
    ),
    hidden AS (
      INSERT INTO messages.hidden (user_id, room_id, message_id, seq, at_seq)
      SELECT ${hiding.userId}, room_id, id, seq, head FROM target
      ON CONFLICT DO NOTHING RETURNING message_id
    ),
    uncounted AS (
      UPDATE messages.positions o SET gone = o.gone + 1 FROM target t, hidden
      WHERE o.room_id = t.room_id AND o.user_id = ${hiding.userId} AND o.read_seq < t.seq
        AND t.sender_id <> ${hiding.userId} AND t.type <> 'system' AND NOT t.deleted
    )
    SELECT target.room_id, EXISTS (SELECT FROM hidden) AS hidden FROM target`.execute(db);
  const row = rows[0];
  if (!row) return { kind: "refused", code: "message_not_found" };
  return { kind: row.hidden ? "hidden" : "unchanged", roomId: row.room_id };
}

/** Beyond this nobody else can react to a message: each event of it names all who did. */
const maxReactions = 500;

/** Sets, replaces or (with a null emoji) takes away a user's one reaction. */
export function reactTo(
  db: Db,
  reaction: {
    userId: string;
    messageId: string;
    roomId: string | undefined;
    emoji: string | null;
    reactionType: string | null;
  },
): Promise<ChangeResult> {
  const { userId, emoji, reactionType } = reaction;
  const others = sql`(SELECT coalesce(jsonb_agg(x ORDER BY n), '[]') FROM jsonb_array_elements(coalesce(m.reactions, '[]'))
    WITH ORDINALITY AS e(x, n) WHERE x->>'userId' <> ${userId})`;
  const mine = sql`(SELECT x FROM jsonb_array_elements(coalesce(t.reactions, '[]')) x WHERE x->>'userId' = ${userId})`;
  const action = sql`CASE WHEN ${emoji}::text IS NULL THEN 'removed' WHEN ${mine} IS NULL THEN 'added' ELSE 'changed' END`;
  return change(db, {
    ...reaction,
    event: "reaction_updated",
    refusal: sql`CASE
      WHEN t.deleted OR t.type = 'system' THEN 'message_not_found'
      WHEN ${emoji}::text IS NOT NULL AND NOT (room.settings->>'allowReactions')::boolean THEN 'reactions_not_allowed'
      WHEN ${emoji}::text IS NOT NULL AND ${mine} IS NULL AND jsonb_array_length(coalesce(t.reactions, '[]')) >= ${maxReactions}
        THEN 'too_many_reactions' END`,
    unchanged: sql`CASE WHEN ${emoji}::text IS NULL THEN ${mine} IS NULL
      ELSE ${mine}->>'emoji' = ${emoji} AND ${mine}->>'reactionType' IS NOT DISTINCT FROM ${reactionType} END`,
    set:
      emoji === null
        ? sql`reactions = ${others}`
        : sql`reactions = ${others} || jsonb_build_array(jsonb_build_object('userId', ${userId}::text,
            'emoji', ${emoji}::text, 'reactionType', ${reactionType}::text,
            'createdAt', to_char(act.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))`,
    roomSet: sql`n_reactions = r.n_reactions + CASE ${action} WHEN 'added' THEN 1 WHEN 'removed' THEN -1 ELSE 0 END`,
    data: sql`jsonb_build_object('userId', ${userId}::text, 'emoji', ${emoji}::text,
      'reactionType', ${reactionType}::text, 'action', ${action})`,
  });
}

/** The message as it is now, for someone who is in its room; undefined otherwise, and when they hid it. */
export async function findMessage(
  db: Db,
  userId: string,
  messageId: string,
  roomId?: string,
): Promise<MessageRow | undefined> {
  const { rows } = await sql<MessageRow>`
    SELECT ${messageColumns} FROM messages.messages m ${withParent}
    JOIN messages.members me ON me.room_id = m.room_id AND me.user_id = ${userId} AND me.is_active
    WHERE m.id = ${messageId} AND (${roomId ?? null}::text IS NULL OR m.room_id = ${roomId ?? null})
      AND NOT EXISTS (SELECT FROM messages.hidden h
        WHERE h.user_id = ${userId} AND h.room_id = m.room_id AND h.message_id = m.id)`.execute(db);
  return rows[0];
}
