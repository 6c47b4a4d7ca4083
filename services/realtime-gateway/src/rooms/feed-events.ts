// What follows from what feeds report: contacts, room lists, delivery reports and metrics keep up with rooms.
import { closeCodes, smallRoomLimit } from "@khui/contracts";
import type { Users } from "../connections/users.js";
import type { GatewayMetrics } from "../metrics.js";
import type { OnlineContacts } from "../presence/online-contacts.js";
import type { RoomListSubscriptions } from "../room-list/subscriptions.js";
import type { DeliveryReports } from "./delivery-reports.js";
import type { Openings } from "./openings.js";
import type { FeedEvents, RoomFeed } from "./room-feed.js";

export interface FeedEventsOptions {
  readonly users: Pick<Users, "clientsOf">;
  readonly contacts: Pick<OnlineContacts, "contactsChanged">;
  readonly roomLists: Pick<RoomListSubscriptions, "roomJoined" | "roomLeft" | "roomRemoved">;
  readonly deliveries: Pick<DeliveryReports, "mark">;
  readonly openings: Pick<Openings, "closed">;
  readonly metrics: GatewayMetrics;
  /** What the user was typing in this room is over. */
  onTypingEnd(feed: RoomFeed, userId: string): void;
}

export function createFeedEvents(options: FeedEventsOptions): Omit<FeedEvents, "onUnused"> {
  const { users, contacts, roomLists, deliveries, openings, metrics, onTypingEnd } = options;
  return {
    onSubscribed: (feed, client) => roomLists.roomJoined(client, feed.roomId),
    onUnsubscribed: (feed, client) => roomLists.roomLeft(client, feed.roomId),
    onMembership(feed) {
      // Only small rooms make contacts. In a room that has just grown by one too many they end.
      if (feed.members > smallRoomLimit + 1) return;
      for (const { userId } of feed.clients) contacts.contactsChanged(userId);
    },
    onDelivered(feed) {
      deliveries.mark(feed);
      metrics.entries++;
      metrics.entryFrames += feed.clients.size;
    },
    onRepaired(entries) {
      metrics.repaired += entries;
    },
    onSent: onTypingEnd,
    onLeft(feed, userId) {
      onTypingEnd(feed, userId);
      feed.unreported.delete(userId);
      contacts.contactsChanged(userId);
      roomLists.roomRemoved(userId, feed.roomId);
      for (const client of users.clientsOf(userId)) {
        if (!client.rooms.has(feed.roomId)) continue;
        void openings.closed(client, feed, false);
        feed.unsubscribe(client);
      }
    },
    /** One of the lost entries may have taken somebody out of the room: who comes back is refused, or told to resync. */
    onLost(feed) {
      metrics.resyncs += feed.clients.size;
      const { code, reason } = closeCodes.going_away;
      for (const client of feed.clients) client.socket.close(code, reason);
    },
  };
}
