// Reports to the presence store who is connected to this gateway, and renews the lease on those reports.
import type { Bus } from "@khui/bus";
import type { Presence, Status } from "@khui/presence";
import { type Periodic, startPeriodic } from "@khui/service/process";
import DataLoader from "dataloader";
import pTimeout from "p-timeout";
import type { Users } from "../connections/users.js";
import { createPresenceAnnouncements } from "./announcements.js";
import { createChosenStatuses } from "./chosen-statuses.js";

export interface PresenceTimes {
  /** How often the lease is renewed, and users of dead gateways are looked for. */
  readonly renewMs: number;
  /** A gateway silent for this long is dead with all its users. */
  readonly leaseMs: number;
  /** A user who reconnects within this time was never offline. */
  readonly graceMs: number;
}

/** A killed gateway's users are offline within lease + renew = 25 s, those of one that closes within grace + renew = 10 s. */
export const defaultPresenceTimes: PresenceTimes = { renewMs: 5_000, leaseMs: 20_000, graceMs: 5_000 };

export interface PresenceTracker {
  /** The user's first client is here. */
  userConnected(userId: string): Promise<void>;
  /** The user's last client here closed; it had these small rooms open. */
  userDisconnected(userId: string, openRooms: readonly string[]): void;
  /** Throws service_unavailable while the store does not answer. */
  setStatus(userId: string, status: Status): Promise<void>;
  /** A user has been announced as offline, by any gateway. */
  wentOffline(userId: string): void;
  start(): Promise<void>;
  /** Users stay online for the grace period: another gateway takes them over, or announces that they are offline. */
  close(): Promise<void>;
}

export interface PresenceTrackerOptions {
  readonly presence: Presence;
  readonly bus: Bus;
  readonly users: Pick<Users, "has" | "ids">;
  /** Small rooms that a user's clients here have open. */
  readonly openRoomsOf: (userId: string) => readonly string[];
  /** Names this run of this gateway. */
  readonly instanceId: string;
  readonly times: PresenceTimes;
  /** Failures of the store: the next renewal makes up for them. */
  readonly onError: (error: unknown) => void;
}

/** Users synchronised at once: as many as Redis takes in one step, so that none connects or disconnects between two. */
const batchSize = 250;
/** A gateway that closes waits this long at most for announcements. */
const closeTimeoutMs = 2_000;

