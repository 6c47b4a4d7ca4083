// Messages over a socket: messages-api does the work, and the answers come back along the room's log.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import { sendMessage } from "@khui/service";
import type { Commands } from "./command-map.js";

type MessageCommands = Pick<
  Commands,
  "send_message" | "add_reaction" | "delete_message" | "edit_message" | "mark_as_read"
>;

export function createMessageCommands(bus: Bus): MessageCommands {
  return {
    async send_message(
      { userId },
      { chatRoomId: roomId, messageId, type = "text", content = null, replyTo = null, clientMessageId },
    ) {
      if (messageId) return call(bus, messagesRpc.confirm, { userId, roomId, messageId });
      // Files and stickers are sent through routes of their own, which know what they are.
      if (type !== "text")
        throw new ChatError("invalid_request", {
          faults: [{ path: "/type", message: "only text without a messageId" }],
        });
      const { message } = await sendMessage(bus, {
        userId,
        roomId,
        type,
        content,
        replyTo,
        ...(clientMessageId ? { clientMessageId } : {}),
      });
      return message;
    },
    async add_reaction({ userId }, { messageId, chatRoomId, emoji, reactionType }) {
      const reaction = { emoji, ...(reactionType ? { reactionType } : {}) };
      return call(bus, messagesRpc.react, { userId, messageId, reaction, ...inRoom(chatRoomId) });
    },
    async delete_message({ userId }, { messageId, chatRoomId, deleteFor }) {
      return call(bus, messagesRpc.remove, { userId, messageId, deleteFor, ...inRoom(chatRoomId) });
    },
    async edit_message({ userId }, { messageId, chatRoomId, newContent: content }) {
      return call(bus, messagesRpc.edit, { userId, messageId, content, ...inRoom(chatRoomId) });
    },
    async mark_as_read({ userId }, { chatRoomId: roomId, messageId }) {
      return call(bus, messagesRpc.read, { userId, roomId, ...(messageId ? { messageId } : {}) });
    },
  };
}

const inRoom = (roomId: string | undefined) => (roomId ? { roomId } : {});
