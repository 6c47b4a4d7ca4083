// The statement that sends: assigns numbers, checks rights, stores messages and log entries, for a whole batch at once.
import type { ErrorCode, ForwardedFrom, MessageType, StickerInfo, StoredMedia } from "@khui/contracts";
import { type Db, failureKind, sql } from "@khui/database";
import { isOpen, lockWithin, type ParentRow } from "./tables.js";

/** A message to be stored. Its text is trimmed and checked. */
export interface NewMessage {
  readonly id: string;
  readonly roomId: string;
  readonly senderId: string;
  readonly type: Exclude<MessageType, "system">;
  readonly content: string | null;
  readonly media: StoredMedia | null;
  readonly sticker: StickerInfo | null;
  readonly replyTo: string | null;
  readonly forwarded: ForwardedFrom | null;
  /** The message that a forward copies: it must still be there. */
  readonly sourceId: string | null;
  readonly clientId: string | null;
  /** What the client id is used for, see `client-digest.ts`. */
  readonly clientDigest: string | null;
}

/** The result of one message of a batch. */
export type SendResult =
  | { readonly kind: "sent"; readonly seq: number; readonly at: Date; readonly parent: ParentRow | null }
  | { readonly kind: "repeated"; readonly messageId: string }
  | { readonly kind: "refused"; readonly code: ErrorCode };

interface SendRow {
  i: number;
  refusal: ErrorCode | null;
  prior_id: string | null;
  seq: number | null;
  at: Date | null;
  parent: ParentRow | null;
}

/**
 * Why `input` may not be sent, over `room`, `member` and `prior` (what was sent with its client id before). A digest that is null
 * differs from none.
 */
const refusals = sql`
          WHEN prior.id IS NOT NULL AND (prior.room_id <> input.room_id OR prior.client_digest <> input.client_digest)
            THEN 'idempotency_conflict'
          WHEN room.id IS NULL OR (member.user_id IS NULL AND NOT ${isOpen(sql`room`)}) THEN 'room_not_found'
          WHEN member.user_id IS NULL THEN 'not_a_participant'
          WHEN prior.id IS NOT NULL THEN NULL
          WHEN input.type IN ('image', 'video', 'audio', 'file') AND NOT (room.settings->>'allowMediaUpload')::boolean
            THEN 'media_not_allowed'
          WHEN input.type = 'sticker' AND NOT (room.settings->>'allowStickers')::boolean THEN 'stickers_not_allowed'`;

/** Repeats of a client id may be stored by other replicas at the same time: each conflict costs one attempt. */
const attempts = 5;

/**
 * Stores a batch of messages, each once: results in the order of the messages. With `allOrNone`, one refusal refuses all. A client id that a
 * concurrent statement has just stored violates `messages_once`: nothing is done then, and the next attempt sees that message.
 */
export async function sendBatch(db: Db, messages: readonly NewMessage[], allOrNone = false): Promise<SendResult[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await writeBatch(db, messages, allOrNone);
    } catch (error) {
      if (attempt === attempts || failureKind(error) !== "unique_violation") throw error;
    }
  }
}

/**
 * All messages are one parameter, about whose contents the planner knows nothing: so one plan serves all, and the
 * statement, which takes longer to plan than to run, is planned once a connection. That may be while the tables are still
 * empty, when reading all of one looks cheap: messages are therefore looked up one by one (LATERAL … LIMIT 1).
 *
 * With several rooms, none is waited for longer than a second: the caller tries them one by one.
 *
 * Rooms are locked in the order of their ids, so that batches of several replicas cannot deadlock; the sender's
 * member row is locked after its room, which makes both read as they are now, not as they were when the statement began:
 * a removal that committed while we waited is seen. Messages are stored in the order of sender and client id, since each
 * waits for a statement that has just stored the same.
 */
