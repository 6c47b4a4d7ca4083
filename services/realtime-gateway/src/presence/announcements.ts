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
  /**
   * Announces, with their present status, users of whom not all rooms have been informed. Who looks offline, and did so before, is
   * not: it would tell that something has happened to them.
   */
  retry(): void;
  /** These users are not here any more, or another gateway has announced them as offline. */
  forget(userIds: Iterable<string>): void;
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

/** What has changed of a user since they were last announced. */
interface Change {
  /** While they were online. */
  readonly statusOnly: boolean;
  /** Whether they looked online to others at any time since. */
  readonly wasVisible: boolean;
}

const merged = (before: Change | undefined, after: Change): Change => ({
  statusOnly: after.statusOnly && before?.statusOnly !== false,
  wasVisible: after.wasVisible || before?.wasVisible === true,
});

/** Between two announcements of one user. */
const defaultIntervalMs = 1_000;
/** Users announced at once, with one question for their rooms: when a gateway dies or Redis comes back empty, thousands change. */
const batchSize = 50;
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
  /** Users to announce, the first to change first. */
  const queue = new Map<string, Change>();
  /** Users for `retry`, and whether others may see them as online. */
  const incomplete = new Map<string, boolean>();
  /** Users here who looked online when the store last said. */
  const visible = new Set<string>();
  /** Users announced within an interval, and what they wait for: as in the queue, if they have changed since. */
  const pacer = createPacer<{ waiting?: Change }>({
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

  /** Undefined while messages-api cannot say. */
  async function audienceOf(userId: string): Promise<readonly string[] | undefined> {
    if (Date.now() < audienceAvailableAt) return undefined;
    try {
      return await audiences.of(userId);
    } catch (error) {
      audienceAvailableAt = Date.now() + audienceCooldownMs;
      onError(error);
      return undefined;
    }
  }

  function publish(user: PresenceState, roomIds: readonly string[], { statusOnly, wasVisible }: Change): void {
    const { userId, lastSeen, moment } = user;
    const status = visibleStatus(user.status);
    if (status === "offline") visible.delete(userId);
    if (status === "offline" && !wasVisible) return;
    const event = status === "offline" ? "user_offline" : statusOnly ? "user_status_updated" : "user_online";
    const payload = status === "offline" ? { userId, lastSeen } : { userId, status };
    const states = { epoch: moment.epoch, of: [[userId, moment.at]] } as const;
    const header: LiveHeader = { event, except: userId, once: crypto.randomUUID(), states };
    const data = encodeWire(header, JSON.stringify(payload));
    for (const roomId of roomIds) bus.publish(subjects.roomLive(roomId), data);
  }

  /** The store is asked last: users may have changed since they were queued, and another gateway may have announced that. */
  async function announceBatch(batch: ReadonlyMap<string, Change>): Promise<void> {
    const userIds = [...batch.keys()];
    const audiences = await Promise.all(userIds.map(audienceOf));
    const states = await presence.lookup(userIds);
    for (const [n, state] of states.entries()) {
      const { userId, status } = state;
      const change = batch.get(userId)!;
      publish(state, audiences[n] ?? openRoomsOf(userId), change);
      if (!audiences[n]) leave(userId, change.wasVisible || visibleStatus(status) !== "offline");
    }
  }

  function takeBatch(): Map<string, Change> {
    const batch = new Map<string, Change>();
    for (const [userId, change] of queue) {
      if (batch.size === batchSize) break;
      batch.set(userId, change);
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
        for (const [userId, { wasVisible }] of [...batch, ...queue]) leave(userId, wasVisible);
        queue.clear();
        onError(error);
      }
    }
    draining = undefined;
  }

  const enqueue = (userId: string, change: Change) => queue.set(userId, merged(queue.get(userId), change));
  const leave = (userId: string, wasVisible: boolean) =>
    incomplete.set(userId, wasVisible || incomplete.get(userId) === true);

  function start(): void {
    if (queue.size > 0) draining ??= drain();
  }

  return {
    announce(transitions) {
      for (const { userId, ...transition } of transitions) {
        const [before, after] = [visibleStatus(transition.before), visibleStatus(transition.after)];
        if (after === "offline") visible.delete(userId);
        else visible.add(userId);
        if (before === after) continue;
        const [wasVisible, isVisible] = [before !== "offline", after !== "offline"];
        // What was left for `retry` is told with it.
        const left = incomplete.get(userId);
        incomplete.delete(userId);
        const change = {
          statusOnly: wasVisible && isVisible && left === undefined,
          wasVisible: wasVisible || left === true,
        };
        const recent = pacer.find(userId);
        if (recent && !queue.has(userId)) recent.waiting = merged(recent.waiting, change);
        else {
          if (!recent) pacer.begin(userId, {});
          enqueue(userId, change);
        }
      }
      start();
    },
    markUncertain(userIds) {
      for (const userId of userIds) leave(userId, visible.has(userId));
    },
    retry() {
      for (const [userId, wasVisible] of incomplete) enqueue(userId, { statusOnly: false, wasVisible });
      incomplete.clear();
      start();
    },
    forget(userIds) {
      for (const userId of userIds) visible.delete(userId);
    },
    drained: async () => draining,
    flush: pacer.endAll,
  };
}
