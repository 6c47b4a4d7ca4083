// Statements that change one message: edit, delete, hide. Each numbers, checks, writes and logs in one statement.
import type { ErrorCode } from "@khui/contracts";
import { type Db, inTransaction, type RawBuilder, sql } from "@khui/database";
import { addRange } from "./hidden.js";
import { addAmounts } from "./position-sums.js";
import { lockWithin, type MessageRow, messageColumns, withParent } from "./tables.js";

/** What a change did: refused, nothing (it was so already), or a new log entry. `message` is as it is afterwards. */
export type ChangeResult =
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "unchanged"; readonly roomId: string }
  | { readonly kind: "changed"; readonly roomId: string; readonly seq: number; readonly at: Date };

export interface Change {
  readonly userId: string;
  readonly messageId: string;
  /** Where the caller expects the message; elsewhere it is not found. */
  readonly roomId: string | undefined;
  readonly event: string;
  /** Further CTEs over `target`, each starting with a comma, for the expressions below. */
  readonly before?: RawBuilder<unknown>;
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
 * What all changes share. Locks room, member and message in this order (as sending does), so the decision is on
 * what is true at the entry's place in the log.
 */
export async function change(db: Db, spec: Change): Promise<ChangeResult> {
  const { rows } = await sql<{ refusal: ErrorCode | null; room_id: string; seq: number | null; at: Date | null }>`
    WITH place AS MATERIALIZED (
      SELECT room_id, ${lockWithin()} FROM messages.messages WHERE id = ${spec.messageId}
    ),
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
    ) ${spec.before ?? sql``},
    decision AS MATERIALIZED (
      SELECT CASE
        WHEN t.id IS NULL OR member.user_id IS NULL OR EXISTS (SELECT FROM messages.hidden h
          WHERE h.message_id = ${spec.messageId} AND h.user_id = ${spec.userId}) THEN 'message_not_found'
        ELSE ${spec.refusal} END AS refusal, ${spec.unchanged} AS unchanged
      FROM (SELECT 1) one LEFT JOIN target t ON true LEFT JOIN member ON true LEFT JOIN room ON true
    ),
    act AS MATERIALIZED (
      SELECT room.id AS room_id, room.seq + 1 AS seq,
        greatest(room.last_at, date_trunc('milliseconds', clock_timestamp())) AS at
      FROM room, decision WHERE refusal IS NULL AND unchanged IS NOT TRUE
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
    SELECT decision.refusal, target.room_id, act.seq, act.at
    FROM decision LEFT JOIN target ON true LEFT JOIN act ON true`.execute(db);
  const row = rows[0];
  if (!row) throw new Error("the decision is always one row");
  if (row.refusal) return { kind: "refused", code: row.refusal };
  if (row.seq === null || row.at === null) return { kind: "unchanged", roomId: row.room_id };
  return { kind: "changed", roomId: row.room_id, seq: row.seq, at: row.at };
}

/** Beyond these an edit is refused. */
const maxEdits = 100;
const maxHistoryBytes = 150_000;
/** Bytes of JSON of the newest versions, which every page and event shows with the message. */
const recentBytes = 4_096;

/** What the present text adds to the history: itself in JSON, and about as much as its time takes. */
const versionBytes = (message: "m" | "t") =>
  sql`coalesce(octet_length(to_jsonb(${sql.ref(`${message}.content`)})::text), 4) + 60`;

/** `at` of an entry as JSON carries it. */
const isoAt = sql`to_char(act.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Replaces a text or caption; the old one is added to the edit history. */
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
      WHEN t.content IS DISTINCT FROM ${edit.content} AND (t.edit_count >= ${maxEdits}
        OR t.edit_bytes + ${versionBytes("t")} > ${maxHistoryBytes})
        THEN 'too_many_edits' END`,
    unchanged: sql`coalesce(t.content, '') = ${edit.content}`,
    set: sql`content = ${edit.content}, edit_count = m.edit_count + 1, edit_bytes = m.edit_bytes + ${versionBytes("m")},
      recent_edits = (
        SELECT coalesce(jsonb_agg(version ORDER BY n), '[]') FROM (
          SELECT version, n, sum(octet_length(version::text)) OVER (ORDER BY n DESC) AS bytes
          FROM jsonb_array_elements(coalesce(m.recent_edits, '[]')
            || jsonb_build_array(jsonb_build_object('content', m.content, 'editedAt', ${isoAt})))
            WITH ORDINALITY AS versions(version, n)
        ) newest WHERE bytes <= ${recentBytes})`,
    also: sql`, previous AS (
      INSERT INTO messages.edits (message_id, number, content, edited_at)
      SELECT t.id, t.edit_count + 1, t.content, act.at FROM act, target t
    )`,
  });
}

