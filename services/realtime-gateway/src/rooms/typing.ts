// Who is typing: published in the room, once a second at most, and over by itself after six seconds.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, smallRoomLimit, subjects } from "@khui/contracts";
import type { Moment, Presence } from "@khui/presence";
import { createPacer } from "@khui/service";
import { encodeEvent } from "@khui/socketio";
import type { Client } from "../connections/client.js";
import { createUserBuckets, type Rate } from "../connections/token-bucket.js";
import type { Users } from "../connections/users.js";
import type { Feeds } from "./feeds.js";
import type { RoomFeed } from "./room-feed.js";

export const typingMs = 6_000;
/** Between two events of one user in one room: clients emit typing_start with every key. */
const defaultIntervalMs = 1_000;
/** Events of one user in all rooms, from all of their clients here. */
const defaultRate: Rate = { burst: 20, perSecond: 2 };

export interface Typing {
  /**
   * Published at once, or at the end of the interval unless it has been said; not at all beyond the user's rate, nor of a user whom
   * others do not see online, nor while the store cannot say.
   */
  start(client: Client, feed: RoomFeed): Promise<void>;
  /** The same, unless another client of the user goes on, here or at another gateway. What is not published ends by itself. */
  stop(client: Client, feed: RoomFeed): Promise<void>;
  /** The client goes on typing at another gateway, if it was. */
  handOver(client: Client): void;
  /** All clients of the user here stop, in this room. */
  stopAll(userId: string, feed: RoomFeed): Promise<void>;
  /** What the user was typing is in the room now, or they have left it: that ends it at all gateways, as each sees by itself. */
  end(userId: string, feed: RoomFeed): Promise<void>;
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
  readonly presence: Pick<Presence, "startTyping" | "stopTyping" | "typing">;
  readonly feeds: Pick<Feeds, "all">;
  readonly users: Pick<Users, "clientsOf">;
  readonly instanceId: string;
  readonly onError: (error: unknown) => void;
  readonly rate?: Rate;
  readonly intervalMs?: number;
}): Typing {
  const {
    bus,
    presence,
    feeds,
    users,
    instanceId,
    onError,
    rate = defaultRate,
    intervalMs = defaultIntervalMs,
  } = options;
  const buckets = createUserBuckets(rate);
  const pacer = createPacer<Recent>({
    intervalMs,
    onEnd(_, recent) {
      const { userId, said, wanted } = recent;
      if (wanted === said || !buckets.tryTake(userId, Date.now(), 1)) return false;
      recent.said = wanted;
      void tell(recent, wanted);
      return true;
    },
  });
  const keyOf = (roomId: string, userId: string) => `${roomId} ${userId}`;

  /** The store is told first: it says whether others may know, and orders what gateways publish. */
  async function tell(recent: Recent, typing: boolean): Promise<void> {
    const { roomId, userId } = recent;
    try {
      if (typing) {
        const { isVisible, moment } = await presence.startTyping(instanceId, roomId, userId, typingMs);
        if (isVisible) announce(roomId, userId, "user_typing", moment);
        // Whoever becomes visible and types on is shown, also within this interval.
        else Object.assign(recent, { said: false, wanted: false });
      } else {
        const { ended, moment } = await presence.stopTyping(roomId, userId, instanceId);
        if (ended) announce(roomId, userId, "user_stop_typing", moment);
      }
    } catch (error) {
      onError(error);
    }
  }

  function announce(roomId: string, userId: string, event: string, { epoch, at }: Moment): void {
    const header: LiveHeader = { event, except: userId, states: { epoch, of: [[userId, at]] } };
    bus.publish(subjects.roomLive(roomId), encodeWire(header, JSON.stringify({ chatRoomId: roomId, userId })));
  }

  async function say(roomId: string, userId: string, typing: boolean): Promise<void> {
    const key = keyOf(roomId, userId);
    const recent = pacer.find(key);
    if (recent) recent.wanted = typing;
    else if (buckets.tryTake(userId, Date.now(), 1)) {
      const begun = { roomId, userId, said: typing, wanted: typing };
      pacer.begin(key, begun);
      await tell(begun, typing);
    }
  }

  const goesOn = (userId: string, roomId: string) =>
    users.clientsOf(userId).some(({ typing }) => (typing?.get(roomId) ?? 0) > Date.now() - typingMs);

  /** Takes the room off all clients of the user here; whether any of them was typing there. */
  function clear(userId: string, roomId: string): boolean {
    const cleared = users.clientsOf(userId).map(({ typing }) => typing?.delete(roomId));
    return cleared.includes(true);
  }

  /** Tells the clients in the room, if the user was shown as typing; also those that are joining. */
  function showStopped(feed: RoomFeed, userId: string): void {
    if (!feed.typing.delete(userId)) return;
    const event = "user_stop_typing";
    const frame = encodeEvent(event, JSON.stringify({ chatRoomId: feed.roomId, userId }));
    feed.bufferLive({ event, except: userId }, frame);
    for (const client of feed.clients) if (client.identity?.userId !== userId) client.socket.send(frame);
  }

  return {
    async start(client, feed) {
      if (feed.members > smallRoomLimit) return;
      client.typing ??= new Map();
      client.typing.set(feed.roomId, Date.now());
      await say(feed.roomId, client.userId, true);
    },
    async stop(client, feed) {
      if (!client.typing?.delete(feed.roomId) || goesOn(client.userId, feed.roomId)) return;
      await say(feed.roomId, client.userId, false);
    },
    handOver(client) {
      const roomIds = [...(client.typing?.keys() ?? [])];
      client.typing = null;
      for (const roomId of roomIds)
        if (!goesOn(client.userId, roomId)) presence.stopTyping(roomId, client.userId, instanceId).catch(onError);
    },
    async stopAll(userId, feed) {
      if (clear(userId, feed.roomId)) await say(feed.roomId, userId, false);
    },
    async end(userId, feed) {
      showStopped(feed, userId);
      const recent = pacer.find(keyOf(feed.roomId, userId));
      if (!clear(userId, feed.roomId) && !recent?.said) return;
      // Whoever types on is shown again, also within this interval.
      if (recent) Object.assign(recent, { said: false, wanted: false });
      try {
        const { ended, moment } = await presence.stopTyping(feed.roomId, userId);
        // For gateways that the beginning reaches only now, and those that have just learned of it.
        if (ended && buckets.tryTake(userId, Date.now(), 1)) announce(feed.roomId, userId, "user_stop_typing", moment);
      } catch (error) {
        onError(error);
      }
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
          if (until <= now) showStopped(feed, userId);
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