export function createPresenceTracker(options: PresenceTrackerOptions): PresenceTracker {
  const { presence, bus, users, instanceId, times, onError } = options;
  /** Users in their grace period, who are not reported as gone yet. */
  const graceTimers = new Map<string, NodeJS.Timeout>();
  /** The rooms that users had open when they disconnected, until that is announced. */
  const lastRooms = new Map<string, readonly string[]>();
  const openRoomsOf = (userId: string) => lastRooms.get(userId) ?? options.openRoomsOf(userId);
  const announcements = createPresenceAnnouncements({ bus, presence, openRoomsOf, onError });
  const statuses = createChosenStatuses(bus, onError);
  /** Users who have chosen a status that the store has not confirmed. */
  const outdated = new Set<string>();
  /** Users about whom the store may be wrong: synchronised at the next renewal. */
  const outOfSync = new Set<string>();
  /** The last renewal was not answered: it may have begun a new lease, with no users. */
  let leaseUncertain = false;
  let renewing: Periodic | undefined;
  let reconciliation: Promise<void> | undefined;

  /** Users who have come or gone in one turn of the event loop are reported together. */
  const reports = new DataLoader(report, {
    cache: false,
    maxBatchSize: batchSize,
    batchScheduleFn: setImmediate,
  });

  const isHere = (userId: string) => users.has(userId) || graceTimers.has(userId);

  /** Brings the store in line with whether these users are here. Rejects when it does not answer. */
  async function synchronise(userIds: readonly string[]): Promise<void> {
    try {
      const here = userIds.filter(isHere).map((userId) => ({ userId }));
      if (here.length > 0) await connect(here);
      const gone = userIds.filter((userId) => !isHere(userId));
      if (gone.length > 0) {
        announcements.announce(await presence.disconnect(instanceId, gone));
        announcements.forget(gone);
      }
    } catch (error) {
      for (const userId of userIds) outOfSync.add(userId);
      announcements.markUncertain(userIds);
      throw error;
    }
  }

  /** Whose status the store does not know is invisible until rooms-api has said what they chose. */
  async function connect(here: Array<{ userId: string }>): Promise<void> {
    const connected = await presence.connect(instanceId, here);
    announcements.announce(connected);
    const unknown = connected.flatMap(({ userId, known }) => (known ? [] : userId));
    if (unknown.length === 0) return;
    try {
      const choices = await statuses.of(unknown);
      const known = unknown
        .map((userId, n) => ({ userId, choice: choices[n]! }))
        .filter(({ userId }) => isHere(userId));
      announcements.announce(await presence.connect(instanceId, known));
    } catch (error) {
      for (const userId of unknown) outOfSync.add(userId);
      announcements.markUncertain(unknown);
      onError(error);
    }
  }

  /** Stores and applies what users chose when rooms-api or the store did not answer. */
  async function applyChoices(): Promise<void> {
    await statuses.save();
    const userIds = [...outdated].slice(0, batchSize);
    if (userIds.length === 0) return;
    const choices = await statuses.of(userIds);
    for (const [n, userId] of userIds.entries()) {
      announcements.announce([await presence.setStatus(userId, choices[n]!)]);
      outdated.delete(userId);
      if (!isHere(userId)) announcements.forget([userId]);
    }
  }

  async function report(userIds: readonly string[]): Promise<undefined[]> {
    await synchronise(userIds).catch(onError);
    return userIds.map(() => undefined);
  }

  /** Never waits for anything but the lease: without it all users here would be offline. */
  async function renew(): Promise<void> {
    try {
      const { known } = await presence.renew(instanceId, times.leaseMs);
      if (!known || leaseUncertain) for (const userId of [...users.ids(), ...graceTimers.keys()]) outOfSync.add(userId);
      leaseUncertain = false;
      reconciliation ??= reconcile()
        .catch(onError)
        .finally(() => {
          reconciliation = undefined;
        });
    } catch (error) {
      leaseUncertain = true;
      onError(error);
    }
  }

  /** What follows a renewal: users out of sync, users of dead gateways, and announcements that failed. */
  async function reconcile(): Promise<void> {
    const due = [...outOfSync];
    for (let start = 0; start < due.length; start += batchSize) {
      const batch = due.slice(start, start + batchSize);
      for (const userId of batch) outOfSync.delete(userId);
      await synchronise(batch);
    }
    announcements.announce(await presence.reap());
    announcements.retry();
    await applyChoices();
  }

  async function endGracePeriod(userId: string, openRooms: readonly string[]): Promise<void> {
    graceTimers.delete(userId);
    await reports.load(userId);
    await announcements.drained();
    // Unless they have reconnected and disconnected again since.
    if (lastRooms.get(userId) === openRooms) lastRooms.delete(userId);
  }

  return {
    async userConnected(userId) {
      clearTimeout(graceTimers.get(userId));
      graceTimers.delete(userId);
      lastRooms.delete(userId);
      await reports.load(userId);
    },
    userDisconnected(userId, openRooms) {
      clearTimeout(graceTimers.get(userId));
      lastRooms.set(userId, openRooms);
      graceTimers.set(
        userId,
        setTimeout(() => void endGracePeriod(userId, openRooms), times.graceMs),
      );
    },
    async setStatus(userId, status) {
      const choice = await statuses.choose(userId, status);
      try {
        announcements.announce([await presence.setStatus(userId, choice)]);
      } catch (error) {
        outdated.add(userId);
        announcements.markUncertain([userId]);
        throw error;
      }
    },
    wentOffline: (userId) => announcements.forget([userId]),
    async start() {
      await renew();
      renewing = startPeriodic(renew, { intervalMs: times.renewMs, onError });
    },
    async close() {
      for (const graceTimer of graceTimers.values()) clearTimeout(graceTimer);
      await renewing?.stop();
      await reconciliation;
      // The lease is not ended at once: users whose clients closed last are still on their way to another gateway.
      await presence.renew(instanceId, times.graceMs).catch(onError);
      announcements.flush();
      await pTimeout(announcements.drained(), { milliseconds: closeTimeoutMs, message: false });
    },
  };
}
