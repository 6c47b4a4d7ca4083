// Whether a message could be sent: asked before its file is uploaded.
import { ChatError, type Message, type messagesRpc, type RpcRequest } from "@khui/contracts";
import type { Context } from "../context.js";
import { maySend } from "../store/send.js";
import { digestOfDraft } from "./client-digest.js";
import { checkContent } from "./content-rules.js";
import { answerTo } from "./send-outcome.js";

/** Throws what sending such a message would be refused for; resolves with the one that this id has sent before. */
export async function checkMaySend(
  context: Context,
  { userId, roomId, type, clientMessageId, draft }: RpcRequest<typeof messagesRpc.maySend>,
): Promise<{ sent: Message | null }> {
  const clientId = clientMessageId ?? null;
  const clientDigest = draft ? digestOfDraft({ ...draft, type, content: checkContent(type, draft.content) }) : null;
  const { refusal, priorId } = await maySend(context.db, { userId, roomId, type, clientId, clientDigest });
  if (refusal) throw new ChatError(refusal);
  if (!priorId) return { sent: null };
  return { sent: await answerTo(context, { senderId: userId, roomId }, { kind: "repeated", messageId: priorId }) };
}