async function writeBatch(db: Db, messages: readonly NewMessage[], allOrNone: boolean): Promise<SendResult[]> {
  const input = messages.map((message, i) => ({
    i,
    id: message.id,
    room_id: message.roomId,
    sender_id: message.senderId,
    type: message.type,
    content: message.content,
    media: message.media,
    sticker: message.sticker,
    reply_to: message.replyTo,
    forwarded: message.forwarded,
    source_id: message.sourceId,
    client_id: message.clientId,
    client_digest: message.clientDigest,
  }));
  const rooms = new Set(messages.map(({ roomId }) => roomId)).size;
  const { rows } = await sql<SendRow>`
    WITH clock AS MATERIALIZED (SELECT date_trunc('milliseconds', clock_timestamp()) AS now),
    input AS MATERIALIZED (
      SELECT *, ${lockWithin(rooms > 1 ? 1_000 : 2_000)} FROM jsonb_to_recordset(${JSON.stringify(input)}::jsonb) AS x(
        i int, id text, room_id text, sender_id text, type text, content text, media jsonb, sticker jsonb,
        reply_to text, forwarded jsonb, source_id text, client_id text, client_digest text)
    ),
    room AS MATERIALIZED (
      SELECT r.id, r.seq, r.ordinal, r.places, r.type, r.settings, r.last_at FROM messages.rooms r
      WHERE r.id = ANY(ARRAY(SELECT DISTINCT room_id FROM input)) ORDER BY r.id FOR NO KEY UPDATE
    ),
    member AS MATERIALIZED (
      SELECT m.room_id, m.user_id, m.sent
      FROM (SELECT DISTINCT room_id, sender_id FROM input) i
      JOIN room ON room.id = i.room_id
      JOIN messages.members m ON m.room_id = i.room_id AND m.user_id = i.sender_id
      WHERE m.is_active FOR NO KEY UPDATE OF m
    ),
    -- locked for the same reason: an edit or deletion that committed while we waited must show in the reply's preview
    parent AS MATERIALIZED (
      SELECT p.* FROM (SELECT DISTINCT room_id, reply_to FROM input WHERE reply_to IS NOT NULL) i
      JOIN room ON room.id = i.room_id
      CROSS JOIN LATERAL (
        SELECT m.* FROM messages.messages m WHERE m.id = i.reply_to AND m.room_id = room.id LIMIT 1 FOR SHARE
      ) p
    ),
    -- what a forward copies, after the rooms as deleting does: it may be deleted while we wait
    source AS MATERIALIZED (
      SELECT s.id, s.deleted FROM (SELECT count(*) FROM room) locked,
        (SELECT DISTINCT source_id FROM input WHERE source_id IS NOT NULL) i
      CROSS JOIN LATERAL (
        SELECT m.id, m.deleted FROM messages.messages m WHERE m.id = i.source_id LIMIT 1 FOR SHARE
      ) s
    ),
    -- after the messages, as deleting does: the last use of a file may end while we wait
    file AS MATERIALIZED (
      SELECT f.id, f.uses FROM (SELECT count(*) FROM source) locked, messages.files f
      WHERE f.id = ANY(ARRAY(SELECT media->>'fileId' FROM input WHERE media IS NOT NULL))
      ORDER BY f.id FOR NO KEY UPDATE OF f
    ),
    decision AS MATERIALIZED (
      SELECT input.*, prior.id AS prior_id, p.id AS parent_id, p.sender_id AS parent_sender, p.type AS parent_type,
        left(p.content, 200) AS parent_content, p.deleted AS parent_deleted,
        CASE
          ${refusals}
          WHEN input.reply_to IS NOT NULL AND (p.id IS NULL OR p.type = 'system' OR hidden.message_id IS NOT NULL)
            THEN 'reply_not_found'
          WHEN source.deleted OR (input.media IS NOT NULL AND input.forwarded IS NOT NULL AND coalesce(file.uses, 0) = 0)
            THEN 'not_forwardable'
        END AS refusal
      FROM input
      LEFT JOIN room ON room.id = input.room_id
      LEFT JOIN member ON member.room_id = input.room_id AND member.user_id = input.sender_id
      LEFT JOIN LATERAL (
        SELECT m.id, m.room_id, m.client_digest FROM messages.messages m
        WHERE m.sender_id = input.sender_id AND m.client_id = input.client_id LIMIT 1
      ) prior ON true
      LEFT JOIN parent p ON p.id = input.reply_to AND p.room_id = input.room_id
      LEFT JOIN LATERAL (
        SELECT h.message_id FROM messages.hidden h
        WHERE h.message_id = input.reply_to AND h.user_id = input.sender_id LIMIT 1
      ) hidden ON true
      LEFT JOIN source ON source.id = input.source_id
      LEFT JOIN file ON file.id = input.media->>'fileId'
    ),
    numbered AS MATERIALIZED (
      SELECT v.*, room.seq + row_number() OVER in_room AS seq, room.ordinal + row_number() OVER in_room AS ordinal,
        room.places + row_number() OVER in_room AS place,
        member.sent + row_number() OVER (PARTITION BY v.room_id, v.sender_id ORDER BY v.i) AS sent,
        -- distinct times page exactly; a room faster than one message a millisecond may run ahead by a second at most
        greatest(room.last_at, least(clock.now + interval '1 second',
          greatest(room.last_at + interval '1 millisecond', clock.now)
            + (row_number() OVER in_room - 1) * interval '1 millisecond')) AS at
      FROM decision v JOIN room ON room.id = v.room_id
      JOIN member ON member.room_id = v.room_id AND member.user_id = v.sender_id CROSS JOIN clock
      WHERE v.refusal IS NULL AND v.prior_id IS NULL
        AND NOT (${allOrNone}::boolean AND EXISTS (SELECT FROM decision WHERE refusal IS NOT NULL))
      WINDOW in_room AS (PARTITION BY v.room_id ORDER BY v.i)
    ),
    stored AS (
      INSERT INTO messages.messages (id, room_id, seq, place, ordinal, sent, sender_id, type, content, media, sticker,
        created_at, reply_to, forwarded, client_id, client_digest)
      SELECT id, room_id, seq, place, ordinal, sent, sender_id, type, content, media, sticker, at, reply_to, forwarded, client_id,
        client_digest
      FROM numbered ORDER BY sender_id, client_id
    ),
    logged AS (
      INSERT INTO messages.log (room_id, seq, event, message_id, at)
      SELECT room_id, seq, 'new_message', id, at FROM numbered
    ),
    used AS (
      INSERT INTO messages.files (id, uses)
      SELECT media->>'fileId', count(*) FROM numbered WHERE media IS NOT NULL GROUP BY 1 ORDER BY 1
      ON CONFLICT (id) DO UPDATE SET uses = files.uses + excluded.uses
    ),
    counted AS (
      UPDATE messages.rooms r SET seq = n.seq, ordinal = n.ordinal, last_at = n.at, places = n.place,
        n_text = r.n_text + n.text_, n_image = r.n_image + n.image_, n_video = r.n_video + n.video_,
        n_audio = r.n_audio + n.audio_, n_file = r.n_file + n.file_, n_sticker = r.n_sticker + n.sticker_
      FROM (
        SELECT room_id, max(seq) AS seq, max(ordinal) AS ordinal, max(place) AS place, max(at) AS at,
          count(*) FILTER (WHERE type = 'text') AS text_, count(*) FILTER (WHERE type = 'image') AS image_,
          count(*) FILTER (WHERE type = 'video') AS video_, count(*) FILTER (WHERE type = 'audio') AS audio_,
          count(*) FILTER (WHERE type = 'file') AS file_, count(*) FILTER (WHERE type = 'sticker') AS sticker_
        FROM numbered GROUP BY room_id
      ) n WHERE r.id = n.room_id
    ),
    credited AS (
      UPDATE messages.members m SET sent = n.sent
      FROM (SELECT room_id, sender_id, max(sent) AS sent FROM numbered GROUP BY room_id, sender_id) n
      WHERE m.room_id = n.room_id AND m.user_id = n.sender_id
    )
    SELECT v.i, v.refusal, v.prior_id, n.seq, n.at,
      CASE WHEN v.parent_id IS NOT NULL THEN jsonb_build_object('id', v.parent_id, 'sender_id', v.parent_sender,
        'type', v.parent_type, 'content', v.parent_content, 'deleted', v.parent_deleted) END AS parent
    FROM decision v LEFT JOIN numbered n ON n.i = v.i`.execute(db);
  const results = new Array<SendResult>(messages.length);
  for (const row of rows) results[row.i] = resultOf(row);
  return results;
}

