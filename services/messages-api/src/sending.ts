// Sending and forwarding: rules, group commit, the answer and the announcement.
import { ChatError, type ForwardedFrom, type Message, type MessageType } from "@khui/contracts";
import { ObjectId } from "bson";
import { type Batcher, createBatcher } from "./batcher.js";
import { type Context, viewOf } from "./context.js";
import { isLocked, isOutage } from "./failures.js";
import { renderEntry, renderMessage, statusFor } from "./render.js";
import { checkCaption, checkText } from "./rules.js";
import { findMessage } from "./store/change.js";
import { othersPositions } from "./store/history.js";
import { maySend, type NewMessage, type SendResult, sendBatch, sentBefore } from "./store/send.js";
import type { MessageRow } from "./store/tables.js";

export interface SendRequest {
  readonly userId: string;
  readonly roomId: string;
  readonly type: MessageType;
  readonly content: string | null;
  readonly media?: NewMessage["media"];
  readonly sticker?: NewMessage["sticker"];
  readonly replyTo?: string | null;
  readonly clientMessageId?: string | undefined;
}

export interface Sending {
  /** Sends a message once: a repeated clientMessageId answers the first one as it is now. */
  send(request: SendRequest): Promise<Message>;
  /** Throws what `send` would refuse a message of that type for; resolves with the one that this id has sent before. */
  maySend(request: Pick<SendRequest, "userId" | "roomId" | "type" | "clientMessageId">): Promise<{
    sent: Message | null;
  }>;
  /** Copies a message into rooms, all or none. */
  forward(request: {
    userId: string;
    messageId: string;
    roomIds: readonly string[];
    clientMessageId?: string | undefined;
  }): Promise<Message[]>;
  drain(): Promise<void>;
}

/** The statement's cost a message is least at this size (bench:send): its joins grow with the square of the batch. */
const maxBatch = 128;
const maxWaiting = 20_000;
const maxWaitingOfKey = 5_000;

/** The row of a message just sent, or why there is none. */
type Outcome = MessageRow | Exclude<SendResult, { kind: "sent" }>;

export function createSending(context: Context): Sending {
  const { meters } = context;
  const batcher: Batcher<NewMessage, Outcome> = createBatcher({
    async write(messages) {
      meters.batch("send", messages.length);
      return outcomesOf(messages, await sendBatch(context.db, messages));
    },
    keyOf: ({ roomId }) => roomId,
    onWritten: announce,
    maxBatch,
    maxWaiting,
    maxWaitingOfKey,
    isOutage,
    isLocked,
    scopes: context.scopes,
  });
  /** Sends with one clientMessageId that are under way: a repeat must not meet its first in the same batch. */
  const underWay = new Map<string, Promise<Message>>();

  let announcing: Promise<void> = Promise.resolve();

  /** In the order of the numbers, also when names have to be asked for; nobody waits for it. */
  function announce(outcomes: readonly Outcome[]): void {
    const rows = outcomes.filter((outcome): outcome is MessageRow => "room_id" in outcome);
    const committed = performance.now();
    for (const { type } of rows) meters.sent(type as MessageType);
    announcing = announcing.then(async () => {
      await announceSent(context, rows);
      meters.announced((performance.now() - committed) / 1000);
    });
  }

  async function submit(message: NewMessage): Promise<Message> {
    const [outcome] = await Promise.all([batcher.add(message), context.directory.resolve([message.senderId])]);
    return answer(context, message, outcome);
  }

  return {
    async send(request) {
      const message = newMessage(request);
      if (!message.clientId) return submit(message);
      const key = `${message.senderId}\n${message.clientId}`;
      const first = underWay.get(key);
      if (first) {
        const sent = await first;
        if (sent.chatRoom !== message.roomId) throw new ChatError("idempotency_conflict");
        return sent;
      }
      const sending = submit(message).finally(() => underWay.delete(key));
      underWay.set(key, sending);
      return sending;
    },
    async maySend({ clientMessageId, ...request }) {
      const { userId: senderId, roomId } = request;
      const asked = { ...request, clientId: clientMessageId ?? null };
      const { refusal, priorId } = await maySend(context.db, asked);
      if (refusal) throw new ChatError(refusal);
      if (!priorId) return { sent: null };
      return { sent: await answer(context, { senderId, roomId }, { kind: "repeated", messageId: priorId }) };
    },
    async forward(request) {
      const before = await forwardedBefore(context, request);
      if (before) return before;
      const copies = await copiesOf(context, request);
      // One at a time a person: each may wait for any of its rooms.
      const results = await context.queue.run(`forwards of ${request.userId}`, () =>
        sendBatch(context.db, copies, true),
      );
      const refused =
        results.find((result) => result.kind === "refused" && result.code !== "forbidden") ??
        results.find((result) => result.kind === "refused");
      if (refused?.kind === "refused") throw new ChatError(refused.code);
      const outcomes = outcomesOf(copies, results);
      announce(outcomes);
      return Promise.all(copies.map((copy, i) => answer(context, copy, outcomes[i]!)));
    },
    async drain() {
      await batcher.drain();
      await announcing;
    },
  };
}

