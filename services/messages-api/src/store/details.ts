// What lists and events leave out of a message: all of its edits, everyone who reacted, who has read it.
import type { Reaction } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { reactionJson, type Version } from "./tables.js";

/** Every version that an edit replaced, oldest first: a hundred at most. */
export async function editsOf(db: Db, messageId: string): Promise<Version[]> {
  const { rows } = await sql<{ content: string | null; edited_at: Date }>`
    SELECT content, edited_at FROM messages.edits WHERE message_id = ${messageId} ORDER BY number`.execute(db);
  return rows.map(({ content, edited_at }) => ({ content, editedAt: edited_at.toISOString() }));
}

/** Reactions after one, oldest first. */
export async function reactionsOf(
  db: Db,
  messageId: string,
  after: { createdAt: Date; userId: string } | undefined,
  limit: number,
): Promise<Reaction[]> {
  const { rows } = await sql<{ reaction: Reaction }>`
    SELECT ${reactionJson} AS reaction FROM messages.reactions x
    WHERE x.message_id = ${messageId} AND (x.created_at, x.user_id) >
      (${after?.createdAt ?? new Date(0)}::timestamptz, ${after?.userId ?? ""}::text COLLATE "C")
    ORDER BY x.created_at, x.user_id LIMIT ${limit}`.execute(db);
  return rows.map(({ reaction }) => reaction);
}

export interface PositionRow {
  user_id: string;
  read_seq: number;
  delivered_seq: number;
  read_at: Date | null;
}

/** Positions of a room's members except one, those who have read furthest first; a page after one of them. */
export async function positionsOf(
  db: Db,
  room: { roomId: string; except: string },
  after: { readSeq: number; userId: string } | undefined,
  limit: number,
): Promise<PositionRow[]> {
  const { rows } = await sql<PositionRow>`
    SELECT o.user_id, o.read_seq, o.delivered_seq, o.read_at FROM messages.positions o
    WHERE o.room_id = ${room.roomId} AND o.user_id <> ${room.except} AND (o.read_seq, o.user_id) <
      (${after?.readSeq ?? Number.MAX_SAFE_INTEGER}::bigint, ${after?.userId ?? ""}::text COLLATE "C")
    ORDER BY o.read_seq DESC, o.user_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}
