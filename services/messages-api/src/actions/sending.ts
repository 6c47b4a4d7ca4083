// Sending a message: validate, store it once in a group commit, answer.
import { ChatError, type MessageType, type Sent } from "@khui/contracts";
import { ObjectId } from "bson";
import { createBatcher } from "../batching/batcher.js";
import { isLocked, isOutage } from "../batching/failures.js";
import type { Context } from "../context.js";
import type { NewMessage } from "../store/send.js";
import { digestOfDraft } from "./client-digest.js";
import { checkContent } from "./content-rules.js";
import { answerTo, batchWriter, type SendOutcome } from "./send-outcome.js";

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
  send(request: SendRequest): Promise<Sent>;
  /** Waits until everything sent is stored and announced. */
  drain(): Promise<void>;
}

/** The statement's cost a message is least at this size (bench:send): its joins grow with the square of the batch. */
const maxBatch = 128;
const maxWaiting = 20_000;
const maxWaitingOfRoom = 5_000;

export function createSending(context: Context): Sending {
  const { directory, sentMessages } = context;
  const batcher = createBatcher<NewMessage, SendOutcome>({
    write: batchWriter(context),
    onWritten: sentMessages.announce,
    keyOf: ({ roomId }) => roomId,
    maxBatch,
    maxWaiting,
    maxWaitingOfKey: maxWaitingOfRoom,
    isOutage,
    isLocked,
    scopes: context.scopes,
  });
  /** Sends with a clientMessageId that have no answer yet. */
  const inFlight = new Map<string, { readonly message: NewMessage; readonly sent: Promise<Sent> }>();

  /** Sends once: a repeat waits for the first one's answer, since the two must not meet in one batch. */
  async function once(message: NewMessage): Promise<Sent> {
    const key = JSON.stringify([message.senderId, message.clientId]);
    const first = inFlight.get(key);
    if (!first) {
      const sent = store(message).finally(() => inFlight.delete(key));
      inFlight.set(key, { message, sent });
      return sent;
    }
    if (isRepeat(first.message, message)) return { ...(await first.sent), created: false };
    // Another message with the same id: whether the first was stored, and so refuses this one, the store knows.
    await first.sent.catch(() => undefined);
    return once(message);
  }

  /** Stores a message with the next batch. The sender's name, which the answer needs, is looked up meanwhile. */
  async function store(message: NewMessage): Promise<Sent> {
    const [outcome] = await Promise.all([batcher.add(message), directory.resolve([message.senderId])]);
    const sent = await answerTo(context, message, outcome);
    return { message: sent, created: sent._id === message.id };
  }

  return {
    async send(request) {
      const message = toNewMessage(request);
      return message.clientId ? once(message) : store(message);
    },
    async drain() {
      await batcher.drain();
      await sentMessages.drain();
    },
  };
}

/** Throws empty_content, content_too_long, and invalid_request for system messages. */
function toNewMessage({ userId, roomId, type, ...request }: SendRequest): NewMessage {
  if (type === "system") throw new ChatError("invalid_request");
  const { media = null, sticker = null, replyTo = null, clientMessageId } = request;
  const content = checkContent(type, request.content);
  const draft = { type, content, replyTo, fileName: media?.originalName, sticker: sticker ?? undefined };
  return {
    id: new ObjectId().toHexString(),
    roomId,
    senderId: userId,
    type,
    content,
    media,
    sticker,
    replyTo,
    forwarded: null,
    sourceId: null,
    clientId: clientMessageId ?? null,
    clientDigest: clientMessageId ? digestOfDraft(draft) : null,
  };
}

const isRepeat = (first: NewMessage, second: NewMessage) =>
  first.roomId === second.roomId && first.clientDigest === second.clientDigest;