function resultOf(row: SendRow): SendResult {
  if (row.refusal) return { kind: "refused", code: row.refusal };
  if (row.prior_id) return { kind: "repeated", messageId: row.prior_id };
  // Refused only because another message of the batch was.
  if (row.seq === null || row.at === null) return { kind: "refused", code: "forbidden" };
  return { kind: "sent", seq: row.seq, at: row.at, parent: row.parent };
}

export interface Prior {
  readonly id: string;
  readonly digest: string | null;
}

/** The messages that this sender has sent before, by client id. */
export async function sentBefore(db: Db, senderId: string, clientIds: string[]): Promise<ReadonlyMap<string, Prior>> {
  const { rows } = await sql<Prior & { client_id: string }>`
    SELECT m.id, m.client_id, m.client_digest AS digest FROM unnest(${clientIds}::text[]) AS asked(client_id), LATERAL (
      SELECT m.id, m.client_id, m.client_digest FROM messages.messages m
      WHERE m.sender_id = ${senderId} AND m.client_id = asked.client_id LIMIT 1
    ) m`.execute(db);
  return new Map(rows.map(({ client_id, ...prior }) => [client_id, prior]));
}

/** Why a user may not send a message of that type now, and the id of the message that this client id has sent before. */
export async function maySend(
  db: Db,
  request: {
    userId: string;
    roomId: string;
    type: MessageType;
    clientId: string | null;
    clientDigest: string | null;
  },
): Promise<{ refusal: ErrorCode | null; priorId: string | null }> {
  const { rows } = await sql<{ refusal: ErrorCode | null; prior_id: string | null }>`
    SELECT prior.id AS prior_id, CASE ${refusals} END AS refusal
    FROM (SELECT ${request.roomId}::text AS room_id, ${request.userId}::text AS user_id,
      ${request.type}::text AS type, ${request.clientId}::text AS client_id,
      ${request.clientDigest}::text AS client_digest) input
    LEFT JOIN messages.rooms room ON room.id = input.room_id
    LEFT JOIN messages.members member
      ON member.room_id = input.room_id AND member.user_id = input.user_id AND member.is_active
    LEFT JOIN messages.messages prior ON prior.sender_id = input.user_id AND prior.client_id = input.client_id`.execute(
    db,
  );
  return { refusal: rows[0]?.refusal ?? null, priorId: rows[0]?.prior_id ?? null };
}
