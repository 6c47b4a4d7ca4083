// A message for tests that need any.
import type { Message } from "@khui/contracts";

/** A sent text, with `more` in place of its fields. */
export function aMessage(more: Partial<Message> = {}): Message {
  return {
    _id: "0123456789abcdef01234568",
    chatRoom: "0123456789abcdef01234567",
    seq: 1,
    sender: { _id: "a", name: null, avatar: null },
    type: "text",
    content: "hello",
    mediaInfo: null,
    stickerInfo: null,
    status: "sent",
    timestamp: new Date(0).toISOString(),
    reactions: [],
    reactionCounts: [],
    isDeleted: false,
    isEdited: false,
    editCount: 0,
    editHistory: [],
    replyTo: null,
    replyToMessage: null,
    forwardedFrom: null,
    ...more,
  };
}
