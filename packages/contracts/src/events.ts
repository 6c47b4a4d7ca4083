// Every socket event: what clients send and what the server sends, with the schema of its one argument.
import { type Static, type TSchema, Type } from "typebox";
import {
  AddReaction,
  Content,
  DeleteFor,
  Message,
  MessageType,
  ReactionAction,
  ReactionType,
  shownReactions,
} from "./messages.js";
import { Position } from "./rooms.js";
import {
  ClientMessageId,
  Epoch,
  Nullable,
  ObjectId,
  OneOf,
  Role,
  Sequence,
  Text,
  Timestamp,
  UserId,
} from "./scalars.js";

export interface Event<Name extends string = string, Payload extends TSchema = TSchema> {
  readonly name: Name;
  readonly payload: Payload;
}

/** Names an event of the socket protocol and the schema of its payload. */
function defineEvent<const Name extends string, Payload extends TSchema>(
  name: Name,
  payload: Payload,
): Event<Name, Payload> {
  return { name, payload };
}

export type EventPayload<E extends Event> = Static<E["payload"]>;

const chatRoomId = ObjectId;
const InRoom = Type.Object({ chatRoomId });

/** Rooms that one `join_chat` may name. */
export const maxJoinsAtOnce = 500;
/** How far the client got, and in which history: `epoch` is the one that came with the number. */
const position = { lastSeq: Type.Optional(Nullable(Sequence)), epoch: Type.Optional(Nullable(Epoch)) };
const JoinOne = Type.Object({ chatRoomId, ...position });
export type JoinOne = Static<typeof JoinOne>;

/** The status that a user shows to others; `invisible` looks like `offline`. */
export const ChosenStatus = OneOf("online", "away", "busy", "invisible");
export const SeenStatus = OneOf("online", "away", "busy", "offline");

export const clientEvents = {
  authenticate: defineEvent("authenticate", Type.Object({ token: Text(1, 16_384), userId: Type.Optional(UserId) })),
  /** One room, or with `rooms` several. Of `chatRoomId` and `rooms` exactly one is given. */
  join_chat: defineEvent(
    "join_chat",
    Type.Object({
      chatRoomId: Type.Optional(chatRoomId),
      ...position,
      rooms: Type.Optional(Type.Array(JoinOne, { minItems: 1, maxItems: maxJoinsAtOnce })),
    }),
  ),
  leave_chat: defineEvent("leave_chat", InRoom),
  send_message: defineEvent(
    "send_message",
    Type.Object({
      chatRoomId,
      messageId: Type.Optional(Nullable(ObjectId)),
      type: Type.Optional(MessageType),
      content: Type.Optional(Nullable(Content)),
      replyTo: Type.Optional(Nullable(ObjectId)),
      clientMessageId: Type.Optional(ClientMessageId),
    }),
  ),
  typing_start: defineEvent("typing_start", InRoom),
  typing_stop: defineEvent("typing_stop", InRoom),
  add_reaction: defineEvent(
    "add_reaction",
    Type.Object({ chatRoomId: Type.Optional(chatRoomId), messageId: ObjectId, ...AddReaction.properties }),
  ),
  delete_message: defineEvent(
    "delete_message",
    Type.Object({ chatRoomId: Type.Optional(chatRoomId), messageId: ObjectId, deleteFor: DeleteFor }),
  ),
  edit_message: defineEvent(
    "edit_message",
    Type.Object({ chatRoomId: Type.Optional(chatRoomId), messageId: ObjectId, newContent: Content }),
  ),
  mark_as_read: defineEvent("mark_as_read", Type.Object({ chatRoomId, messageId: Type.Optional(ObjectId) })),
  update_status: defineEvent("update_status", Type.Object({ status: ChosenStatus })),
  get_online_users: defineEvent("get_online_users", Type.Unknown()),
} as const;
export type ClientEventName = keyof typeof clientEvents;

/** Fields of every event that comes from a room's log. */
const logged = { chatRoomId, seq: Type.Integer({ minimum: 1 }) };
const aboutUser = { chatRoomId, userId: UserId };
const read = { userId: UserId, lastReadMessage: Nullable(ObjectId), readSeq: Sequence, timestamp: Timestamp };
const delivered = { userId: UserId, deliveredSeq: Sequence, timestamp: Timestamp };

