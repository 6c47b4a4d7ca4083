// The live events of one user and their rooms within a time: what two gateways between which a client moves both received.
import { hash } from "node:crypto";
import type { EncodedEvent } from "@khui/socketio";
import type { Users } from "../connections/users.js";
import type { Feeds } from "../rooms/feeds.js";
import { isFor } from "../rooms/live-events.js";
import type { LiveFrame, RoomFeed } from "../rooms/room-feed.js";

export interface LiveWindow {
  /** Of a room, for the user, since the opening. */
  ofRoom(roomId: string): readonly LiveFrame[];
  /** For the user alone, since the opening. */
  ofUser(): readonly EncodedEvent[];
  /** Only the first call has an effect. */
  close(): void;
}

/** Resolves when nothing that is published later is missed. Throws service_unavailable when the bus does not confirm that. */
export async function openLiveWindow(
  { feeds, users }: { readonly feeds: Pick<Feeds, "acquire">; readonly users: Pick<Users, "record"> },
  userId: string,
  roomIds: readonly string[],
): Promise<LiveWindow> {
  const recording = users.record(userId);
  const acquired = await Promise.allSettled(roomIds.map((roomId) => feeds.acquire(roomId)));
  const leases = acquired.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const starts = new Map(leases.map(({ feed }) => [feed.roomId, { feed, offset: feed.liveReplay.end }]));
  const close = () => {
    recording.stop();
    for (const lease of leases) lease.release();
  };
  const failed = acquired.find((one) => one.status === "rejected");
  if (failed) {
    close();
    throw failed.reason;
  }
  return {
    ofRoom(roomId) {
      const start = starts.get(roomId);
      const frames = start?.feed.liveReplay.since(start.offset) ?? [];
      return frames.filter(({ header }) => isFor(userId, header));
    },
    ofUser: () => recording.events,
    close,
  };
}

/** Of an event: gateways that receive the same make the same of it. */
const digestOf = ({ event, body }: EncodedEvent): string => hash("sha1", `${event} ${body}`, "base64url").slice(0, 12);

/** The digests of events, in their order. */
export const digestsOf = (events: readonly EncodedEvent[]): string[] => events.map(digestOf);

/**
 * What of this window comes after the window of another gateway, which began earlier and ended with `sent`: both overlap as far as
 * the end of one is the beginning of the other. Where two publishers crossed on the bus they may not, and all of this window follows:
 * a state that is sent twice is harmless, one that is lost would last.
 */
function after<Item>(items: readonly Item[], eventOf: (item: Item) => EncodedEvent, sent: readonly string[]): Item[] {
  const own = digestsOf(items.map(eventOf));
  for (let overlap = Math.min(sent.length, own.length); overlap > 0; overlap -= 1) {
    if (sent.slice(-overlap).every((digest, n) => digest === own[n])) return items.slice(overlap);
  }
  return [...items];
}

/** The user's own events that they have not been sent. */
export const missedByUser = (window: LiveWindow, sent: readonly string[]): EncodedEvent[] =>
  after(window.ofUser(), (event) => event, sent);

const typingEvents: ReadonlySet<string> = new Set(["user_typing", "user_stop_typing"]);

/** What the user has not been sent of a room, except who is typing. */
export const missedInRoom = (window: LiveWindow, { roomId }: RoomFeed, sent: readonly string[]): LiveFrame[] =>
  after(window.ofRoom(roomId), ({ frame }) => frame, sent).filter(({ frame }) => !typingEvents.has(frame.event));
