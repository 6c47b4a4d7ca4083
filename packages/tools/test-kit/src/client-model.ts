// The state that an app keeps of its rooms: a fetch, and every event since. It must always equal a fresh fetch.
import { deepStrictEqual, strictEqual } from "node:assert";
import type { ChatRoom, EventPayload, Message, Position, Role, RoomSettings, serverEvents } from "@khui/contracts";

/** A room as REST answers it: an item of the room list, and all messages with the `seq` of their page. */
export interface FetchedRoom {
  readonly room: ChatRoom;
  readonly messages: readonly Message[];
  readonly seq: number;
}

type Payload<Name extends keyof typeof serverEvents> = EventPayload<(typeof serverEvents)[Name]>;

/** Without the status, which follows from the positions of the others. */
type KeptMessage = Omit<Message, "status">;

interface Member {
  role: Role;
  joinedAt: string;
}

interface KeptRoom {
  /** The number of the newest entry applied. */
  seq: number;
  name: string | null;
  description: string | null;
  avatar: string | null;
  settings: RoomSettings;
  readonly members: Map<string, Member>;
  readonly positions: Map<string, Position>;
  /** By id, in the order of seq. */
  readonly messages: Map<string, KeptMessage>;
  /** Messages hidden by this user. A resume may repeat this, also for messages that a fetch has left out already. */
  readonly hidden: Set<string>;
}

/** The fields of a room that this model knows; a fresh fetch is compared on exactly these. */
type View = ReturnType<typeof viewOf>;

export class ClientModel {
  readonly #rooms = new Map<string, KeptRoom>();

  constructor(readonly userId: string) {}

  /** Starts from a fetch. Positions come with `joined_chat`. */
  load({ room, messages, seq }: FetchedRoom): void {
    const { name, description, avatar, settings } = room;
    const members = room.participants.map(({ userId, role, joinedAt }) => [userId, { role, joinedAt }] as const);
    this.#rooms.set(room._id, {
      seq,
      name,
      description,
      avatar,
      settings,
      members: new Map(members),
      positions: new Map(),
      messages: new Map(messages.map((message) => [message._id, withoutStatus(message)])),
      hidden: new Set(),
    });
  }

  has(roomId: string): boolean {
    return this.#rooms.has(roomId);
  }

  /** How far this client got in a room: its `lastSeq`. */
  seq(roomId: string): number {
    return this.#room(roomId).seq;
  }

  position(roomId: string, userId: string): Position | undefined {
    return this.#room(roomId).positions.get(userId);
  }

  /** Messages that this user sees, oldest first. */
  messages(roomId: string): KeptMessage[] {
    return [...this.#room(roomId).messages.values()];
  }

  /**
   * Applies an event. Throws AssertionError for a log entry that is not the very next of its room, and for a message
   * that comes after it was hidden.
   */
  applyEvent(event: string, payload: unknown): void {
    // A room that this socket has not joined: its log is not followed.
    if (event === "chat_updated") return;
    if (!isObject(payload) || typeof payload.chatRoomId !== "string") return;
    const room = this.#room(payload.chatRoomId);
    if (event !== "joined_chat" && typeof payload.seq === "number") {
      strictEqual(payload.seq, room.seq + 1, `${event} of ${payload.chatRoomId} is not the next entry`);
      room.seq = payload.seq;
    }
    take[event as keyof typeof take]?.(room, payload as never);
  }

  /**
   * Sets the names of senders that were missing, as happens while names cannot be looked up. Returns for how many messages.
   */
  learnNames(roomId: string, messages: readonly Message[]): number {
    const names = new Map(messages.map(({ sender }) => [sender._id, sender]));
    let learned = 0;
    for (const message of this.#room(roomId).messages.values()) {
      for (const shown of [message, message.replyToMessage]) {
        const named = shown?.sender.name === null ? names.get(shown.sender._id) : undefined;
        if (!shown || !named?.name) continue;
        shown.sender = { ...named };
        learned++;
      }
    }
    return learned;
  }

  /** Throws AssertionError with the difference unless this client's state equals a fresh fetch. */
  expectEqual({ room: fresh, messages, seq }: FetchedRoom): void {
    const room = this.#room(fresh._id);
    const fetched: View = viewOf(fresh.seq, fresh, fresh.participants, messages, fresh);
    strictEqual(room.seq, seq, "the client has not caught up");
    deepStrictEqual(this.#view(room), fetched);
  }

  #room(roomId: string): KeptRoom {
    const room = this.#rooms.get(roomId);
    if (!room) throw new Error(`room ${roomId} was never fetched`);
    return room;
  }

  #view(room: KeptRoom): View {
    const others = [...room.members.keys()].filter((userId) => userId !== this.userId);
    const least = (field: "readSeq" | "deliveredSeq") =>
      Math.min(...others.map((userId) => room.positions.get(userId)?.[field] ?? 0));
    const statusOf = ({ sender, seq }: KeptMessage): Message["status"] => {
      if (sender._id !== this.userId || others.length === 0) return "sent";
      if (least("readSeq") >= seq) return "read";
      return least("deliveredSeq") >= seq ? "delivered" : "sent";
    };
    // Events carry one preview for everybody; a message that is not kept is hidden, and looks deleted where it is answered.
    const previewOf = ({ replyToMessage }: KeptMessage): Message["replyToMessage"] =>
      replyToMessage && !room.messages.has(replyToMessage._id)
        ? { ...replyToMessage, content: null, isDeleted: true }
        : replyToMessage;
    const messages = [...room.messages.values()].map((message) => ({
      ...message,
      replyToMessage: previewOf(message),
      status: statusOf(message),
    }));
    const mine = room.positions.get(this.userId)?.readSeq ?? 0;
    const unread = messages.filter(
      ({ sender, seq, type, isDeleted }) => sender._id !== this.userId && seq > mine && type !== "system" && !isDeleted,
    );
    const participants = [...room.members].map(([userId, member]) => {
      const { lastReadMessage = null, lastReadTimestamp = null } = room.positions.get(userId) ?? {};
      return { userId, ...member, lastReadMessage, lastReadTimestamp };
    });
    const last = messages.at(-1) ?? null;
    const activity = {
      participantCount: room.members.size,
      unreadCount: unread.length,
      lastMessage: last,
      lastMessageTime: last?.timestamp ?? null,
    };
    return viewOf(room.seq, room, participants, messages, activity);
  }
}

