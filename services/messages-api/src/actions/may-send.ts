// Whether a message could be sent: asked before its file is uploaded.
import { ChatError, type Message } from "@khui/contracts";
import type { Context } from "../context.js";
import { maySend } from "../store/send.js";
import { answerTo } from "./send-outcome.js";
import type { SendRequest } from "./sending.js";

/** Throws what sending a message of that type would be refused for; resolves with the one that this id has sent before. */
export async function checkMaySend(
  context: Context,
  { userId, roomId, type, clientMessageId }: Pick<SendRequest, "userId" | "roomId" | "type" | "clientMessageId">,
): Promise<{ sent: Message | null }> {
  const { refusal, priorId } = await maySend(context.db, { userId, roomId, type, clientId: clientMessageId ?? null });
  if (refusal) throw new ChatError(refusal);
  if (!priorId) return { sent: null };
  return { sent: await answerTo(context, { senderId: userId, roomId }, { kind: "repeated", messageId: priorId }) };
}
