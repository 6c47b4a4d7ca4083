// Reports to messages-api how far each member's clients have been reached, in batches.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc, smallRoomLimit } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { visibleStatus } from "../presence/visible-status.js";
import type { RoomFeed } from "./room-feed.js";

export interface DeliveryReports {
  /** Something was delivered in this room, to all or to this user: their positions are in the next report. */
  mark(feed: RoomFeed, userId?: string): void;
  /** Others see the user online from now on: their positions that have not been reported are in the next report. */
  shown(feed: RoomFeed, userId: string): void;
  /**
   * Those who have not been reported are in the next report, if others see them by now: somebody who was let into the room while their
   * status was being learned is shown without an event in it.
   */
  retry(feeds: Iterable<RoomFeed>): void;
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
  /** Of a room all users, or these. When a gateway's people come back, each room would else be reported for everybody each time. */
  let marked = new Map<RoomFeed, "all" | Set<string>>();

  const usersOf = (feed: RoomFeed, reached: "all" | ReadonlySet<string>): string[] => {
    const here = usersIn(feed);
    return reached === "all" ? [...here] : [...reached].filter((userId) => here.has(userId));
  };

  function mark(feed: RoomFeed, reached: "all" | Iterable<string>): void {
    if (feed.members > smallRoomLimit) return;
    const before = marked.get(feed);
    marked.set(feed, before === "all" || reached === "all" ? "all" : new Set([...(before ?? []), ...reached]));
  }

  async function report(reached: ReadonlyArray<readonly [RoomFeed, readonly string[]]>): Promise<void> {
    const userIds = new Set(reached.flatMap(([, users]) => users));
    const states = await presence.lookup([...userIds]);
    const visible = new Set(
      states.flatMap(({ userId, status }) => (visibleStatus(status) === "offline" ? [] : userId)),
    );
    const positions = reached.flatMap(([feed, users]) =>
      users.flatMap((userId) => {
        if (visible.has(userId)) {
          feed.unreported.delete(userId);
          return { roomId: feed.roomId, userId, seq: feed.position ?? 0 };
        }
        feed.unreported.add(userId);
        return [];
      }),
    );
    for (let start = 0; start < positions.length; start += batchSize) {
      await call(bus, messagesRpc.delivered, { positions: positions.slice(start, start + batchSize) });
    }
  }

  return {
    mark: (feed, userId) => mark(feed, userId === undefined ? "all" : [userId]),
    shown(feed, userId) {
      if (feed.unreported.delete(userId)) mark(feed, [userId]);
    },
    retry(feeds) {
      for (const feed of feeds) if (feed.unreported.size > 0) mark(feed, feed.unreported);
    },
    async flush() {
      if (marked.size === 0) return;
      const reached = [...marked].map(([feed, users]) => [feed, usersOf(feed, users)] as const);
      marked = new Map();
      try {
        await report(reached);
      } catch (error) {
        for (const [feed, users] of reached) mark(feed, users);
        onError(error);
      }
    },
  };
}

const usersIn = (feed: RoomFeed): Set<string> =>
  new Set([...feed.clients].flatMap(({ identity }) => (identity ? [identity.userId] : [])));
