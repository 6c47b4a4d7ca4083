// Forwarding a message: a copy in each room, all or none.
import { ChatError, type ForwardedFrom, type Message } from "@khui/contracts";
import { ObjectId } from "bson";
import type { Context } from "../context.js";
import { findMessage } from "../store/change.js";
import { type NewMessage, type SendResult, sendBatch, sentBefore } from "../store/send.js";
import { digestOfForward } from "./client-digest.js";
import { answerTo, withRows } from "./send-outcome.js";

export interface ForwardRequest {
  readonly userId: string;
  readonly messageId: string;
  readonly roomIds: readonly string[];
  readonly clientMessageId?: string | undefined;
}

/**
 * Copies a message into rooms and answers the copies, in the order of the rooms; a repeated clientMessageId answers the first
 * ones as they are now. Throws message_not_found, not_forwardable, idempotency_conflict, and what any of the rooms refuses.
 */
export async function forwardMessage(context: Context, request: ForwardRequest): Promise<Message[]> {
  const earlier = await earlierCopies(context, request);
  if (earlier) return earlier;
  const copies = await makeCopies(context, request);
  // One at a time a person: each may wait for any of its rooms.
  const results = await context.roomQueue.run(`forwards of ${request.userId}`, () =>
    sendBatch(context.db, copies, true),
  );
  throwRefusal(results);
  const outcomes = withRows(copies, results);
  context.sentMessages.announce(outcomes);
  return Promise.all(copies.map((copy, i) => answerTo(context, copy, outcomes[i]!)));
}

/** Every copy has a client id of its own; a repeated forward finds them all. */
const copyId = (clientMessageId: string, roomId: string) => `${clientMessageId}:${roomId}`;

/** The copies that the same request made before; they outlive their original. Undefined when there are none. */
async function earlierCopies(context: Context, request: ForwardRequest): Promise<Message[] | undefined> {
  const { userId: senderId, clientMessageId } = request;
  if (!clientMessageId) return undefined;
  const roomIds = [...new Set(request.roomIds)];
  const clientIds = roomIds.map((roomId) => copyId(clientMessageId, roomId));
  const found = await sentBefore(context.db, senderId, clientIds);
  const digest = digestOfForward(request.messageId);
  for (const prior of found.values())
    if (prior.digest !== null && prior.digest !== digest) throw new ChatError("idempotency_conflict");
  if (found.size < roomIds.length) return undefined;
  return Promise.all(
    roomIds.map((roomId, i) =>
      answerTo(context, { senderId, roomId }, { kind: "repeated", messageId: found.get(clientIds[i]!)!.id }),
    ),
  );
}

async function makeCopies(context: Context, request: ForwardRequest): Promise<NewMessage[]> {
  const { userId, messageId, clientMessageId } = request;
  const original = await findMessage(context.db, userId, messageId);
  if (!original) throw new ChatError("message_not_found");
  const { type, content, media, sticker } = original;
  if (original.deleted || type === "system") throw new ChatError("not_forwardable");
  const forwarded: ForwardedFrom = {
    originalMessageId: original.forwarded?.originalMessageId ?? original.id,
    originalSender: original.forwarded?.originalSender ?? original.sender_id,
    forwardedAt: new Date().toISOString(),
  };
  return [...new Set(request.roomIds)].map((roomId) => ({
    id: new ObjectId().toHexString(),
    roomId,
    senderId: userId,
    type,
    content,
    media,
    sticker,
    replyTo: null,
    forwarded,
    sourceId: messageId,
    clientId: clientMessageId ? copyId(clientMessageId, roomId) : null,
    clientDigest: clientMessageId ? digestOfForward(messageId) : null,
  }));
}

/** A copy refused only because of another one has the code `forbidden`; the answer is that other one's code. */
function throwRefusal(results: readonly SendResult[]): void {
  const codes = results.flatMap((result) => (result.kind === "refused" ? [result.code] : []));
  const code = codes.find((code) => code !== "forbidden") ?? codes[0];
  if (code) throw new ChatError(code);
}
