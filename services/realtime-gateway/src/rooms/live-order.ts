// Which live states are newer than what clients here have been told: replicas publish what they know in any order.
import type { LiveHeader, LiveStates } from "@khui/contracts";
import { LRUCache } from "lru-cache";

export interface LiveOrder {
  /**
   * What of an event of a room is to be told, whose whole JSON is `body`: nothing (undefined) where all of its states are older than
   * what has been told before, and a list without those that are. Takes note of the rest. One as new as the last is told: what is
   * published in several rooms, or for a reader's own devices besides, is the same state.
   */
  accept(roomId: string, header: LiveHeader, body: string): string | undefined;
}

/** The kind of state that an event tells, of which a person has one in each room. */
const kinds: Readonly<Record<string, string>> = {
  message_read: "read",
  message_delivered: "delivered",
  user_typing: "typing",
  user_stop_typing: "typing",
  user_joined_chat: "open",
  user_left_chat: "open",
};
/** Events that say whether somebody is online, which is the same in all rooms. */
export const presenceEvents: ReadonlySet<string> = new Set(["user_online", "user_offline", "user_status_updated"]);

/** Of all rooms together. What was told longest ago is forgotten first: something older than that is told, as without any order. */
const defaultMaxBytes = 8 * 1024 * 1024;
/** Beside the two bytes of each character of a key. */
const overheadBytes = 150;

interface Known {
  readonly epoch: string | undefined;
  readonly at: number;
}

export function createLiveOrder(maxBytes = defaultMaxBytes): LiveOrder {
  const told = new LRUCache<string, Known>({
    maxSize: maxBytes,
    sizeCalculation: (_, key) => 2 * key.length + overheadBytes,
  });

  function isBehind(key: string, at: number, epoch: string | undefined): boolean {
    const last = told.get(key);
    if (last && last.epoch === epoch && last.at > at) return true;
    told.set(key, { epoch, at });
    return false;
  }

  return {
    accept(roomId, { event, states }, body) {
      const kind = presenceEvents.has(event) ? "presence" : kinds[event] && `${kinds[event]} ${roomId}`;
      if (!states || kind === undefined) return body;
      const isNews = states.of.map(([userId, at]) => !isBehind(`${kind} ${userId}`, at, states.epoch));
      if (isNews.every(Boolean)) return body;
      if (!states.list || !isNews.some(Boolean)) return undefined;
      return withoutOld(roomId, states.list, isNews, body);
    },
  };
}

/** The event with the rest of its list, of which the last is the event's own: put together from its text, which is not parsed. */
function withoutOld(
  roomId: string,
  { name, lengths }: NonNullable<LiveStates["list"]>,
  isNews: readonly boolean[],
  body: string,
): string {
  const kept: string[] = [];
  // Behind the last are the ends of the list and of the event, and between two is a comma.
  let end = body.length - 2;
  for (let n = lengths.length - 1; n >= 0; n--) {
    const start = end - (lengths[n] ?? 0);
    if (isNews[n]) kept.unshift(body.slice(start, end));
    end = start - 1;
  }
  const own = kept.at(-1)?.slice(1, -1);
  return `{"chatRoomId":"${roomId}",${own},"${name}":[${kept.join(",")}]}`;
}