export const serverEvents = {
  authenticated: defineEvent(
    "authenticated",
    Type.Object({ userId: UserId, name: Nullable(Type.String()), expiresAt: Nullable(Timestamp) }),
  ),
  auth_error: defineEvent("auth_error", Type.Object({ code: Type.String(), message: Type.String() })),
  joined_chat: defineEvent(
    "joined_chat",
    Type.Object({
      chatRoomId,
      seq: Sequence,
      epoch: Type.Optional(Epoch),
      typing: Type.Array(UserId),
      readPositions: Type.Array(Position, {
        description: "of everyone, whoever has read furthest first; in rooms of more than 200 people only one's own",
      }),
      participantCount: Type.Integer(),
    }),
  ),
  left_chat: defineEvent("left_chat", InRoom),
  resync_required: defineEvent(
    "resync_required",
    Type.Object({ chatRoomId, seq: Sequence, epoch: Type.Optional(Epoch) }),
  ),
  new_message: defineEvent("new_message", Type.Object({ ...logged, message: Message })),
  /** A new message in a room of the user's list that this socket has not joined. Best effort. */
  chat_updated: defineEvent("chat_updated", Type.Object({ ...logged, message: Message })),
  message_edited: defineEvent(
    "message_edited",
    Type.Object({
      ...logged,
      messageId: ObjectId,
      newContent: Nullable(Type.String()),
      message: Type.Omit(Message, ["status"]),
    }),
  ),
  message_deleted: defineEvent(
    "message_deleted",
    Type.Object({
      chatRoomId,
      seq: Type.Optional(logged.seq),
      messageId: ObjectId,
      deleteFor: DeleteFor,
      deletedBy: UserId,
    }),
  ),
  reaction_updated: defineEvent(
    "reaction_updated",
    Type.Object({
      ...logged,
      messageId: ObjectId,
      ...shownReactions,
      userId: UserId,
      emoji: Nullable(Type.String()),
      reactionType: Nullable(ReactionType),
      action: ReactionAction,
    }),
  ),
  user_joined_chat: defineEvent("user_joined_chat", Type.Object({ ...aboutUser, seq: Type.Optional(logged.seq) })),
  /** `by`: who removed them. */
  user_left_chat: defineEvent(
    "user_left_chat",
    Type.Object({ ...aboutUser, seq: Type.Optional(logged.seq), by: Type.Optional(UserId) }),
  ),
  member_updated: defineEvent("member_updated", Type.Object({ ...aboutUser, ...logged, role: Role, by: UserId })),
  room_updated: defineEvent(
    "room_updated",
    Type.Object({ ...logged, userId: UserId, changes: Type.Record(Type.String(), Type.Unknown()) }),
  ),
  user_typing: defineEvent("user_typing", Type.Object(aboutUser)),
  user_stop_typing: defineEvent("user_stop_typing", Type.Object(aboutUser)),
  /** At most once a second in a room. In rooms of more than 200 people only for the reader's own sockets. */
  message_read: defineEvent(
    "message_read",
    Type.Object({
      chatRoomId,
      ...read,
      readers: Type.Optional(
        Type.Array(Type.Object(read), {
          description: "where more than 5 have read within a second: all of them, of whom the last is the event's own",
        }),
      ),
    }),
  ),
  /** At most once a second in a room, and in none of more than 200 people. */
  message_delivered: defineEvent(
    "message_delivered",
    Type.Object({
      chatRoomId,
      ...delivered,
      deliveries: Type.Optional(
        Type.Array(Type.Object(delivered), { description: "more than 5 within a second, as in message_read" }),
      ),
    }),
  ),
  user_online: defineEvent("user_online", Type.Object({ userId: UserId, status: SeenStatus })),
  user_offline: defineEvent("user_offline", Type.Object({ userId: UserId, lastSeen: Nullable(Timestamp) })),
  user_status_updated: defineEvent("user_status_updated", Type.Object({ userId: UserId, status: SeenStatus })),
  online_users: defineEvent(
    "online_users",
    Type.Array(Type.Object({ userId: UserId, status: SeenStatus, lastSeen: Nullable(Timestamp) })),
  ),
  error: defineEvent(
    "error",
    Type.Object({ event: Type.Optional(Type.String()), code: Type.String(), message: Type.String() }),
  ),
} as const;
export type ServerEventName = keyof typeof serverEvents;

/** The argument of a client's acknowledgement callback. */
export type Acknowledgement = { success: true; data: unknown } | { success: false; code: string; message: string };
