// Live events of a room (typing, presence, read marks), which have no number: sent to its clients once, without any guarantee.
import type { LiveHeader } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import type { Client } from "../connections/client.js";
import type { Users } from "../connections/users.js";
import type { GatewayMetrics } from "../metrics.js";
import type { OnlineContacts } from "../presence/online-contacts.js";
import type { Deduplicator } from "./deduplicator.js";
import { type LiveOrder, presenceEvents } from "./live-order.js";
import type { RoomFeed } from "./room-feed.js";
import type { Typing } from "./typing.js";

export interface LiveEventsOptions {
  readonly typing: Pick<Typing, "receive">;
  readonly contacts: Pick<OnlineContacts, "statusChanged">;
  readonly deduplicator: Pick<Deduplicator, "isFirst">;
  readonly users: Pick<Users, "clientsOf" | "listens">;
  readonly order: LiveOrder;
  readonly metrics: Pick<GatewayMetrics, "live">;
  /** A user, who may have clients here, has been announced in this room. */
  onPresence(feed: RoomFeed, userId: string, isOnline: boolean): void;
}

/** Whether this user's clients in the room are sent the event. */
export const isFor = (userId: string, { except, only }: LiveHeader): boolean =>
  userId !== except && (only === undefined || userId === only);

/** Sends an event of a room, whose whole JSON is `body`, to the feed's clients. */
export type LiveDelivery = (feed: RoomFeed, header: LiveHeader, body: string) => void;

export function createLiveDelivery({
  typing,
  contacts,
  deduplicator,
  users,
  order,
  metrics,
  onPresence,
}: LiveEventsOptions): LiveDelivery {
  /** Not all of a large room is searched for one user's clients. */
  function recipients(feed: RoomFeed, { only }: LiveHeader): Iterable<Client> {
    return only === undefined ? feed.clients : users.clientsOf(only).filter((client) => feed.clients.has(client));
  }

  return (feed, header, published) => {
    if (header.only !== undefined && !users.listens(header.only)) return;
    const body = order.accept(feed.roomId, header, published);
    if (body === undefined) return;
    if (!typing.receive(feed, header, Date.now())) return;
    metrics.live++;
    const frame = encodeEvent(header.event, body);
    const isPresence = presenceEvents.has(header.event);
    if (isPresence && header.except !== undefined) onPresence(feed, header.except, header.event !== "user_offline");
    feed.bufferLive(header, frame);
    for (const client of recipients(feed, header)) {
      if (!isFor(client.userId, header)) continue;
      if (header.once !== undefined && !deduplicator.isFirst(header.once, client)) continue;
      if (isPresence) contacts.statusChanged(client.userId);
      client.socket.send(frame);
    }
  };
}