/**
 * Locks the message's room before `statement` begins, so that it sees whatever others did to the message before. A statement
 * that takes the lock itself sees other tables as they were when it began: a message that is deleted and hidden at the
 * same time would count twice, and so would a reaction made on two devices at once.
 */
export function withRoomLocked<T>(db: Db, messageId: string, statement: (trx: Db) => Promise<T>): Promise<T> {
  return inTransaction(db, async (trx) => {
    await sql`
      SELECT r.id FROM (SELECT room_id, ${lockWithin()} FROM messages.messages WHERE id = ${messageId}) m
      JOIN messages.rooms r ON r.id = m.room_id FOR NO KEY UPDATE OF r`.execute(trx);
    return statement(trx);
  });
}

/** Empties a message for everyone; its sender or a room admin may. Whoever had not read it has one unread message less. */
export function deleteForEveryone(
  db: Db,
  removal: { userId: string; messageId: string; roomId: string | undefined },
): Promise<ChangeResult> {
  const decrement = (type: string) =>
    sql`${sql.ref(`n_${type}`)} = ${sql.ref(`r.n_${type}`)} - (t.type = ${type})::int`;
  return withRoomLocked(db, removal.messageId, (trx) =>
    change(trx, {
      ...removal,
      event: "message_deleted",
      data: sql`jsonb_build_object('deletedBy', ${removal.userId}::text)`,
      refusal: sql`CASE
      WHEN t.type = 'system' THEN 'forbidden'
      WHEN t.sender_id <> ${removal.userId} AND member.role <> 'admin' THEN 'not_message_sender' END`,
      unchanged: sql`t.deleted`,
      set: sql`deleted = true, content = NULL, media = NULL, sticker = NULL, recent_edits = NULL, edit_count = 0,
        edit_bytes = 0, reactions = NULL, reaction_count = 0, reaction_counts = NULL, client_digest = NULL`,
      roomSet: sql`${sql.join(["text", "image", "video", "audio", "file", "sticker"].map(decrement))},
      n_reactions = r.n_reactions - t.reaction_count, deleted_upto = greatest(r.deleted_upto, t.ordinal)`,
      // It did not count as unread for its sender, nor for those who hid it.
      also: sql`, exempt AS MATERIALIZED (
      SELECT act.room_id, t.sender_id AS user_id, t.ordinal FROM act, target t
      UNION SELECT act.room_id, h.user_id, t.ordinal FROM act, target t, messages.hidden h
        WHERE h.message_id = ${removal.messageId}
    ),
    uncounted AS (
      UPDATE messages.members m SET uncounted_upto = greatest(m.uncounted_upto, e.ordinal) FROM exempt e
      WHERE m.room_id = e.room_id AND m.user_id = e.user_id RETURNING m.room_id, m.user_id, e.ordinal
    ),
    summed AS (${addAmounts(sql`
      SELECT act.room_id, 'deleted' AS kind, '' AS owner, t.ordinal AS position, 1 AS amount FROM act, target t
      UNION ALL SELECT room_id, 'uncounted', user_id, ordinal, -1 FROM uncounted`)}
    ),
    to_purge AS (
      INSERT INTO messages.remains (message_id)
      SELECT t.id FROM act, target t WHERE t.edit_count > 0 OR t.reaction_count > 0
    ),
    unused AS (
      UPDATE messages.files f SET uses = f.uses - 1 FROM act, target t WHERE f.id = t.media->>'fileId'
    )`,
    }),
  );
}

