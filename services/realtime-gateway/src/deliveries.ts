// Tells messages-api how far each member's sockets have been reached, gathered over a short while.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc, smallRoomLimit } from "@khui/contracts";
import type { RoomFeed } from "./room-feed.js";

export interface Deliveries {
  /** Something was delivered in this room. Costs nothing but the note. */
  note(feed: RoomFeed): void;
  flush(): Promise<void>;
}

const batch = 2_000;

/** In rooms of more than 200 people nobody looks at single ticks, and each message would be a write per member. */
export function createDeliveries(bus: Bus, onError: (error: unknown) => void): Deliveries {
  let noted = new Set<RoomFeed>();
  return {
    note(feed) {
      if (feed.members <= smallRoomLimit) noted.add(feed);
    },
    async flush() {
      if (noted.size === 0) return;
      const feeds = noted;
      noted = new Set();
      const positions = [...feeds].flatMap((feed) => {
        const userIds = new Set([...feed.sessions].flatMap(({ identity }) => (identity ? [identity.userId] : [])));
        return [...userIds].map((userId) => ({ roomId: feed.roomId, userId, seq: feed.position ?? 0 }));
      });
      try {
        for (let start = 0; start < positions.length; start += batch) {
          await call(bus, messagesRpc.delivered, { positions: positions.slice(start, start + batch) });
        }
      } catch (error) {
        for (const feed of feeds) noted.add(feed);
        onError(error);
      }
    },
  };
}
