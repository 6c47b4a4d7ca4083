// The message as clients see it.
import { type Static, Type } from "typebox";
import { MediaInfo } from "./media.js";
import { ClientMessageId, Nullable, ObjectId, OneOf, Role, Sequence, Text, Timestamp, UserId } from "./scalars.js";
import { StickerInfo } from "./stickers.js";
import { User } from "./users.js";

export const MessageType = OneOf("text", "image", "video", "audio", "file", "sticker", "system");
export type MessageType = Static<typeof MessageType>;
export const MessageStatus = OneOf("sending", "sent", "delivered", "read", "failed");
export type MessageStatus = Static<typeof MessageStatus>;
export const DeleteFor = OneOf("sender", "everyone");
export type DeleteFor = Static<typeof DeleteFor>;
export const ReactionType = OneOf("like", "love", "haha", "wow", "sad", "angry");
export type ReactionType = Static<typeof ReactionType>;

export const Reaction = Type.Object({
  userId: UserId,
  emoji: Type.String(),
  reactionType: Nullable(ReactionType),
  createdAt: Timestamp,
});
export type Reaction = Static<typeof Reaction>;
export const ReactionCount = Type.Object({ emoji: Type.String(), count: Type.Integer({ minimum: 1 }) });
export type ReactionCount = Static<typeof ReactionCount>;

/** The reactions of a message: always counted, and listed in full while there are few. */
export const shownReactions = {
  reactions: Type.Array(Reaction, {
    description:
      "all of them while there are at most 50; beyond that your own at most (in events that of who reacted), and GET /messages/:messageId/reactions pages through all",
  }),
  reactionCounts: Type.Array(ReactionCount, { description: "how many used each emoji, the most used first" }),
};

/** What a `system` message reports, for apps that render their own text; `content` is the ready-made text. */
export const SystemInfo = Type.Object({
  action: OneOf("member_joined", "members_added", "member_left", "member_removed", "role_changed", "settings_changed"),
  /** Whom it is about; of `members_added` and `settings_changed`, who did it. */
  userId: UserId,
  /** Who did it to them. */
  by: Type.Optional(UserId),
  userIds: Type.Optional(Type.Array(UserId, { description: "who was added" })),
  role: Type.Optional(Role),
  newAdmin: Type.Optional(UserId),
  changes: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type SystemInfo = Static<typeof SystemInfo>;

export const ReplyPreview = Type.Object({
  _id: ObjectId,
  sender: User,
  type: MessageType,
  content: Nullable(Type.String({ description: "the first 200 characters" })),
  isDeleted: Type.Boolean({ description: "for everyone, or for the one who asks" }),
});
export type ReplyPreview = Static<typeof ReplyPreview>;

export const ForwardedFrom = Type.Object({
  originalMessageId: ObjectId,
  originalSender: UserId,
  forwardedAt: Timestamp,
});
export type ForwardedFrom = Static<typeof ForwardedFrom>;

/** A previous text of a message, and when an edit replaced it. */
export const EditedVersion = Type.Object({ content: Nullable(Type.String()), editedAt: Timestamp });
export type EditedVersion = Static<typeof EditedVersion>;

export const Message = Type.Object({
  _id: ObjectId,
  chatRoom: ObjectId,
  seq: Type.Integer({ minimum: 1, description: "the log entry that created it" }),
  sender: User,
  type: MessageType,
  content: Nullable(Type.String()),
  mediaInfo: Nullable(MediaInfo),
  stickerInfo: Nullable(StickerInfo),
  systemInfo: Type.Optional(SystemInfo),
  status: MessageStatus,
  timestamp: Timestamp,
  ...shownReactions,
  isDeleted: Type.Boolean(),
  deletedFor: Type.Optional(DeleteFor),
  isEdited: Type.Boolean(),
  editCount: Type.Integer({ minimum: 0 }),
  editHistory: Type.Array(EditedVersion, {
    description:
      "what the edits replaced, oldest first: the newest versions within 4 KB; GET /messages/:messageId has all",
  }),
  replyTo: Nullable(ObjectId),
  replyToMessage: Nullable(ReplyPreview),
  forwardedFrom: Nullable(ForwardedFrom),
  clientMessageId: Type.Optional(
    Type.String({ description: "as sent; in a forwarded copy with its room's id after it" }),
  ),
});
export type Message = Static<typeof Message>;

/** Far above the 10,000 characters allowed after trimming, so that the rule can fail with its own code. */
export const Content = Text(0, 40_000);

export const SendText = Type.Object({
  type: Type.Optional(Type.Literal("text")),
  content: Content,
  replyTo: Type.Optional(Nullable(ObjectId)),
  clientMessageId: Type.Optional(ClientMessageId),
});
export type SendText = Static<typeof SendText>;

export const AddReaction = Type.Object({
  emoji: Text(1, 64),
  reactionType: Type.Optional(ReactionType),
});
export type AddReaction = Static<typeof AddReaction>;

export const ReactionAction = OneOf("added", "changed", "removed");
export type ReactionAction = Static<typeof ReactionAction>;

/** The result of a reaction. `action` is null where nothing changed. */
export const Reacted = Type.Object({ messageId: ObjectId, ...shownReactions, action: Nullable(ReactionAction) });
export type Reacted = Static<typeof Reacted>;

/** How far a member has read: the answer of the read route, also published to the room. */
export const ReadMark = Type.Object({
  chatRoomId: ObjectId,
  userId: UserId,
  lastReadMessage: Nullable(ObjectId),
  readSeq: Sequence,
  timestamp: Timestamp,
});
export type ReadMark = Static<typeof ReadMark>;

/** The delivery and read state of a message for one person other than the sender. */
export const Receipt = Type.Object({
  user: User,
  status: OneOf("sent", "delivered", "read"),
  lastReadTimestamp: Nullable(Timestamp),
});
export type Receipt = Static<typeof Receipt>;