/** Hides a message from one user. This is not logged: the others never know. */
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
  const { rows } = await sql<{ room_id: string; place: number; hidden: boolean }>`
    WITH target AS MATERIALIZED (
      SELECT m.id, m.room_id, m.seq, m.place, m.ordinal, r.seq AS head,
        m.sender_id <> ${hiding.userId} AND m.type <> 'system' AND NOT m.deleted AS counts
      FROM (SELECT * FROM messages.messages WHERE id = ${hiding.messageId} LIMIT 1) m
      JOIN messages.rooms r ON r.id = m.room_id, LATERAL (
        SELECT FROM messages.members me
        WHERE me.room_id = m.room_id AND me.user_id = ${hiding.userId} AND me.is_active LIMIT 1
      ) me
      WHERE (${hiding.roomId ?? null}::text IS NULL OR m.room_id = ${hiding.roomId ?? null})
    ),
    hidden AS (
      INSERT INTO messages.hidden (user_id, room_id, message_id, seq, at_seq)
      SELECT ${hiding.userId}, room_id, id, seq, head FROM target
      ON CONFLICT DO NOTHING RETURNING message_id
    ),
    uncounted AS (
      UPDATE messages.members m SET uncounted_upto = greatest(m.uncounted_upto, t.ordinal) FROM target t, hidden
      WHERE m.room_id = t.room_id AND m.user_id = ${hiding.userId} AND t.counts
    ),
    summed AS (${addAmounts(sql`
      SELECT t.room_id, kind, ${hiding.userId} AS owner, position, 1 AS amount
      FROM target t, hidden, LATERAL (VALUES ('hidden', t.place), ('uncounted', t.ordinal)) AS at(kind, position)
      WHERE kind = 'hidden' OR t.counts`)}
    )
    SELECT target.room_id, target.place, EXISTS (SELECT FROM hidden) AS hidden FROM target`.execute(db);
  const row = rows[0];
  if (!row) return { kind: "refused", code: "message_not_found" };
  if (!row.hidden) return { kind: "unchanged", roomId: row.room_id };
  await addRange(db, { userId: hiding.userId, roomId: row.room_id, place: row.place });
  return { kind: "hidden", roomId: row.room_id };
}

/** The room in which a message is. */
export async function roomOfMessage(db: Db, messageId: string): Promise<string | undefined> {
  const { rows } = await sql<{ room_id: string }>`
    SELECT room_id FROM messages.messages WHERE id = ${messageId}`.execute(db);
  return rows[0]?.room_id;
}

/** The message as it is now, for someone who is in its room; undefined otherwise, and when they hid it unless `alsoHidden`. */
export async function findMessage(
  db: Db,
  userId: string,
  messageId: string,
  { roomId, alsoHidden = false }: { roomId?: string | undefined; alsoHidden?: boolean } = {},
): Promise<MessageRow | undefined> {
  const { rows } = await sql<MessageRow>`
    SELECT ${messageColumns(sql`${userId}`)}
    FROM (SELECT * FROM messages.messages WHERE id = ${messageId} LIMIT 1) m ${withParent},
      LATERAL (
        SELECT FROM messages.members me WHERE me.room_id = m.room_id AND me.user_id = ${userId} AND me.is_active LIMIT 1
      ) me
    WHERE (${roomId ?? null}::text IS NULL OR m.room_id = ${roomId ?? null})
      AND (${alsoHidden}::boolean
        OR NOT EXISTS (SELECT FROM messages.hidden h WHERE h.message_id = ${messageId} AND h.user_id = ${userId}))`.execute(
    db,
  );
  return rows[0];
}
