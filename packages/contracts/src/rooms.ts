// The room as clients see it.
import { type Static, Type } from "typebox";
import { Message } from "./messages.js";
import { Epoch, Nullable, ObjectId, OneOf, Role, Sequence, Text, Timestamp, UserId } from "./scalars.js";

export const RoomType = OneOf("private", "group");
export type RoomType = Static<typeof RoomType>;
export const RoomStatus = OneOf("active", "inactive", "archived");

/**
 * Who may come into a group: everyone who knows its id, who is invited or added, or who is added. A room that is not open is, to
 * people who are not in it, as if it were not there. Private rooms are closed.
 */
export const JoinPolicy = OneOf("open", "invite", "closed");
export type JoinPolicy = Static<typeof JoinPolicy>;

export const RoomSettings = Type.Object({
  allowMediaUpload: Type.Boolean(),
  allowStickers: Type.Boolean(),
  allowReactions: Type.Boolean(),
  maxParticipants: Type.Integer({ minimum: 2, maximum: 100_000 }),
  joinPolicy: JoinPolicy,
  membersCanAdd: Type.Boolean({ description: "whether people who are no admins may add others" }),
});
export type RoomSettings = Static<typeof RoomSettings>;

export const defaultSettings: RoomSettings = {
  allowMediaUpload: true,
  allowStickers: true,
  allowReactions: true,
  maxParticipants: 500,
  joinPolicy: "open",
  membersCanAdd: false,
};

/** As a service of the release before sends them. */
export const SentSettings = Type.Object({
  ...RoomSettings.properties,
  joinPolicy: Type.Optional(JoinPolicy),
  membersCanAdd: Type.Optional(Type.Boolean()),
});

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
  epoch: Nullable(Epoch),
});
export type ChatRoom = Static<typeof ChatRoom>;

const described = {
  description: Type.Optional(Text(0, 2000)),
  avatar: Type.Optional(Text(0, 2048)),
  /** A misspelled permission is an error: the one that was meant would keep its value unnoticed. */
  settings: Type.Optional(Type.Object(Type.Partial(RoomSettings).properties, { additionalProperties: false })),
};

export const CreateRoom = Type.Union([
  Type.Object({
    type: Type.Literal("private"),
    name: Type.Optional(Text(0, 200)),
    participants: Type.Array(UserId, { maxItems: 500, description: "the other person; oneself may be among them" }),
    ...described,
  }),
  Type.Object({
    type: Type.Literal("group"),
    name: Text(1, 200),
    activityId: Text(1, 128),
    participants: Type.Optional(Type.Array(UserId, { maxItems: 500 })),
    ...described,
  }),
]);
export type CreateRoom = Static<typeof CreateRoom>;

const changeable = { name: Type.Optional(Text(0, 200)), ...described };

/** So that a room may come back as it was read. */
const ignored = Object.fromEntries(
  Object.keys(ChatRoom.properties).map((name) => [name, Type.Optional(Type.Unknown())]),
);

/** What a room has and cannot be changed here is ignored; a name that no room has is refused. An empty text clears the field. */
export const UpdateRoom = Type.Object({ ...ignored, ...changeable } as typeof changeable, {
  additionalProperties: false,
});
export type UpdateRoom = Static<typeof UpdateRoom>;

export const AddParticipants = Type.Object({
  userIds: Type.Array(UserId, { minItems: 1, maxItems: 100, uniqueItems: true }),
  role: Type.Optional(Role),
});
export type AddParticipants = Static<typeof AddParticipants>;

export const AddedParticipants = Type.Object({
  added: Type.Array(UserId),
  skipped: Type.Array(Type.Object({ userId: UserId, reason: OneOf("already_in") })),
});
export type AddedParticipants = Static<typeof AddedParticipants>;

/** 128 random bits, in base64url. */
export const InvitationCode = Type.String({ pattern: "^[A-Za-z0-9_-]{22}$", maxLength: 22 });

const dayInSeconds = 24 * 60 * 60;
export const defaultInvitationSeconds = 7 * dayInSeconds;

/** Without `maxUses` any number of people may join with it; without `expiresInSeconds` it is for a week. */
export const CreateInvitation = Type.Object({
  maxUses: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 30 * dayInSeconds })),
});
export type CreateInvitation = Static<typeof CreateInvitation>;

/** An invitation as the room's admins see it. */
export const Invitation = Type.Object({
  code: InvitationCode,
  chatRoomId: ObjectId,
  createdBy: UserId,
  createdAt: Timestamp,
  expiresAt: Timestamp,
  maxUses: Nullable(Type.Integer()),
  uses: Type.Integer({ minimum: 0 }),
});
export type Invitation = Static<typeof Invitation>;

/** What somebody who was given a code sees before joining. */
export const InvitedRoom = Type.Object({
  code: InvitationCode,
  expiresAt: Timestamp,
  chatRoom: Type.Object({
    _id: ObjectId,
    name: Nullable(Type.String()),
    description: Nullable(Type.String()),
    avatar: Nullable(Type.String()),
    participantCount: Type.Integer({ minimum: 0 }),
  }),
});
export type InvitedRoom = Static<typeof InvitedRoom>;

/** How far one participant has read and received: positions in the room's log, and the message there. */
export const Position = Type.Object({
  userId: UserId,
  lastReadMessage: Nullable(ObjectId),
  lastReadTimestamp: Nullable(Timestamp),
  readSeq: Sequence,
  deliveredSeq: Sequence,
});
export type Position = Static<typeof Position>;
