// All rooms in which this gateway has clients: one feed and one pair of bus subscriptions a room.
import type { Bus, Subscription } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, decodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import pTimeout from "p-timeout";
import type { Client } from "../connections/client.js";
import { createLogReader, type LogReader } from "./log-reader.js";
import { createReplayBudget } from "./replay-buffer.js";
import { type FeedEvents, type FeedLease, RoomFeed } from "./room-feed.js";
import type { RoomLogs } from "./room-logs.js";

interface OpenRoom {
  readonly feed: RoomFeed;
  readonly log: ReturnType<RoomLogs["listen"]>;
  readonly live: Subscription;
  /** Resolves when the subscriptions are active: nothing published later is missed silently. */
  readonly subscribed: Promise<void>;
}

export interface Feeds {
  /**
   * A lease on the room's feed, which is opened and subscribed on first use. A feed is closed when no lease on it and no client
   * in it is left. Throws service_unavailable when the bus does not confirm the subscriptions in time.
   */
  acquire(roomId: string): Promise<FeedLease>;
  get(roomId: string): RoomFeed | undefined;
  /** The room's feed, if the client is in it. */
  feedOf(client: Client, roomId: string): RoomFeed | undefined;
  all(): Iterable<RoomFeed>;
  readonly size: number;
  /** Reads what a feed does not have: all feeds share it. */
  readonly log: LogReader;
  /** Compares all positions with the heads of the rooms' logs, repairs what is behind, and notices a restored database. */
  reconcile(): Promise<void>;
  close(): void;
}

export interface FeedsOptions extends Omit<FeedEvents, "onUnused"> {
  readonly bus: Bus;
  readonly logs: RoomLogs;
  readonly onError: (error: unknown) => void;
  /** A live event of a room; `body` is its whole JSON. */
  onLive(feed: RoomFeed, header: LiveHeader, body: string): void;
}

/** Rooms asked about in one request. */
const batchSize = 2_000;
/** While the bus is away nobody can join. */
const subscribeTimeoutMs = 5_000;

function unavailable(): never {
  throw new ChatError("service_unavailable", { retryAfter: 1 });
}

export function createFeeds(options: FeedsOptions): Feeds {
  const { bus } = options;
  const rooms = new Map<string, OpenRoom>();
  const replayBudget = createReplayBudget();
  const log = createLogReader(options);
  const events: FeedEvents = { ...options, onUnused: closeUnused };

  function open(roomId: string): OpenRoom {
    const feed = new RoomFeed(roomId, log, events, replayBudget);
    const roomLog = options.logs.listen(roomId, (entry) => feed.sequencer.ingest(entry));
    const live = bus.subscribe(subjects.roomLive(roomId), ({ data }) => {
      const { header, body } = decodeWire<LiveHeader>(data);
      options.onLive(feed, header, body);
    });
    const subscribed = pTimeout(bus.flush(), { milliseconds: subscribeTimeoutMs, fallback: unavailable });
    // Reported by whoever waits for it.
    subscribed.catch(() => undefined);
    const room = { feed, log: roomLog, live, subscribed };
    rooms.set(roomId, room);
    return room;
  }

  function end({ feed, log: roomLog, live }: OpenRoom): void {
    feed.close();
    roomLog.stop();
    live.unsubscribe();
  }

  function closeUnused(feed: RoomFeed): void {
    const room = rooms.get(feed.roomId);
    // A client may leave a feed that was closed before, and whose room has been opened again.
    if (room?.feed !== feed) return;
    rooms.delete(feed.roomId);
    end(room);
  }

  return {
    async acquire(roomId) {
      const { feed, subscribed } = rooms.get(roomId) ?? open(roomId);
      const lease = feed.lease();
      try {
        await subscribed;
      } catch (error) {
        lease.release();
        throw error;
      }
      return lease;
    },
    get: (roomId) => rooms.get(roomId)?.feed,
    feedOf: (client, roomId) => (client.rooms.has(roomId) ? rooms.get(roomId)?.feed : undefined),
    *all() {
      for (const { feed } of rooms.values()) yield feed;
    },
    get size() {
      return rooms.size;
    },
    log,
    async reconcile() {
      const positions = [...rooms.values()].flatMap(({ feed }) =>
        feed.position === undefined ? [] : [{ roomId: feed.roomId, seq: feed.position }],
      );
      for (let start = 0; start < positions.length; start += batchSize) {
        const batch = positions.slice(start, start + batchSize);
        const { ahead, behind = [], epoch } = await call(bus, messagesRpc.heads, { rooms: batch });
        const heads = new Map([...ahead, ...behind].map(({ roomId, seq }) => [roomId, seq]));
        for (const { roomId, seq: known } of batch) {
          const feed = rooms.get(roomId)?.feed;
          const head = heads.get(roomId) ?? known;
          feed?.noteLog(head, epoch, known);
          feed?.sequencer.noteHead(head);
        }
      }
    },
    close() {
      for (const room of rooms.values()) end(room);
      rooms.clear();
      log.close();
    },
  };
}
