// The room as clients see it.
import { type Static, Type } from "typebox";
import { Message } from "./messages.js";
import { Nullable, ObjectId, OneOf, Sequence, Text, Timestamp, UserId } from "./scalars.js";

export const RoomType = OneOf("private", "group");
export type RoomType = Static<typeof RoomType>;
export const Role = OneOf("admin", "member");
export type Role = Static<typeof Role>;
export const RoomStatus = OneOf("active", "inactive", "archived");

export const RoomSettings = Type.Object({
  allowMediaUpload: Type.Boolean(),
  allowStickers: Type.Boolean(),
  allowReactions: Type.Boolean(),
  maxParticipants: Type.Integer({ minimum: 2, maximum: 100_000 }),
});
export type RoomSettings = Static<typeof RoomSettings>;

export const defaultSettings: RoomSettings = {
  allowMediaUpload: true,
  allowStickers: true,
  allowReactions: true,
  maxParticipants: 500,
};

export const Participant = Type.Object({
  userId: UserId,
  name: Nullable(Type.String()),
  avatar: Nullable(Type.String()),
  role: Role,
  isActive: Type.Boolean(),
  joinedAt: Timestamp,
  lastReadMessage: Nullable(ObjectId),
  lastReadTimestamp: Nullable(Timestamp),
});
export type Participant = Static<typeof Participant>;

export const ChatRoom = Type.Object({
  _id: ObjectId,
  name: Nullable(Type.String()),
  type: RoomType,
  description: Nullable(Type.String()),
  avatar: Nullable(Type.String()),
  activityId: Nullable(Type.String()),
  status: RoomStatus,
  createdBy: UserId,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  settings: RoomSettings,
  participants: Type.Array(Participant, { description: "at most 100, yourself first, then by the time of joining" }),
  participantCount: Type.Integer({ minimum: 0 }),
  lastMessage: Nullable(Message),
  lastMessageTime: Nullable(Timestamp),
  messageCount: Type.Integer({ minimum: 0 }),
  unreadCount: Type.Integer({ minimum: 0 }),
  seq: Type.Integer({ minimum: 0, description: "the number of the room's newest log entry" }),
});
export type ChatRoom = Static<typeof ChatRoom>;

const RoomName = Text(1, 200);
const Description = Text(0, 2000);
const Avatar = Text(0, 2048);

export const CreateRoom = Type.Object({
  name: Type.Optional(RoomName),
  type: RoomType,
  participants: Type.Optional(Type.Array(UserId, { maxItems: 500 })),
  activityId: Type.Optional(Text(1, 128)),
  description: Type.Optional(Description),
  avatar: Type.Optional(Avatar),
  settings: Type.Optional(Type.Partial(RoomSettings)),
});
export type CreateRoom = Static<typeof CreateRoom>;

export const UpdateRoom = Type.Object({
  name: Type.Optional(RoomName),
  description: Type.Optional(Description),
  avatar: Type.Optional(Avatar),
  settings: Type.Optional(Type.Partial(RoomSettings)),
});
export type UpdateRoom = Static<typeof UpdateRoom>;

/** How far one participant has read and received: positions in the room's log, and the message there. */
export const Position = Type.Object({
  userId: UserId,
  lastReadMessage: Nullable(ObjectId),
  lastReadTimestamp: Nullable(Timestamp),
  readSeq: Sequence,
  deliveredSeq: Sequence,
});
export type Position = Static<typeof Position>;
