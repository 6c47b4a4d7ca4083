// Sends a message through messages-api.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { type Message, messagesRpc, type RpcRequest } from "@khui/contracts";

export type MessageToSend = Omit<RpcRequest<typeof messagesRpc.send>, "wantsCreated">;

export interface SentMessage {
  readonly message: Message;
  /**
   * False when an earlier send with the same clientMessageId has created the message. Undefined during a rolling upgrade, where a
   * messages-api of the release before answers: it may be either.
   */
  readonly created: boolean | undefined;
}

/** Throws what messages-api refuses the message for, and service_unavailable when it does not answer: the message may be there then. */
export async function sendMessage(bus: Bus, message: MessageToSend): Promise<SentMessage> {
  const answer = await call(bus, messagesRpc.send, { ...message, wantsCreated: true });
  return "created" in answer ? answer : { message: answer, created: undefined };
}
