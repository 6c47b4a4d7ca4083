// Who is online: this gateway's lease, its users' comings and goings, and telling those who share a room.
import type { Bus } from "@khui/bus";
import type { Presence, Status } from "@khui/presence";
import pTimeout from "p-timeout";
import { createPresenceNews, seenAs } from "./presence-news.js";
import type { Users } from "./users.js";

export interface PresenceTimes {
  /** How often the lease is renewed, and dead gateways' users looked for. */
  readonly renewMs: number;
  /** A gateway silent for this long is dead with all its users. */
  readonly leaseMs: number;
  /** A user who comes back within this time was never gone. */
  readonly graceMs: number;
}

/** A killed gateway's users are offline within lease + renew = 17 s, those of one that closes within grace + renew = 10 s. */
export const defaultPresenceTimes: PresenceTimes = { renewMs: 5_000, leaseMs: 12_000, graceMs: 5_000 };

export interface PresenceKeeper {
  arrived(userId: string): Promise<void>;
  /** The user's last socket here closed; it had these small rooms open. */
  departed(userId: string, openRooms: readonly string[]): void;
  /** Throws service_unavailable while the store does not answer. */
  setStatus(userId: string, status: Status): Promise<void>;
  /** Whether others see the user online; false when the store cannot say. */
  isSeen(userId: string): Promise<boolean>;
  start(): Promise<void>;
  /** Users stay online for the time of grace, for other gateways to take over or to tell that they went. */
  close(): Promise<void>;
}

/** Users whom the store is told of at once: as many as Redis takes in one step, so that none comes or goes between two. */
const groupSize = 250;
/** A gateway that closes waits at most so long for what is still to be told. */
const lastWordsMs = 2_000;

/** `boot` names this run of this gateway. Failures are reported and healed by the next renewal. */
export function createPresenceKeeper(options: {
  readonly presence: Presence;
  readonly bus: Bus;
  readonly users: Users;
  /** Small rooms that a user's sockets here have open. */
  readonly openRoomsOf: (userId: string) => readonly string[];
  readonly boot: string;
  readonly times: PresenceTimes;
  readonly onError: (error: unknown) => void;
}): PresenceKeeper {
  const { presence, bus, users, boot, times, onError } = options;
  const departing = new Map<string, NodeJS.Timeout>();
  /** The rooms that those who are leaving had open. */
  const lastRooms = new Map<string, readonly string[]>();
  const openRoomsOf = (userId: string) => lastRooms.get(userId) ?? options.openRoomsOf(userId);
  const news = createPresenceNews({ bus, presence, openRoomsOf, onError });
  /** Users whose coming or going could not be told to the store: done again at the next renewal, as it then is. */
  const unsettled = new Set<string>();
  /** The last renewal brought no answer: it may have begun a new lease, with no users. */
  let inDoubt = false;
  let timer: NodeJS.Timeout | undefined;
  let renewing: Promise<void> | undefined;
  let tending: Promise<void> | undefined;

  const isHere = (userId: string) => users.has(userId) || departing.has(userId);

  /** Brings the store in line with whether these users are here. Rejects when it does not answer. */
  async function settle(userIds: readonly string[]): Promise<void> {
    try {
      const here = userIds.filter(isHere).map((userId) => ({ userId }));
      if (here.length > 0) news.tell(await presence.connect(boot, here));
      const gone = userIds.filter((userId) => !isHere(userId));
      if (gone.length > 0) news.tell(await presence.disconnect(boot, gone));
    } catch (error) {
      for (const userId of userIds) unsettled.add(userId);
      news.doubt(userIds);
      throw error;
    }
  }

  /** Everything else waits for the lease, and the lease for nothing: without it all users here would be offline. */
  async function renew(): Promise<void> {
    try {
      const { known } = await presence.renew(boot, times.leaseMs);
      if (!known || inDoubt) for (const userId of [...users.ids(), ...departing.keys()]) unsettled.add(userId);
      inDoubt = false;
      tending ??= tend()
        .catch(onError)
        .finally(() => {
          tending = undefined;
        });
    } catch (error) {
      inDoubt = true;
      onError(error);
    }
  }

  async function tend(): Promise<void> {
    const due = [...unsettled];
    for (let start = 0; start < due.length; start += groupSize) {
      const group = due.slice(start, start + groupSize);
      for (const userId of group) unsettled.delete(userId);
      await settle(group);
    }
    news.tell(await presence.reap());
    news.retell();
  }

  return {
    async arrived(userId) {
      clearTimeout(departing.get(userId));
      departing.delete(userId);
      lastRooms.delete(userId);
      await settle([userId]).catch(onError);
    },
    departed(userId, openRooms) {
      clearTimeout(departing.get(userId));
      lastRooms.set(userId, openRooms);
      const leave = () => {
        departing.delete(userId);
        void settle([userId])
          .catch(onError)
          .then(news.told)
          .then(() => {
            // Unless they came and went again meanwhile.
            if (lastRooms.get(userId) === openRooms) lastRooms.delete(userId);
          });
      };
      departing.set(userId, setTimeout(leave, times.graceMs));
    },
    async setStatus(userId, status) {
      try {
        news.tell([await presence.setStatus(userId, status)]);
      } catch (error) {
        news.doubt([userId]);
        throw error;
      }
    },
    async isSeen(userId) {
      try {
        const [state] = await presence.lookup([userId]);
        return state !== undefined && seenAs(state.status) !== "offline";
      } catch (error) {
        onError(error);
        return false;
      }
    },
    async start() {
      await renew();
      timer = setInterval(() => {
        renewing = renew();
      }, times.renewMs);
    },
    async close() {
      clearInterval(timer);
      for (const wait of departing.values()) clearTimeout(wait);
      await renewing;
      await tending;
      // Not an end at once: those whose sockets closed last are still on their way to another gateway.
      await presence.renew(boot, times.graceMs).catch(onError);
      await pTimeout(news.told(), { milliseconds: lastWordsMs, message: false });
    },
  };
}
