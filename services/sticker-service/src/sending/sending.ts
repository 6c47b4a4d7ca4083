// Sends a sticker: checks the sender and the sticker, draws the outcome, sends the message.
import { randomInt } from "node:crypto";
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import {
  ChatError,
  type Message,
  messagesRpc,
  type SendSticker,
  type StickerInfo,
  stickerAssetPath,
} from "@khui/contracts";
import type { Db } from "@khui/database";
import { sendMessage } from "@khui/service";
import type { Metrics } from "@khui/service/telemetry";
import { findSticker } from "../store/catalogue.js";
import { checkMetadata, drawOutcome } from "./metadata.js";

export interface Sender {
  readonly userId: string;
  readonly roomId: string;
  /** From the header; the body may name one as well. */
  readonly clientMessageId: string | undefined;
}

/**
 * Returns a function that sends a sticker and resolves with its message; that of the first try, with the outcome drawn then, if this
 * is a repeated one. Refusals by the room come before those by the sticker.
 */
export function createSending(db: Db, bus: Bus, metrics: Metrics) {
  const sends = metrics.counter("khui_stickers_sent_total", "Stickers sent, by the type of their set.", ["type"]);
  return async (sender: Sender, input: SendSticker): Promise<Message> => {
    const { userId, roomId } = sender;
    const clientMessageId = input.clientMessageId ?? sender.clientMessageId;
    const common = { userId, roomId, type: "sticker" as const, ...(clientMessageId ? { clientMessageId } : {}) };
    const { setId, stickerId, replyTo = null } = input;
    const draft = { content: null, replyTo, sticker: { setId, stickerId } };
    const { sent } = await call(bus, messagesRpc.maySend, { ...common, draft });
    if (sent) return sent;
    const sticker = await chooseSticker(db, userId, input);
    const { message } = await sendMessage(bus, {
      ...common,
      content: null,
      sticker,
      replyTo,
    });
    sends.inc({ type: sticker.type });
    return message;
  };
}

/**
 * The sticker as the message keeps it. Throws sticker_set_not_found, sticker_not_found, sticker_type_mismatch, sticker_not_owned,
 * invalid_metadata, service_unavailable.
 */
async function chooseSticker(db: Db, userId: string, input: SendSticker): Promise<StickerInfo> {
  const found = await findSticker(db, userId, input.setId, input.stickerId);
  if (!found) throw new ChatError("sticker_set_not_found");
  const { set, sticker } = found;
  if (!sticker) throw new ChatError("sticker_not_found");
  if (input.stickerType !== set.type) throw new ChatError("sticker_type_mismatch", { type: set.type });
  if (!set.owned && (!set.free || set.retired)) throw new ChatError("sticker_not_owned");
  const metadata = checkMetadata(sticker.interactive?.takes ?? {}, input.metadata);
  const outcome = sticker.interactive ? drawOutcome(sticker.interactive.outcomes, (n) => randomInt(n)) : undefined;
  const { asset, width, height } = outcome ?? sticker;
  return {
    setId: set.id,
    stickerId: sticker.id,
    type: set.type,
    metadata: outcome ? { ...metadata, outcome: outcome.id, outcomeName: outcome.name } : metadata,
    url: stickerAssetPath(asset),
    name: sticker.name,
    emoji: sticker.emoji,
    width,
    height,
  };
}