function newMessage(request: SendRequest): NewMessage {
  const { type, content } = request;
  if (type === "system") throw new ChatError("invalid_request");
  return {
    id: new ObjectId().toHexString(),
    roomId: request.roomId,
    senderId: request.userId,
    type,
    content: type === "text" ? checkText(content ?? "") : content === null ? null : checkCaption(content) || null,
    media: request.media ?? null,
    sticker: request.sticker ?? null,
    replyTo: request.replyTo ?? null,
    forwarded: null,
    clientId: request.clientMessageId ?? null,
  };
}

type ForwardRequest = Parameters<Sending["forward"]>[0];

/** Every copy has an id of its own; the retry of a forward finds them all. */
const copyId = (clientMessageId: string, roomId: string) => `${clientMessageId}:${roomId}`;

/** The copies of a first try, which outlive their original; undefined when there are none. */
async function forwardedBefore(context: Context, request: ForwardRequest): Promise<Message[] | undefined> {
  const { userId, clientMessageId } = request;
  if (!clientMessageId) return undefined;
  const roomIds = [...new Set(request.roomIds)];
  const clientIds = roomIds.map((roomId) => copyId(clientMessageId, roomId));
  const found = await sentBefore(context.db, userId, clientIds);
  if (found.size < roomIds.length) return undefined;
  const results = clientIds.map((clientId) => ({ kind: "repeated" as const, messageId: found.get(clientId)! }));
  return Promise.all(results.map((result, i) => answer(context, { senderId: userId, roomId: roomIds[i]! }, result)));
}

async function copiesOf(context: Context, request: ForwardRequest): Promise<NewMessage[]> {
  const { userId, messageId, clientMessageId } = request;
  const original = await findMessage(context.db, userId, messageId);
  if (!original) throw new ChatError("message_not_found");
  if (original.deleted || original.type === "system") throw new ChatError("not_forwardable");
  const forwarded: ForwardedFrom = {
    originalMessageId: original.forwarded?.originalMessageId ?? original.id,
    originalSender: original.forwarded?.originalSender ?? original.sender_id,
    forwardedAt: new Date().toISOString(),
  };
  return [...new Set(request.roomIds)].map((roomId) => ({
    id: new ObjectId().toHexString(),
    roomId,
    senderId: userId,
    type: original.type as NewMessage["type"],
    content: original.content,
    media: original.media,
    sticker: original.sticker,
    replyTo: null,
    forwarded,
    clientId: clientMessageId ? copyId(clientMessageId, roomId) : null,
  }));
}

const outcomesOf = (messages: readonly NewMessage[], results: readonly SendResult[]): Outcome[] =>
  results.map((result, i) => (result.kind === "sent" ? rowOf(messages[i]!, result) : result));

async function announceSent(context: Context, rows: readonly MessageRow[]): Promise<void> {
  const view = await viewOf(context, rows);
  for (const row of rows) {
    const entry = { seq: row.seq, event: "new_message", message_id: row.id, data: null };
    context.announce.entry(row.room_id, renderEntry(entry, row, view));
  }
}

function rowOf(message: NewMessage, sent: Extract<SendResult, { kind: "sent" }>): MessageRow {
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

async function answer(
  context: Context,
  message: Pick<NewMessage, "senderId" | "roomId">,
  outcome: Outcome,
): Promise<Message> {
  if ("room_id" in outcome) return renderMessage(outcome, await viewOf(context, [outcome]), "sent");
  if (outcome.kind === "refused") throw new ChatError(outcome.code);
  const { messageId } = outcome;
  const row = await findMessage(context.db, message.senderId, messageId, message.roomId);
  if (!row) throw new ChatError("message_not_found");
  const [view, others] = await Promise.all([
    viewOf(context, [row]),
    othersPositions(context.db, row.room_id, message.senderId),
  ]);
  return renderMessage(row, view, statusFor(row, message.senderId, others));
}
