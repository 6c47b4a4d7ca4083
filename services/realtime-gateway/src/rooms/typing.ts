// Who is typing: published in the room, and over by itself after six seconds.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, smallRoomLimit, subjects } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { encodeEvent } from "@khui/socketio";
import type { Client } from "../connections/client.js";
import type { Feeds } from "./feeds.js";
import type { RoomFeed } from "./room-feed.js";

export const typingMs = 6_000;
/** What was published this recently is not published again: clients emit typing_start with every key. */
const cooldownMs = 1_000;

export interface Typing {
  start(client: Client, feed: RoomFeed): Promise<void>;
  stop(client: Client, feed: RoomFeed): Promise<void>;
  /** Takes note of a live event of the room. False when it says nothing new to the clients here. `now` in milliseconds. */
  receive(feed: RoomFeed, header: LiveHeader, now: number): boolean;
  /** Ends what was not renewed in time. Every gateway does this for its own clients, so that none depends on another. */
  expire(now: number): void;
  /** Users typing in a room that a client joins, who is then sent when they stop. Nobody while the store is down. */
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
    async start(client, feed) {
      if (feed.members > smallRoomLimit) return;
      const remainingMs = (feed.typing.get(client.userId) ?? 0) - Date.now();
      if (client.typing?.has(feed.roomId) && remainingMs > typingMs - cooldownMs) return;
      client.typing ??= new Set();
      client.typing.add(feed.roomId);
      publish("user_typing", feed.roomId, client.userId);
      await presence.startTyping(feed.roomId, client.userId, typingMs).catch(onError);
    },
    async stop(client, feed) {
      if (!client.typing?.delete(feed.roomId)) return;
      publish("user_stop_typing", feed.roomId, client.userId);
      await presence.stopTyping(feed.roomId, client.userId).catch(onError);
    },
    receive(feed, { event, except }, now) {
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
          for (const client of feed.clients) if (client.identity?.userId !== userId) client.socket.send(frame);
        }
      }
    },
    async inRoom(feed) {
      try {
        const userIds = await presence.typing(feed.roomId);
        // They may have begun before this gateway subscribed to the room.
        for (const userId of userIds) if (!feed.typing.has(userId)) feed.typing.set(userId, Date.now() + typingMs);
        return userIds;
      } catch (error) {
        onError(error);
        return [];
      }
    },
  };
}
