// Reports to messages-api how far each member's clients have been reached, in batches.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc, smallRoomLimit } from "@khui/contracts";
import type { RoomFeed } from "./room-feed.js";

export interface DeliveryReports {
  /** Something was delivered in this room: its positions are in the next report. */
  mark(feed: RoomFeed): void;
  flush(): Promise<void>;
}

const batchSize = 2_000;

/** In rooms of more than 200 people nobody looks at single ticks, and each message would be a write per member. */
export function createDeliveryReports(bus: Bus, onError: (error: unknown) => void): DeliveryReports {
  let marked = new Set<RoomFeed>();
  return {
    mark(feed) {
      if (feed.members <= smallRoomLimit) marked.add(feed);
    },
    async flush() {
      if (marked.size === 0) return;
      const feeds = marked;
      marked = new Set();
      const positions = [...feeds].flatMap((feed) => {
        const userIds = new Set([...feed.clients].flatMap(({ identity }) => (identity ? [identity.userId] : [])));
        return [...userIds].map((userId) => ({ roomId: feed.roomId, userId, seq: feed.position ?? 0 }));
      });
      try {
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
