// Has a batch of messages stored, and answers what became of each.
import { ChatError, type Message } from "@khui/contracts";
import type { Context } from "../context.js";
import { renderMessage, statusFor, viewOf } from "../render.js";
import { findMessage } from "../store/change.js";
import { othersPositions } from "../store/history.js";
import { type NewMessage, type SendResult, sendBatch } from "../store/send.js";
import type { MessageRow } from "../store/tables.js";

type Sent = Extract<SendResult, { kind: "sent" }>;

export type SendOutcome = { readonly kind: "sent"; readonly row: MessageRow } | Exclude<SendResult, Sent>;

/** Writes a batch of messages in one statement; what became of each, in their order. */
export const batchWriter =
  ({ db, metrics }: Pick<Context, "db" | "metrics">) =>
  async (messages: readonly NewMessage[]): Promise<SendOutcome[]> => {
    metrics.batch("send", messages.length);
    return withRows(messages, await sendBatch(db, messages));
  };

/** The store's results with the rows that it wrote; both in the order of the messages. */
export const withRows = (messages: readonly NewMessage[], results: readonly SendResult[]): SendOutcome[] =>
  results.map((result, i) => (result.kind === "sent" ? { kind: "sent", row: rowOf(messages[i]!, result) } : result));

/** The message as its sender sees it: just sent, or the one sent before as it is now. Throws what it was refused for. */
export async function answerTo(
  context: Context,
  { senderId, roomId }: Pick<NewMessage, "senderId" | "roomId">,
  outcome: SendOutcome,
): Promise<Message> {
  switch (outcome.kind) {
    case "sent":
      return renderMessage(outcome.row, await viewOf(context, [outcome.row]), "sent");
    case "refused":
      throw new ChatError(outcome.code);
    case "repeated": {
      // Its sender may have hidden it since.
      const row = await findMessage(context.db, senderId, outcome.messageId, { roomId, alsoHidden: true });
      if (!row) throw new ChatError("message_not_found");
      const [view, others] = await Promise.all([viewOf(context, [row]), othersPositions(context.db, roomId, senderId)]);
      return renderMessage(row, view, statusFor(row, senderId, others));
    }
  }
}

function rowOf(message: NewMessage, sent: Sent): MessageRow {
  return {
    id: message.id,
    room_id: message.roomId,
    seq: sent.seq,
    sender_id: message.senderId,
    type: message.type,
    content: message.content,
    media: message.media,
    sticker: message.sticker,
    system: null,
    created_at: sent.at,
    recent_edits: null,
    edit_count: 0,
    deleted: false,
    reactions: null,
    reaction_counts: null,
    reply_to: message.replyTo,
    forwarded: message.forwarded,
    client_id: message.clientId,
    parent: sent.parent,
  };
}
