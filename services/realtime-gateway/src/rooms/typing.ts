// Who is typing: published in the room, once a second at most, and over by itself after six seconds.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, smallRoomLimit, subjects } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { createPacer } from "@khui/service";
import { encodeEvent } from "@khui/socketio";
import type { Client } from "../connections/client.js";
import { createUserBuckets, type Rate } from "../connections/token-bucket.js";
import type { Feeds } from "./feeds.js";
import type { RoomFeed } from "./room-feed.js";

export const typingMs = 6_000;
/** Between two events of one user in one room: clients emit typing_start with every key. */
const defaultIntervalMs = 1_000;
/** Events of one user in all rooms, from all of their clients here. */
const defaultRate: Rate = { burst: 20, perSecond: 2 };

export interface Typing {
  /** Published at once, or at the end of the interval unless it has been said; not at all beyond the user's rate. */
  start(client: Client, feed: RoomFeed): Promise<void>;
  /** The same. What is not published ends by itself. */
  stop(client: Client, feed: RoomFeed): Promise<void>;
  /** Takes note of a live event of the room. False when it says nothing new to the clients here. `now` in milliseconds. */
  receive(feed: RoomFeed, header: LiveHeader, now: number): boolean;
  /** Ends what was not renewed in time. Every gateway does this for its own clients, so that none depends on another. */
  expire(now: number): void;
  /**
   * Resolves when the feed knows who is typing in the room. The store is asked once, for those who began before this gateway
   * subscribed to the room; while it is down they are not known.
   */
  learn(feed: RoomFeed): Promise<void>;
  /** Forgets the rates of users who have been quiet. */
  sweep(now: number): void;
  /** Publishes what waits for the end of its interval. */
  flush(): void;
}

/** A user in a room, within an interval. */
interface Recent {
  readonly roomId: string;
  readonly userId: string;
  /** What was published last. */
  said: boolean;
  /** What the user's clients want by now. */
  wanted: boolean;
}

export function createTyping(options: {
  readonly bus: Bus;
  readonly presence: Presence;
  readonly feeds: Feeds;
  readonly onError: (error: unknown) => void;
  readonly rate?: Rate;
  readonly intervalMs?: number;
}): Typing {
  const { bus, presence, feeds, onError, rate = defaultRate, intervalMs = defaultIntervalMs } = options;
  const buckets = createUserBuckets(rate);
  const pacer = createPacer<Recent>({
    intervalMs,
    onEnd(_, recent) {
      const { roomId, userId, said, wanted } = recent;
      if (wanted === said || !buckets.tryTake(userId, Date.now(), 1)) return false;
      recent.said = wanted;
      void publish(roomId, userId, wanted);
      return true;
    },
  });

  async function publish(roomId: string, userId: string, typing: boolean): Promise<void> {
    const event = typing ? "user_typing" : "user_stop_typing";
    const body = JSON.stringify({ chatRoomId: roomId, userId });
    bus.publish(subjects.roomLive(roomId), encodeWire({ event, except: userId }, body));
    const stored = typing ? presence.startTyping(roomId, userId, typingMs) : presence.stopTyping(roomId, userId);
    await stored.catch(onError);
  }

  async function say(roomId: string, userId: string, typing: boolean): Promise<void> {
    const key = `${roomId} ${userId}`;
    const recent = pacer.find(key);
    if (recent) recent.wanted = typing;
    else if (buckets.tryTake(userId, Date.now(), 1)) {
      pacer.begin(key, { roomId, userId, said: typing, wanted: typing });
      await publish(roomId, userId, typing);
    }
  }

  return {
    async start(client, feed) {
      if (feed.members > smallRoomLimit) return;
      client.typing ??= new Set();
      client.typing.add(feed.roomId);
      await say(feed.roomId, client.userId, true);
    },
    async stop(client, feed) {
      if (client.typing?.delete(feed.roomId)) await say(feed.roomId, client.userId, false);
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
    async learn(feed) {
      if (feed.members > smallRoomLimit) return;
      feed.typingKnown ??= presence.typing(feed.roomId).then(
        (userIds) => {
          for (const userId of userIds) if (!feed.typing.has(userId)) feed.typing.set(userId, Date.now() + typingMs);
        },
        (error) => {
          feed.typingKnown = undefined;
          onError(error);
        },
      );
      await feed.typingKnown;
    },
    sweep: buckets.sweep,
    flush: pacer.endAll,
  };
}
