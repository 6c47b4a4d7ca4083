// One message with what lists and events leave out: all edits, everyone who reacted, receipts.
import { ChatError, type Message, type RouteAnswer, type routes, Sequence, UserId } from "@khui/contracts";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Context } from "../context.js";
import { qualifyEmoji } from "../emoji.js";
import { renderMessage, statusFor, userOf, viewOf } from "../render.js";
import { findMessage } from "../store/change.js";
import { editsOf, positionsOf, reactionsOf } from "../store/details.js";
import { othersPositions } from "../store/history.js";
import type { MessageRow } from "../store/tables.js";

interface Target {
  readonly userId: string;
  readonly messageId: string;
}

interface Page {
  readonly limit: number;
  readonly cursor: string | undefined;
}

async function visibleMessage({ db }: Context, { userId, messageId }: Target): Promise<MessageRow> {
  const row = await findMessage(db, userId, messageId);
  if (!row) throw new ChatError("message_not_found");
  return row;
}

/** The message with every version that its edits replaced. Throws message_not_found, also for what the user has hidden. */
export async function messageOf(context: Context, target: Target): Promise<Message> {
  const row = await visibleMessage(context, target);
  const [view, others, edits] = await Promise.all([
    viewOf(context, [row]),
    othersPositions(context.db, row.room_id, target.userId),
    row.edit_count === 0 ? [] : editsOf(context.db, row.id),
  ]);
  return { ...renderMessage(row, view, statusFor(row, target.userId, others)), editHistory: edits };
}

/** A time in milliseconds, up to the year 9999, or a number of the log; and a user. */
const reactionCursor = Compile(Type.Tuple([Type.Integer({ minimum: 0, maximum: 253_402_300_799_999 }), UserId]));
const receiptCursor = Compile(Type.Tuple([Sequence, UserId]));

/** A page of everyone who reacted. Throws message_not_found, invalid_request for a bad cursor. */
export async function reactionsPage(
  context: Context,
  target: Target,
  { limit, cursor }: Page,
): Promise<RouteAnswer<typeof routes.listReactions>> {
  const after = cursor === undefined ? undefined : readCursor(reactionCursor, cursor);
  const row = await visibleMessage(context, target);
  if (row.deleted) return { reactions: [], nextCursor: null };
  const found = await reactionsOf(
    context.db,
    row.id,
    after && { createdAt: new Date(after[0]), userId: after[1] },
    limit + 1,
  );
  const page = found.slice(0, limit);
  const users = await context.directory.resolve(new Set(page.map(({ userId }) => userId)));
  return {
    reactions: page.map((reaction) => ({
      ...reaction,
      emoji: qualifyEmoji(reaction.emoji),
      user: userOf(users, reaction.userId),
    })),
    nextCursor: nextCursor(found, limit, ({ createdAt, userId }) => [Date.parse(createdAt), userId]),
  };
}

/** A page of how far the others have received and read a message. Throws message_not_found, invalid_request for a bad cursor. */
export async function receiptsPage(
  context: Context,
  target: Target,
  { limit, cursor }: Page,
): Promise<RouteAnswer<typeof routes.listReceipts>> {
  const after = cursor === undefined ? undefined : readCursor(receiptCursor, cursor);
  const { room_id: roomId, sender_id: sender, seq } = await visibleMessage(context, target);
  const found = await positionsOf(
    context.db,
    { roomId, except: sender },
    after && { readSeq: after[0], userId: after[1] },
    limit + 1,
  );
  const page = found.slice(0, limit);
  const users = await context.directory.resolve(new Set(page.map(({ user_id }) => user_id)));
  return {
    receipts: page.map((row) => ({
      user: userOf(users, row.user_id),
      status: row.read_seq >= seq ? "read" : row.delivered_seq >= seq ? "delivered" : "sent",
      lastReadTimestamp: row.read_at?.toISOString() ?? null,
    })),
    nextCursor: nextCursor(found, limit, ({ read_seq, user_id }) => [read_seq, user_id]),
  };
}

/** The key of the page's last item; null after the last page. */
function nextCursor<Item>(found: readonly Item[], limit: number, keyOf: (item: Item) => unknown): string | null {
  const last = found[limit - 1];
  if (found.length <= limit || last === undefined) return null;
  return Buffer.from(JSON.stringify(keyOf(last))).toString("base64url");
}

function readCursor<Key>(schema: { Check(value: unknown): value is Key }, cursor: string): Key {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (schema.Check(key)) return key;
  } catch {
    // Not JSON: refused like any other cursor that no page returned.
  }
  throw new ChatError("invalid_request", {
    part: "querystring",
    faults: [{ path: "/cursor", message: "is not a cursor that a page gave" }],
  });
}