function viewOf(
  seq: number,
  { name, description, avatar, settings }: Pick<ChatRoom, "name" | "description" | "avatar" | "settings">,
  participants: ReadonlyArray<Omit<ChatRoom["participants"][number], "name" | "avatar" | "isActive">>,
  messages: readonly Message[],
  activity: Pick<ChatRoom, "participantCount" | "unreadCount" | "lastMessage" | "lastMessageTime">,
) {
  const { participantCount, unreadCount, lastMessage, lastMessageTime } = activity;
  const shown = participants.map(({ userId, role, joinedAt, lastReadMessage, lastReadTimestamp }) => ({
    userId,
    role,
    joinedAt,
    lastReadMessage,
    lastReadTimestamp,
  }));
  shown.sort((a, b) => (a.userId < b.userId ? -1 : 1));
  const counts = { participantCount, unreadCount, lastMessage, lastMessageTime };
  return { seq, name, description, avatar, settings, participants: shown, messages: [...messages], ...counts };
}

/** How each event changes its room; other events do not change the state. */
const take = {
  joined_chat(room: KeptRoom, { readPositions }: Payload<"joined_chat">): void {
    room.positions.clear();
    for (const position of readPositions) room.positions.set(position.userId, position);
  },
  new_message(room: KeptRoom, { message }: Payload<"new_message">): void {
    takeMessage(room, message);
  },
  message_edited: takeEdit,
  message_deleted: takeDeletion,
  reaction_updated(room: KeptRoom, { messageId, reactions, reactionCounts }: Payload<"reaction_updated">): void {
    const message = room.messages.get(messageId);
    // A message hidden by this user is not kept.
    if (message) Object.assign(message, { reactions, reactionCounts });
  },
  user_joined_chat(room: KeptRoom, { userId, seq }: Payload<"user_joined_chat">): void {
    // A new member has read everything; without a number the room was only opened.
    if (seq !== undefined) advance(room, userId, { readSeq: seq, lastReadMessage: null, lastReadTimestamp: null });
  },
  message_read(room: KeptRoom, { readers, ...reader }: Payload<"message_read">): void {
    for (const { userId, readSeq, lastReadMessage, timestamp } of readers ?? [reader])
      advance(room, userId, { readSeq, lastReadMessage, lastReadTimestamp: timestamp });
  },
  message_delivered(room: KeptRoom, { deliveries, ...delivery }: Payload<"message_delivered">): void {
    for (const { userId, deliveredSeq } of deliveries ?? [delivery]) advance(room, userId, { deliveredSeq });
  },
} as const;

