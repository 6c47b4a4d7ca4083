// The RPC of messages-api.
import { type Static, Type } from "typebox";
import { StoredMedia } from "./media.js";
import { AddReaction, Content, DeleteFor, Message, MessageType, Reacted, ReadMark } from "./messages.js";
import { Position, RoomType, SentSettings } from "./rooms.js";
import { defineRpc } from "./rpc.js";
import { ClientMessageId, Epoch, Nullable, ObjectId, Role, Sequence, Timestamp, UserId } from "./scalars.js";
import { StickerInfo } from "./stickers.js";

const Nothing = Type.Object({});

/** One change of membership or settings, in the order in which rooms-api made it. */
export const RoomChange = Type.Union([
  Type.Object({
    kind: Type.Literal("created"),
    type: RoomType,
    settings: SentSettings,
    members: Type.Array(Type.Object({ userId: UserId, role: Role })),
  }),
  Type.Object({ kind: Type.Literal("joined"), userId: UserId, role: Role, text: Type.String() }),
  /** None of them is in the room. */
  Type.Object({
    kind: Type.Literal("added"),
    by: UserId,
    userIds: Type.Array(UserId, { minItems: 1 }),
    role: Role,
    text: Type.String(),
  }),
  /** By themself, or removed by somebody. */
  Type.Object({
    kind: Type.Literal("left"),
    userId: UserId,
    by: Type.Optional(UserId),
    newAdmin: Nullable(UserId),
    text: Type.String(),
  }),
  Type.Object({ kind: Type.Literal("role"), userId: UserId, role: Role, by: UserId, text: Type.String() }),
  Type.Object({
    kind: Type.Literal("settings"),
    userId: UserId,
    settings: SentSettings,
    changes: Type.Record(Type.String(), Type.Unknown()),
    text: Type.String(),
  }),
  /** The room as it is, where a change before is lost: the members with ids after `after` and up to `upTo`, in pages. */
  Type.Object({
    kind: Type.Literal("projected"),
    type: RoomType,
    settings: SentSettings,
    after: Nullable(UserId),
    upTo: Nullable(UserId),
    members: Type.Array(Type.Object({ userId: UserId, role: Role })),
  }),
]);
export type RoomChange = Static<typeof RoomChange>;

/** A room as messages-api stores it, from one member's point of view. */
export const RoomActivity = Type.Object({
  roomId: ObjectId,
  participants: Type.Array(
    Type.Object({
      userId: UserId,
      role: Role,
      joinedAt: Timestamp,
      lastReadMessage: Nullable(ObjectId),
      lastReadTimestamp: Nullable(Timestamp),
    }),
  ),
  participantCount: Type.Integer(),
  lastMessage: Nullable(Message),
  lastMessageTime: Nullable(Timestamp),
  messageCount: Type.Integer(),
  unreadCount: Type.Integer(),
  seq: Sequence,
  epoch: Type.Optional(Epoch),
});
export type RoomActivity = Static<typeof RoomActivity>;

/** The outcome of a send. `created` is false when an earlier send with the same clientMessageId created the message. */
export const Sent = Type.Object({ message: Message, created: Type.Boolean() });
export type Sent = Static<typeof Sent>;

/** What a gateway needs to join a user's socket to a room. */
export const OpenedRoom = Type.Object({
  /** The head of the log. */
  seq: Sequence,
  epoch: Type.Optional(Epoch),
  members: Type.Integer(),
  resync: Type.Optional(
    Type.Boolean({ description: "true when the log does not reach back to afterSeq, or not as far as it" }),
  ),
  hidden: Type.Optional(Type.Array(ObjectId, { description: "what this user has hidden since afterSeq" })),
  /** The user's own, in rooms of more than 200 people. */
  position: Type.Optional(Position),
});
export type OpenedRoom = Static<typeof OpenedRoom>;

