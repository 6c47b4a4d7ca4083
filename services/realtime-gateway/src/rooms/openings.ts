// That users open and close rooms: published in small rooms, of users whom others see online, for all their sockets together.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, smallRoomLimit, subjects } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import DataLoader from "dataloader";
import type { Client } from "../connections/client.js";
import { createUserBuckets, type Rate, type UserBuckets } from "../connections/token-bucket.js";
import type { RoomFeed } from "./room-feed.js";

export interface Openings extends Pick<UserBuckets, "left" | "lower" | "sweep"> {
  /** The client has come into the room; with `shown` others are told, unless another client of the user was there. Never rejects. */
  opened(client: Client, feed: RoomFeed, shown: boolean): Promise<void>;
  /** The client, which is still in the room, leaves it. Never rejects. */
  closed(client: Client, feed: RoomFeed, shown: boolean): Promise<void>;
}

type Change = Parameters<Presence["setOpen"]>[1][number];

/** Of one user: rooms opened and closed that are shown to others. */
const openingsRate: Rate = { burst: 50, perSecond: 1 };
const maxBatchSize = 250;

export function createOpenings(options: {
  readonly bus: Bus;
  readonly presence: Pick<Presence, "setOpen">;
  readonly instanceId: string;
  readonly onError: (error: unknown) => void;
}): Openings {
  const { bus, presence, instanceId, onError } = options;
  const buckets = createUserBuckets(openingsRate);

  /** What happens in one turn of the event loop is stored together, in its order. */
  const changes = new DataLoader((batch: readonly Change[]) => presence.setOpen(instanceId, [...batch]), {
    cache: false,
    maxBatchSize,
    batchScheduleFn: setImmediate,
  });

  async function change(client: Client, feed: RoomFeed, isOpen: boolean, shown: boolean): Promise<void> {
    if (feed.members > smallRoomLimit || !feed.isOnlyClientOfUser(client)) return;
    const { userId } = client;
    const { roomId } = feed;
    try {
      const { isVisible, changed, moment } = await changes.load({ roomId, userId, isOpen });
      if (!shown || !isVisible || !changed || !buckets.tryTake(userId, Date.now(), 1)) return;
      const event = isOpen ? "user_joined_chat" : "user_left_chat";
      const header: LiveHeader = { event, except: userId, states: { epoch: moment.epoch, of: [[userId, moment.at]] } };
      bus.publish(subjects.roomLive(roomId), encodeWire(header, JSON.stringify({ chatRoomId: roomId, userId })));
    } catch (error) {
      onError(error);
    }
  }

  return {
    opened: (client, feed, shown) => change(client, feed, true, shown),
    closed: (client, feed, shown) => change(client, feed, false, shown),
    left: buckets.left,
    lower: buckets.lower,
    sweep: buckets.sweep,
  };
}
