// Live events of a room (typing, presence, read marks), which have no number: sent to its clients once, without any guarantee.
import type { LiveHeader } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import type { GatewayMetrics } from "../metrics.js";
import type { OnlineContacts } from "../presence/online-contacts.js";
import type { Deduplicator } from "./deduplicator.js";
import type { RoomFeed } from "./room-feed.js";
import type { Typing } from "./typing.js";

export interface LiveEventsOptions {
  readonly typing: Pick<Typing, "receive">;
  readonly contacts: Pick<OnlineContacts, "statusChanged">;
  readonly deduplicator: Pick<Deduplicator, "isFirst">;
  readonly metrics: Pick<GatewayMetrics, "live">;
}

/** Events that say whether somebody is online. */
const presenceEvents: ReadonlySet<string> = new Set(["user_online", "user_offline", "user_status_updated"]);

/** Sends an event of a room, whose whole JSON is `body`, to the feed's clients. */
export type LiveDelivery = (feed: RoomFeed, header: LiveHeader, body: string) => void;

export function createLiveDelivery({ typing, contacts, deduplicator, metrics }: LiveEventsOptions): LiveDelivery {
  return (feed, header, body) => {
    if (!typing.receive(feed, header, Date.now())) return;
    metrics.live++;
    const frame = encodeEvent(header.event, body);
    const isPresence = presenceEvents.has(header.event);
    feed.bufferLive(header.except, frame);
    for (const client of feed.clients) {
      if (header.except !== undefined && client.identity?.userId === header.except) continue;
      if (header.once !== undefined && !deduplicator.isFirst(header.once, client)) continue;
      if (isPresence) contacts.statusChanged(client.userId);
      client.socket.send(frame);
    }
  };
}