/** What tells a message from another one with the same clientMessageId. */
export const Draft = Type.Object({
  content: Nullable(Content),
  replyTo: Nullable(ObjectId),
  fileName: Type.Optional(Type.String()),
  sticker: Type.Optional(Type.Object({ setId: ObjectId, stickerId: Type.String() })),
});
export type Draft = Static<typeof Draft>;

/** A log entry as stored. `body` is JSON text, see `wire.ts`. */
export const StoredEntry = Type.Object({
  seq: Sequence,
  event: Type.String(),
  members: Type.Optional(Type.Integer()),
  left: Type.Optional(UserId),
  by: Type.Optional(UserId),
  body: Type.String(),
});

/** Entries of one room; `seq` is its newest, `floor` the last one that its log no longer has. */
const StoredLogPage = Type.Object({ seq: Sequence, floor: Sequence, entries: Type.Array(StoredEntry) });

const Heads = Type.Array(Type.Object({ roomId: ObjectId, seq: Sequence }));

/** Rooms in one `openRooms` or `readPositions`. */
export const maxOpenedRooms = 500;

/**
 * Rooms by user, in the order asked: each list has the places of the user's rooms among all rooms of the answer, each of which is
 * there once. One for as many users as fit in an answer, at least the first: the others must be asked for again.
 */
const Lists = Type.Array(Type.Array(Type.Integer({ minimum: 0 })), { minItems: 1 });

