// The rows of this service's schema as queries return them, and the columns that make a message.

import type { ForwardedFrom, MessageType, Reaction, StickerInfo, StoredMedia, SystemInfo } from "@khui/contracts";
import { type Kysely, sql } from "@khui/database";

/** All statements here are written as SQL; Kysely carries them and their parameters. */
export type Db = Kysely<Record<string, never>>;

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
  edits: Array<{ content: string | null; editedAt: string }> | null;
  deleted: boolean;
  reactions: Reaction[] | null;
  reply_to: string | null;
  forwarded: ForwardedFrom | null;
  client_id: string | null;
  /** The message replied to, where there is one. */
  parent: ParentRow | null;
}

export interface ParentRow {
  id: string;
  sender_id: string;
  type: MessageType;
  content: string | null;
  deleted: boolean;
}

/** Columns of MessageRow, from a message named `m` and its parent named `p`. */
export const messageColumns = sql`
  m.id, m.room_id, m.seq, m.sender_id, m.type, m.content, m.media, m.sticker, m.system, m.created_at, m.edits,
  m.deleted, m.reactions, m.reply_to, m.forwarded, m.client_id,
  CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('id', p.id, 'sender_id', p.sender_id, 'type', p.type,
    'content', left(p.content, 200), 'deleted', p.deleted) END AS parent`;

/** Joins the parent that `messageColumns` reads. */
export const withParent = sql`LEFT JOIN messages.messages p ON p.id = m.reply_to`;

export interface LogRow {
  seq: number;
  event: string;
  message_id: string | null;
  data: EntryData | null;
}

/** What an entry says beside its message. */
export interface EntryData {
  readonly userId?: string;
  readonly deletedBy?: string;
  readonly emoji?: string | null;
  readonly reactionType?: string | null;
  readonly action?: string;
  readonly members?: number;
  readonly left?: string;
}

export const jsonb = (value: unknown) => sql`${JSON.stringify(value)}::jsonb`;
