// Presence announcements: publishes a user's presence in the rooms they share with others, once a second at most, and again later
// where that failed.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, subjects } from "@khui/contracts";
import type { Presence, PresenceState, Transition } from "@khui/presence";
import { createPacer } from "@khui/service";
import { createAudiences } from "./audiences.js";
import { visibleStatus } from "./visible-status.js";

export interface PresenceAnnouncements {
  /**
   * Publishes users whose visible status changed in their small rooms. It queues them: a few users at a time, each in the order
   * of their changes, with the status they have by then. While messages-api cannot say which rooms these are, only the rooms
   * that their clients here have open are used, and the user is left for `retry`. Who was announced within the last second
   * waits for its end.
   */
  announce(transitions: readonly Transition[]): void;
  /** These users may have changed, but the store did not say: they are left for `retry`. */
  markUncertain(userIds: Iterable<string>): void;
  /** Announces, with their present status, users of whom not all rooms have been informed. */
  retry(): void;
  /** Resolves when the queue is empty. */
  drained(): Promise<void>;
  /** Queues those who wait for the end of their second. */
  flush(): void;
}

export interface PresenceAnnouncementsOptions {
  readonly bus: Bus;
  readonly presence: Pick<Presence, "lookup">;
  /** Small rooms that a user's clients here have open, or had when the last one closed. */
  readonly openRoomsOf: (userId: string) => readonly string[];
  readonly onError: (error: unknown) => void;
  readonly intervalMs?: number;
}

/** Between two announcements of one user. */
const defaultIntervalMs = 1_000;
/** Users announced at once: when a gateway dies or Redis comes back empty, thousands change. */
const batchSize = 16;
/** A batch takes as long as its slowest request. */
const audienceTimeoutMs = 2_000;
/** No request is made for this long after one that failed: otherwise each batch would wait for its timeout. */
const audienceCooldownMs = 1_000;

export function createPresenceAnnouncements({
  bus,
  presence,
  openRoomsOf,
  onError,
  intervalMs = defaultIntervalMs,
}: PresenceAnnouncementsOptions): PresenceAnnouncements {
  /** Users to announce, the first to change first, and whether only their status changed while they were online. */
  const queue = new Map<string, boolean>();
  /** Users for `retry`. */
  const incomplete = new Set<string>();
  /** Users announced within an interval, and what they wait for: as in the queue, if they have changed since. */
  const pacer = createPacer<{ waiting?: boolean }>({
    intervalMs,
    onEnd(userId, recent) {
      if (recent.waiting === undefined) return false;
      enqueue(userId, recent.waiting);
      delete recent.waiting;
      start();
      return true;
    },
  });
  const audiences = createAudiences(bus, audienceTimeoutMs);
  let audienceAvailableAt = 0;
  let draining: Promise<void> | undefined;

  async function audienceOf(userId: string): Promise<readonly string[]> {
    if (Date.now() >= audienceAvailableAt) {
      try {
        return await audiences.of(userId);
      } catch (error) {
        audienceAvailableAt = Date.now() + audienceCooldownMs;
        onError(error);
      }
    }
    incomplete.add(userId);
    return openRoomsOf(userId);
  }

  function publish(user: PresenceState, roomIds: readonly string[], statusOnly: boolean): void {
    const { userId, lastSeen } = user;
    const status = visibleStatus(user.status);
    const event = status === "offline" ? "user_offline" : statusOnly ? "user_status_updated" : "user_online";
    const payload = status === "offline" ? { userId, lastSeen } : { userId, status };
    const header: LiveHeader = { event, except: userId, once: crypto.randomUUID() };
    const data = encodeWire(header, JSON.stringify(payload));
    for (const roomId of roomIds) bus.publish(subjects.roomLive(roomId), data);
  }

  /** The store is asked last: users may have changed since they were queued, and another gateway may have announced that. */
  async function announceBatch(batch: ReadonlyMap<string, boolean>): Promise<void> {
    const userIds = [...batch.keys()];
    const audiences = await Promise.all(userIds.map(audienceOf));
    const states = await presence.lookup(userIds);
    for (const [n, state] of states.entries()) publish(state, audiences[n]!, batch.get(state.userId)!);
  }

  function takeBatch(): Map<string, boolean> {
    const batch = new Map<string, boolean>();
    for (const [userId, statusOnly] of queue) {
      if (batch.size === batchSize) break;
      batch.set(userId, statusOnly);
      queue.delete(userId);
    }
    return batch;
  }

  async function drain(): Promise<void> {
    while (queue.size > 0) {
      const batch = takeBatch();
      try {
        await announceBatch(batch);
      } catch (error) {
        // The store cannot answer for the rest of the queue either.
        for (const userId of [...batch.keys(), ...queue.keys()]) incomplete.add(userId);
        queue.clear();
        onError(error);
      }
    }
    draining = undefined;
  }

  const enqueue = (userId: string, statusOnly: boolean) => queue.set(userId, statusOnly && queue.get(userId) !== false);

  function start(): void {
    if (queue.size > 0) draining ??= drain();
  }

  return {
    announce(transitions) {
      for (const { userId, ...transition } of transitions) {
        const [before, after] = [visibleStatus(transition.before), visibleStatus(transition.after)];
        if (before === after) continue;
        const statusOnly = before !== "offline" && after !== "offline";
        const recent = pacer.find(userId);
        if (recent && !queue.has(userId)) recent.waiting = statusOnly && recent.waiting !== false;
        else {
          if (!recent) pacer.begin(userId, {});
          enqueue(userId, statusOnly);
        }
      }
      start();
    },
    markUncertain(userIds) {
      for (const userId of userIds) incomplete.add(userId);
    },
    retry() {
      for (const userId of incomplete) queue.set(userId, false);
      incomplete.clear();
      start();
    },
    drained: async () => draining,
    flush: pacer.endAll,
  };
}