export const messagesRpc = {
  /**
   * Applies the changes of one room in order; a change number seen before is ignored. `applied` is the last number applied. The first
   * page of a projection may follow any earlier change.
   */
  applyRoomChange: defineRpc(
    "messages.applyRoomChange",
    Type.Object({ roomId: ObjectId, changeNo: Type.Integer({ minimum: 1 }), change: RoomChange }),
    Type.Object({ applied: Type.Integer({ minimum: 0 }) }),
  ),
  /** A user's rooms, the most recently active first, as many as fit in one answer: `rest` are the others of the page. */
  listRooms: defineRpc(
    "messages.listRooms",
    Type.Object({
      userId: UserId,
      page: Type.Integer({ minimum: 1 }),
      limit: Type.Integer({ minimum: 1, maximum: 100 }),
    }),
    Type.Object({ rooms: Type.Array(RoomActivity), rest: Type.Array(ObjectId), total: Type.Integer() }),
  ),
  /** Those of these rooms that the user is in, in this order, as many as fit in one answer: `rest` must be requested again. */
  describeRooms: defineRpc(
    "messages.describeRooms",
    Type.Object({ userId: UserId, roomIds: Type.Array(ObjectId, { maxItems: 100 }) }),
    Type.Object({ rooms: Type.Array(RoomActivity), rest: Type.Array(ObjectId) }),
  ),
  /** One room for one of its members. Fails with room_not_found or not_a_participant. */
  describeRoom: defineRpc("messages.describeRoom", Type.Object({ userId: UserId, roomId: ObjectId }), RoomActivity),
  /** A page of the active participants, in the order of joining. */
  listParticipants: defineRpc(
    "messages.listParticipants",
    Type.Object({
      userId: UserId,
      roomId: ObjectId,
      page: Type.Integer({ minimum: 1 }),
      limit: Type.Integer({ minimum: 1, maximum: 100 }),
    }),
    Type.Object({ participants: RoomActivity.properties.participants, total: Type.Integer() }),
  ),
  /**
   * For each join, in their order, the room as it is opened, or why the user may not enter it. As many as fit in one answer, at
   * least one: the rest must be requested again. What was missed since `afterSeq` is read with readLogs.
   */
  openRooms: defineRpc(
    "messages.openRooms",
    Type.Object({
      joins: Type.Array(Type.Object({ userId: UserId, roomId: ObjectId, afterSeq: Type.Optional(Sequence) }), {
        maxItems: maxOpenedRooms,
      }),
    }),
    Type.Object({ rooms: Type.Array(Type.Union([OpenedRoom, Type.Object({ code: Type.String() })])) }),
  ),
  /**
   * How far the people of rooms have read, those who have read furthest first, 200 of each room at most: a JSON array of Position
   * a room, as text, in the order of the rooms. As many as fit in one answer, at least one: the rest must be requested again.
   */
  readPositions: defineRpc(
    "messages.readPositions",
    Type.Object({ roomIds: Type.Array(ObjectId, { maxItems: maxOpenedRooms }) }),
    Type.Object({ positions: Type.Array(Type.String()) }),
  ),
  /** One room with its missed entries and positions. For the release before; drop it in the next one. */
  openRoom: defineRpc(
    "messages.openRoom",
    Type.Object({ userId: UserId, roomId: ObjectId, afterSeq: Type.Optional(Sequence) }),
    Type.Object({
      seq: Sequence,
      members: Type.Integer(),
      resync: Type.Boolean({ description: "the log does not reach back to afterSeq" }),
      entries: Type.Array(StoredEntry, { description: "the first of those after afterSeq; readLogs gives the rest" }),
      positions: Type.Array(Position),
      hidden: Type.Array(ObjectId, { description: "what this user has hidden since afterSeq" }),
    }),
  ),
  /**
   * Of each room, entries after a number, oldest first: `pages[n]` is that of `rooms[n]`, null where there is no such room. All together
   * are as much as fits in one answer: of the last room perhaps not all entries, and pages that are missing are asked for again.
   */
  readLogs: defineRpc(
    "messages.readLogs",
    Type.Object({
      rooms: Type.Array(Type.Object({ roomId: ObjectId, afterSeq: Sequence }), { minItems: 1, maxItems: 256 }),
    }),
    Type.Object({ pages: Type.Array(Nullable(StoredLogPage), { minItems: 1 }) }),
  ),
  /** One room's page. For gateways of the release before; drop it in the next one. */
  readLog: defineRpc("messages.readLog", Type.Object({ roomId: ObjectId, afterSeq: Sequence }), StoredLogPage),
  /**
   * Those of the requested rooms whose log is beyond the given number, and those whose log ends before it: with a number that was in
   * the log once, the database was restored since.
   */
  heads: defineRpc(
    "messages.heads",
    Type.Object({ rooms: Type.Array(Type.Object({ roomId: ObjectId, seq: Sequence }), { maxItems: 2000 }) }),
    Type.Object({ ahead: Heads, behind: Type.Optional(Heads), epoch: Type.Optional(Epoch) }),
  ),
  /**
   * Checks whether a user may send such a message now: fails as the send would. `sent` is the message already sent with this
   * clientMessageId; with a `draft`, another message than that one fails with idempotency_conflict. For services that have
   * work to do first; the send itself has the final decision.
   */
  maySend: defineRpc(
    "messages.maySend",
    Type.Object({
      userId: UserId,
      roomId: ObjectId,
      type: MessageType,
      clientMessageId: Type.Optional(ClientMessageId),
      draft: Type.Optional(Draft),
    }),
    Type.Object({ sent: Nullable(Message) }),
  ),
  /** Of these files, those that messages use. */
  filesInUse: defineRpc(
    "messages.filesInUse",
    Type.Object({ fileIds: Type.Array(ObjectId, { maxItems: 1000 }) }),
    Type.Object({ fileIds: Type.Array(ObjectId) }),
  ),
  /**
   * Creates a message for a user. The only way for other services to do so; they call it through `sendMessage` of @khui/service.
   *
   * Rolling upgrades: replicas of the release before ask without `wantsCreated`, and answer the message alone. The release after
   * drops both: `wantsCreated` and the bare `Message`.
   */
  send: defineRpc(
    "messages.send",
    Type.Object({
      userId: UserId,
      roomId: ObjectId,
      type: MessageType,
      content: Nullable(Content),
      media: Type.Optional(StoredMedia),
      sticker: Type.Optional(StickerInfo),
      replyTo: Type.Optional(Nullable(ObjectId)),
      clientMessageId: Type.Optional(ClientMessageId),
      wantsCreated: Type.Optional(Type.Boolean()),
    }),
    Type.Union([Sent, Message]),
  ),
  /** The message that a user claims to have sent; fails with message_not_found when it is another's, missing, or in another room. */
  confirm: defineRpc(
    "messages.confirm",
    Type.Object({ userId: UserId, roomId: ObjectId, messageId: ObjectId }),
    Message,
  ),
  edit: defineRpc(
    "messages.edit",
    Type.Object({ userId: UserId, messageId: ObjectId, content: Content, roomId: Type.Optional(ObjectId) }),
    Message,
  ),
  remove: defineRpc(
    "messages.remove",
    Type.Object({ userId: UserId, messageId: ObjectId, deleteFor: DeleteFor, roomId: Type.Optional(ObjectId) }),
    Type.Object({ messageId: ObjectId, deleteFor: DeleteFor }),
  ),
  react: defineRpc(
    "messages.react",
    Type.Object({ userId: UserId, messageId: ObjectId, reaction: AddReaction, roomId: Type.Optional(ObjectId) }),
    Reacted,
  ),
  read: defineRpc(
    "messages.read",
    Type.Object({ userId: UserId, roomId: ObjectId, messageId: Type.Optional(ObjectId) }),
    ReadMark,
  ),
  /** Log positions that reached a socket of these members. */
  delivered: defineRpc(
    "messages.delivered",
    Type.Object({
      positions: Type.Array(Type.Object({ roomId: ObjectId, userId: UserId, seq: Sequence }), { maxItems: 2000 }),
    }),
    Nothing,
  ),
  /** For the release before, which asks user by user; drop it in the next one. */
  audience: defineRpc(
    "messages.audience",
    Type.Object({ userId: UserId }),
    Type.Object({ roomIds: Type.Array(ObjectId) }),
  ),
  /** The rooms of at most 200 people in which these users' presence is published, as `Lists`. */
  audiences: defineRpc(
    "messages.audiences",
    Type.Object({ userIds: Type.Array(UserId, { minItems: 1, maxItems: 100 }) }),
    Type.Object({ roomIds: Type.Array(ObjectId), lists: Lists }),
  ),
  /** The users who share such a room with a user. */
  contacts: defineRpc(
    "messages.contacts",
    Type.Object({ userId: UserId }),
    Type.Object({ userIds: Type.Array(UserId) }),
  ),
  /** For the release before, which asks user by user; drop it in the next one. */
  recentRooms: defineRpc(
    "messages.recentRooms",
    Type.Object({ userId: UserId, limit: Type.Integer({ minimum: 1, maximum: 500 }) }),
    Type.Object({ rooms: Type.Array(Type.Object({ roomId: ObjectId, seq: Sequence })) }),
  ),
  /** The first rooms of these users' lists, as `Lists`, the most recently active one first, with the heads of their logs. */
  roomLists: defineRpc(
    "messages.roomLists",
    Type.Object({
      userIds: Type.Array(UserId, { minItems: 1, maxItems: 100 }),
      limit: Type.Integer({ minimum: 1, maximum: 500 }),
    }),
    Type.Object({ rooms: Type.Array(Type.Object({ roomId: ObjectId, seq: Sequence })), lists: Lists }),
  ),
  /** Of these users, those who are in a room. */
  activeMembers: defineRpc(
    "messages.activeMembers",
    Type.Object({ roomId: ObjectId, userIds: Type.Array(UserId) }),
    Type.Object({ userIds: Type.Array(UserId) }),
  ),
} as const;

/** Rooms beyond this size get no typing, presence, receipts or join and leave events: each costs as much as a message to everyone. */
export const smallRoomLimit = 200;
