// All rooms in which this gateway has sockets: one feed and one pair of bus subscriptions a room.
import type { Bus, Subscription } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, decodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import pTimeout from "p-timeout";
import { type FeedEvents, RoomFeed } from "./room-feed.js";
import type { RoomLogs } from "./room-logs.js";

interface Held {
  readonly feed: RoomFeed;
  readonly log: ReturnType<RoomLogs["listen"]>;
  readonly live: Subscription;
  /** Resolves when the subscriptions are active: nothing published later is missed silently. */
  readonly heard: Promise<void>;
}

export interface Feeds {
  /** The room's feed, made and subscribed on first use. Give it back with `release`. */
  acquire(roomId: string): Promise<RoomFeed>;
  /** Ends the feed once no socket is in it or on its way. */
  release(feed: RoomFeed): void;
  get(roomId: string): RoomFeed | undefined;
  all(): Iterable<RoomFeed>;
  readonly size: number;
  /** Compares all positions with the rooms' heads and repairs what is behind. */
  reconcile(): Promise<void>;
  close(): void;
}

export interface FeedsOptions extends FeedEvents {
  readonly bus: Bus;
  readonly logs: RoomLogs;
  /** A live message of a room; `body` is the whole JSON of the event. */
  onLive(feed: RoomFeed, header: LiveHeader, body: string): void;
}

/** Rooms asked about in one request. */
const batch = 2_000;
/** While the bus is away nobody can be let in. */
const subscribeMs = 5_000;

function unavailable(): never {
  throw new ChatError("service_unavailable", { retryAfter: 1 });
}

export function createFeeds(options: FeedsOptions): Feeds {
  const { bus } = options;
  const held = new Map<string, Held>();
  const log = {
    read: (roomId: string, afterSeq: number) => call(bus, messagesRpc.readLog, { roomId, afterSeq }),
  };

  function open(roomId: string): Held {
    const feed = new RoomFeed(roomId, log, options);
    const roomLog = options.logs.listen(roomId, (entry) => feed.offer(entry));
    const live = bus.subscribe(subjects.roomLive(roomId), ({ data }) => {
      const { header, body } = decodeWire<LiveHeader>(data);
      options.onLive(feed, header, body);
    });
    const heard = Promise.all([roomLog.ready, bus.flush()]).then(() => undefined);
    // Reported by whoever waits for it.
    heard.catch(() => undefined);
    const room = { feed, log: roomLog, live, heard };
    held.set(roomId, room);
    return room;
  }

  function end({ feed, log: roomLog, live }: Held): void {
    feed.close();
    roomLog.stop();
    live.unsubscribe();
  }

  function release(feed: RoomFeed): void {
    if (feed.sessions.size > 0 || feed.joiners > 0) return;
    const room = held.get(feed.roomId);
    if (room?.feed !== feed) return;
    held.delete(feed.roomId);
    end(room);
  }

  return {
    async acquire(roomId) {
      const room = held.get(roomId) ?? open(roomId);
      room.feed.joiners++;
      try {
        await pTimeout(room.heard, { milliseconds: subscribeMs, fallback: unavailable });
      } catch (error) {
        room.feed.joiners--;
        release(room.feed);
        throw error;
      }
      return room.feed;
    },
    release,
    get: (roomId) => held.get(roomId)?.feed,
    *all() {
      for (const { feed } of held.values()) yield feed;
    },
    get size() {
      return held.size;
    },
    async reconcile() {
      const positions = [...held.values()].flatMap(({ feed }) =>
        feed.position === undefined ? [] : [{ roomId: feed.roomId, seq: feed.position }],
      );
      for (let start = 0; start < positions.length; start += batch) {
        const { ahead } = await call(bus, messagesRpc.heads, { rooms: positions.slice(start, start + batch) });
        for (const { roomId, seq } of ahead) held.get(roomId)?.feed.noteHead(seq);
      }
    },
    close() {
      for (const room of held.values()) end(room);
      held.clear();
    },
  };
}
