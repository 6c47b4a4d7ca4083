// Reports to messages-api how far each member's clients have been reached, in batches.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc, smallRoomLimit } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { visibleStatus } from "../presence/visible-status.js";
import type { RoomFeed } from "./room-feed.js";

export interface DeliveryReports {
  /** Something was delivered in this room: its positions are in the next report. */
  mark(feed: RoomFeed): void;
  /** Others see the user online from now on: their positions that have not been reported are in the next report. */
  shown(feed: RoomFeed, userId: string): void;
  flush(): Promise<void>;
}

const batchSize = 2_000;

/**
 * In rooms of more than 200 people nobody looks at single ticks, and each message would be a write per member. Of whom others do not
 * see online nothing is reported: it would show that they are connected. So without the presence store nothing is, until it is back.
 */
export function createDeliveryReports(
  bus: Bus,
  presence: Pick<Presence, "lookup">,
  onError: (error: unknown) => void,
): DeliveryReports {
  let marked = new Set<RoomFeed>();

  async function visibleIn(feeds: Iterable<RoomFeed>): Promise<ReadonlySet<string>> {
    const userIds = new Set([...feeds].flatMap((feed) => [...usersIn(feed)]));
    const states = await presence.lookup([...userIds]);
    return new Set(states.flatMap(({ userId, status }) => (visibleStatus(status) === "offline" ? [] : userId)));
  }

  function positionsIn(feed: RoomFeed, visible: ReadonlySet<string>) {
    return [...usersIn(feed)].flatMap((userId) => {
      if (visible.has(userId)) return { roomId: feed.roomId, userId, seq: feed.position ?? 0 };
      feed.unreported.add(userId);
      return [];
    });
  }

  const mark = (feed: RoomFeed) => {
    if (feed.members <= smallRoomLimit) marked.add(feed);
  };

  return {
    mark,
    shown(feed, userId) {
      if (feed.unreported.delete(userId)) mark(feed);
    },
    async flush() {
      if (marked.size === 0) return;
      const feeds = marked;
      marked = new Set();
      try {
        const visible = await visibleIn(feeds);
        const positions = [...feeds].flatMap((feed) => positionsIn(feed, visible));
        for (let start = 0; start < positions.length; start += batchSize) {
          await call(bus, messagesRpc.delivered, { positions: positions.slice(start, start + batchSize) });
        }
      } catch (error) {
        for (const feed of feeds) marked.add(feed);
        onError(error);
      }
    },
  };
}

const usersIn = (feed: RoomFeed): Set<string> =>
  new Set([...feed.clients].flatMap(({ identity }) => (identity ? [identity.userId] : [])));
