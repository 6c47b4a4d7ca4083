// Who is typing: told to the room, and over by itself after six seconds.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, smallRoomLimit, subjects } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { encodeEvent } from "@khui/socketio";
import type { Feeds } from "./feeds.js";
import type { RoomFeed } from "./room-feed.js";
import type { Session } from "./session.js";

export const typingMs = 6_000;
/** What was told so short a while ago is not told again: clients say it with every key. */
const quietMs = 1_000;

export interface Typing {
  start(session: Session, feed: RoomFeed): Promise<void>;
  stop(session: Session, feed: RoomFeed): Promise<void>;
  /** Takes note of a live message; false when it says nothing new to the sockets here. */
  heard(feed: RoomFeed, header: LiveHeader, now: number): boolean;
  /** Ends what has not been renewed in time. Every gateway does so for its own sockets, so that none depends on another. */
  expire(now: number): void;
  /** Those typing in a room, for who joins it, who is told when they stop; nobody while the store is down. */
  inRoom(feed: RoomFeed): Promise<string[]>;
}

export function createTyping(options: {
  readonly bus: Bus;
  readonly presence: Presence;
  readonly feeds: Feeds;
  readonly onError: (error: unknown) => void;
}): Typing {
  const { bus, presence, feeds, onError } = options;

  const publish = (event: "user_typing" | "user_stop_typing", roomId: string, userId: string) => {
    const payload = { chatRoomId: roomId, userId };
    bus.publish(subjects.roomLive(roomId), encodeWire({ event, except: userId }, JSON.stringify(payload)));
  };

  return {
    async start(session, feed) {
      if (feed.members > smallRoomLimit) return;
      const toldFor = (feed.typing.get(session.userId) ?? 0) - Date.now();
      if (session.typing?.has(feed.roomId) && toldFor > typingMs - quietMs) return;
      session.typing ??= new Set();
      session.typing.add(feed.roomId);
      publish("user_typing", feed.roomId, session.userId);
      await presence.startTyping(feed.roomId, session.userId, typingMs).catch(onError);
    },
    async stop(session, feed) {
      if (!session.typing?.delete(feed.roomId)) return;
      publish("user_stop_typing", feed.roomId, session.userId);
      await presence.stopTyping(feed.roomId, session.userId).catch(onError);
    },
    heard(feed, { event, except }, now) {
      if (except === undefined) return true;
      if (event === "user_typing") {
        const fresh = !feed.typing.has(except);
        feed.typing.set(except, now + typingMs);
        return fresh;
      }
      if (event === "user_stop_typing") return feed.typing.delete(except);
      return true;
    },
    expire(now) {
      for (const feed of feeds.all()) {
        for (const [userId, until] of feed.typing) {
          if (until > now) continue;
          feed.typing.delete(userId);
          const frame = encodeEvent("user_stop_typing", JSON.stringify({ chatRoomId: feed.roomId, userId }));
          for (const session of feed.sessions) if (session.identity?.userId !== userId) session.socket.send(frame);
        }
      }
    },
    async inRoom(feed) {
      try {
        const userIds = await presence.typing(feed.roomId);
        // This gateway may not have heard them begin: the feed is there since someone joins.
        for (const userId of userIds) if (!feed.typing.has(userId)) feed.typing.set(userId, Date.now() + typingMs);
        return userIds;
      } catch (error) {
        onError(error);
        return [];
      }
    },
  };
}