function takeMessage(room: KeptRoom, message: Message): void {
  strictEqual(room.hidden.has(message._id), false, `${message._id} is hidden before it was there`);
  room.messages.set(message._id, withoutStatus(message));
  const { systemInfo } = message;
  if (systemInfo?.action === "member_joined") {
    const role = room.members.size === 0 ? "admin" : "member";
    room.members.set(systemInfo.userId, { role, joinedAt: message.timestamp });
  }
  if (systemInfo?.action === "members_added") {
    for (const userId of systemInfo.userIds ?? [])
      room.members.set(userId, { role: systemInfo.role ?? "member", joinedAt: message.timestamp });
  }
  if (systemInfo?.action === "role_changed") {
    const member = room.members.get(systemInfo.userId);
    if (member && systemInfo.role) member.role = systemInfo.role;
  }
  if (systemInfo?.action === "member_left" || systemInfo?.action === "member_removed") {
    room.members.delete(systemInfo.userId);
    const successor = systemInfo.newAdmin === undefined ? undefined : room.members.get(systemInfo.newAdmin);
    if (successor) successor.role = "admin";
  }
  for (const [field, value] of Object.entries(systemInfo?.changes ?? {})) {
    if (field in room.settings) room.settings = { ...room.settings, [field]: value };
    else Object.assign(room, { [field]: value });
  }
}

function takeEdit(room: KeptRoom, { messageId, newContent, message }: Payload<"message_edited">): void {
  if (room.messages.has(messageId)) room.messages.set(messageId, structuredClone(message));
  for (const reply of repliesTo(room, messageId)) reply.content = newContent?.slice(0, 200) ?? null;
}

function takeDeletion(room: KeptRoom, { messageId, deleteFor }: Payload<"message_deleted">): void {
  if (deleteFor === "sender") {
    room.hidden.add(messageId);
    room.messages.delete(messageId);
    return;
  }
  const message = room.messages.get(messageId);
  if (message) {
    const gone = { content: null, mediaInfo: null, stickerInfo: null, reactions: [], reactionCounts: [] };
    const unedited = { isEdited: false, editCount: 0, editHistory: [] };
    room.messages.set(messageId, { ...message, ...gone, ...unedited, isDeleted: true, deletedFor: "everyone" });
  }
  for (const reply of repliesTo(room, messageId)) Object.assign(reply, { content: null, isDeleted: true });
}

/** Updates the previews of a message in the replies to it. */
function repliesTo(room: KeptRoom, messageId: string) {
  return [...room.messages.values()].flatMap(({ replyToMessage }) =>
    replyToMessage?._id === messageId ? [replyToMessage] : [],
  );
}

/** Positions only go forward. */
function advance(room: KeptRoom, userId: string, news: Partial<Position>): void {
  const nowhere = { userId, lastReadMessage: null, lastReadTimestamp: null, readSeq: 0, deliveredSeq: 0 };
  const known = room.positions.get(userId) ?? nowhere;
  const next = (news.readSeq ?? -1) > known.readSeq ? { ...known, ...news } : { ...known };
  next.deliveredSeq = Math.max(known.deliveredSeq, news.deliveredSeq ?? 0, next.readSeq);
  room.positions.set(userId, next);
}

/** A copy, so that changes here do not affect the event. */
function withoutStatus(message: Message): KeptMessage {
  const { status: _, ...kept } = structuredClone(message);
  return kept;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
