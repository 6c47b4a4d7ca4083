// The rows of this service's schema as queries return them, and the columns that make a message.
import type { ForwardedFrom, MessageType, Reaction, StickerInfo, StoredMedia, SystemInfo } from "@khui/contracts";
import { type RawBuilder, sql } from "@khui/database";

export interface MessageRow {
  id: string;
  room_id: string;
  seq: number;
  sender_id: string;
  type: MessageType;
  content: string | null;
  media: StoredMedia | null;
  sticker: StickerInfo | null;
  system: SystemInfo | null;
  created_at: Date;
  /** The newest versions that were replaced, oldest of them first: as many as fit 4 KB. */
  recent_edits: Version[] | null;
  edit_count: number;
  deleted: boolean;
  /** All of them while they are few, else at most the viewer's own. */
  reactions: Reaction[] | null;
  /** How many users reacted with each emoji. */
  reaction_counts: Record<string, number> | null;
  reply_to: string | null;
  forwarded: ForwardedFrom | null;
  client_id: string | null;
  /** The message replied to, where there is one. */
  parent: ParentRow | null;
}

export interface Version {
  content: string | null;
  editedAt: string;
}

export interface ParentRow {
  id: string;
  sender_id: string;
  type: MessageType;
  content: string | null;
  deleted: boolean;
}

/** Whether people who are not in a room, of which this is the row, may know of it. To them any other is as if it were not there. */
export const isOpen = (room: RawBuilder<unknown>) =>
  sql<boolean>`(${room}.type = 'group' AND ${room}.settings->>'joinPolicy' = 'open')`;

/** A row `x` of messages.reactions as Reaction. */
export const reactionJson = sql`jsonb_build_object('userId', x.user_id, 'emoji', x.emoji, 'reactionType', x.reaction_type,
  'createdAt', to_char(x.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`;

/**
 * Columns of MessageRow, from a message named `m` and its parent named `p`. `viewer` is an SQL expression: whose own reaction
 * is shown where there are too many to show all, and to whom a parent that they have hidden looks deleted.
 */
export const messageColumns = (viewer: RawBuilder<unknown>) => sql`
  m.id, m.room_id, m.seq, m.sender_id, m.type, m.content, m.media, m.sticker, m.system, m.created_at, m.recent_edits,
  m.edit_count, m.deleted, m.reaction_counts, m.reply_to, m.forwarded, m.client_id,
  CASE WHEN m.reaction_count = 0 OR m.reactions IS NOT NULL THEN m.reactions ELSE (
    SELECT jsonb_agg(${reactionJson}) FROM messages.reactions x WHERE x.message_id = m.id AND x.user_id = ${viewer}
  ) END AS reactions,
  (SELECT jsonb_build_object('id', p.id, 'sender_id', p.sender_id, 'type', p.type,
      'content', CASE WHEN NOT gone THEN left(p.content, 200) END, 'deleted', gone)
    FROM (SELECT p.deleted OR EXISTS (
      SELECT FROM messages.hidden h WHERE h.message_id = p.id AND h.user_id = ${viewer}) AS gone) gone
    WHERE p.id IS NOT NULL) AS parent`;

/** Joins the parent that `messageColumns` reads. */
export const withParent = sql`LEFT JOIN messages.messages p ON p.id = m.reply_to`;

export interface LogRow {
  seq: number;
  event: string;
  message_id: string | null;
  data: EntryData | null;
}

/** What an entry holds beside its message. */
export interface EntryData {
  readonly userId?: string;
  readonly deletedBy?: string;
  readonly emoji?: string | null;
  readonly reactionType?: string | null;
  readonly action?: string;
  readonly members?: number;
  readonly left?: string;
  readonly by?: string;
  readonly role?: string;
  readonly changes?: Record<string, unknown>;
}

/**
 * A column that sets the statement's lock timeout (milliseconds; SQLSTATE 55P03), so that a room that somebody holds
 * occupies a connection no longer. It has to be computed before the lock is requested, and is in force until the transaction ends.
 */
export const lockWithin = (ms = 2_000) => sql`set_config('lock_timeout', ${sql.lit(String(ms))}, true) AS lock_timeout`;
