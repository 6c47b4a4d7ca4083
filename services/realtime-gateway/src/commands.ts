// What clients may say over a socket: one handler an event, each answering what the acknowledgement carries.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import {
  ChatError,
  type ClientEventName,
  type clientEvents,
  type EventPayload,
  encodeWire,
  messagesRpc,
  type serverEvents,
  smallRoomLimit,
  subjects,
} from "@khui/contracts";
import { sendMessage } from "@khui/service";
import type { Counts } from "./counts.js";
import type { Deliveries } from "./deliveries.js";
import type { Feeds } from "./feeds.js";
import { joinRoom, type Welcome } from "./joining.js";
import type { OnlineContacts } from "./online-contacts.js";
import type { PresenceKeeper } from "./presence.js";
import type { RoomFeed } from "./room-feed.js";
import type { Session } from "./session.js";
import type { Typing } from "./typing.js";
import type { Users } from "./users.js";

export interface CommandContext {
  readonly bus: Bus;
  readonly feeds: Feeds;
  readonly users: Users;
  readonly presence: PresenceKeeper;
  readonly contacts: OnlineContacts;
  readonly typing: Typing;
  readonly deliveries: Deliveries;
  /** Rooms one socket may have joined at a time. */
  readonly maxRooms: number;
  readonly counts: Counts;
}

type Commands = {
  readonly [Name in Exclude<ClientEventName, "authenticate">]: (
    session: Session,
    payload: EventPayload<(typeof clientEvents)[Name]>,
  ) => Promise<unknown>;
};

/** Handlers for validated payloads of signed-in sockets; they throw ChatError. */
export function createCommands(context: CommandContext): Commands {
  const { bus, feeds, presence, typing } = context;

  function joined(session: Session, roomId: string): RoomFeed {
    const feed = session.rooms.get(roomId);
    if (!feed) throw new ChatError("not_joined");
    return feed;
  }

  return {
    async join_chat(session, { chatRoomId, lastSeq }) {
      const there = session.rooms.get(chatRoomId);
      if (!there && session.rooms.size >= context.maxRooms)
        throw new ChatError("rate_limited", { maxRooms: context.maxRooms });
      // Someone already in is only told again where things stand.
      const afterSeq = there ? undefined : (lastSeq ?? undefined);
      if (afterSeq !== undefined) context.counts.resumes++;
      let answer: EventPayload<typeof serverEvents.joined_chat> | undefined;
      const welcome = ({ feed, opened, typing: users }: Welcome) => {
        answer = {
          chatRoomId,
          seq: feed.position ?? opened.seq,
          typing: users.filter((userId) => userId !== session.userId),
          readPositions: opened.positions,
          participantCount: feed.members,
        };
        session.emit("joined_chat", answer);
      };
      if (!(await joinRoom(context, session, chatRoomId, afterSeq, welcome))) throw new ChatError("not_a_participant");
      const feed = session.rooms.get(chatRoomId);
      if (feed) {
        context.deliveries.note(feed);
        if (!there && lastSeq === undefined && isFirstOf(session, feed) && (await presence.isSeen(session.userId)))
          tellOpened(bus, "user_joined_chat", feed, session.userId);
      }
      return answer;
    },
    async leave_chat(session, { chatRoomId }) {
      const feed = session.rooms.get(chatRoomId);
      if (feed) {
        await typing.stop(session, feed);
        if (isFirstOf(session, feed) && (await presence.isSeen(session.userId)))
          tellOpened(bus, "user_left_chat", feed, session.userId);
        takeOut(feeds, session, feed);
      }
      session.emit("left_chat", { chatRoomId });
      return { chatRoomId };
    },
    async send_message(
      session,
      { chatRoomId: roomId, messageId, type = "text", content = null, replyTo = null, clientMessageId },
    ) {
      const { userId } = session;
      if (messageId) return call(bus, messagesRpc.confirm, { userId, roomId, messageId });
      // Files and stickers come in through their own routes, which know what they are.
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
    async typing_start(session, { chatRoomId }) {
      await typing.start(session, joined(session, chatRoomId));
      return { chatRoomId };
    },
    async typing_stop(session, { chatRoomId }) {
      await typing.stop(session, joined(session, chatRoomId));
      return { chatRoomId };
    },
    async add_reaction(session, { messageId, chatRoomId, emoji, reactionType }) {
      const reaction = { emoji, ...(reactionType ? { reactionType } : {}) };
      return call(bus, messagesRpc.react, { userId: session.userId, messageId, reaction, ...inRoom(chatRoomId) });
    },
    async delete_message(session, { messageId, chatRoomId, deleteFor = "sender" }) {
      return call(bus, messagesRpc.remove, { userId: session.userId, messageId, deleteFor, ...inRoom(chatRoomId) });
    },
    async edit_message(session, { messageId, chatRoomId, newContent: content }) {
      return call(bus, messagesRpc.edit, { userId: session.userId, messageId, content, ...inRoom(chatRoomId) });
    },
    async mark_as_read(session, { chatRoomId: roomId, messageId }) {
      return call(bus, messagesRpc.read, { userId: session.userId, roomId, ...(messageId ? { messageId } : {}) });
    },
    async update_status(session, { status }) {
      await presence.setStatus(session.userId, status);
      return { userId: session.userId, status };
    },
    async get_online_users(session) {
      const { users, frame } = await context.contacts.of(session.userId);
      if (!session.closed) session.socket.send(frame);
      return users;
    },
  };
}

const inRoom = (roomId: string | undefined) => (roomId ? { roomId } : {});

/** Whether this is the only socket of its user in the room here. */
function isFirstOf(session: Session, feed: RoomFeed): boolean {
  for (const other of feed.sessions)
    if (other !== session && other.identity?.userId === session.identity?.userId) return false;
  return true;
}

/** Opening and closing a room is told like typing: live, without a number, in small rooms. */
function tellOpened(bus: Bus, event: "user_joined_chat" | "user_left_chat", feed: RoomFeed, userId: string): void {
  if (feed.members > smallRoomLimit) return;
  const body = JSON.stringify({ chatRoomId: feed.roomId, userId });
  bus.publish(subjects.roomLive(feed.roomId), encodeWire({ event, except: userId }, body));
}

/** Takes a socket out of a room, on its wish, at its end, or because its user no longer belongs there. */
export function takeOut(feeds: Feeds, session: Session, feed: RoomFeed): void {
  feed.dismiss(session);
  feeds.release(feed);
}
