// Who is online: this gateway's lease, its users' comings and goings, and telling those who share a room.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import type { Presence, Status } from "@khui/presence";
import { createPresenceNews, type SeenStatus, seenAs } from "./presence-news.js";
import type { Users } from "./users.js";

export interface PresenceTimes {
  /** How often the lease is renewed, and dead gateways' users looked for. */
  readonly renewMs: number;
  /** A gateway silent for this long is dead with all its users. */
  readonly leaseMs: number;
  /** A user who comes back within this time was never gone. */
  readonly graceMs: number;
}

/** A killed gateway's users are offline for all within lease + renew = 17 s. */
export const defaultPresenceTimes: PresenceTimes = { renewMs: 5_000, leaseMs: 12_000, graceMs: 5_000 };

export interface OnlineUser {
  readonly userId: string;
  readonly status: SeenStatus;
  readonly lastSeen: string | null;
}

export interface PresenceKeeper {
  arrived(userId: string): Promise<void>;
  /** The user's last socket here closed; it had these small rooms open. */
  departed(userId: string, openRooms: readonly string[]): void;
  /** Throws service_unavailable while the store does not answer, as onlineContacts does. */
  setStatus(userId: string, status: Status): Promise<void>;
  /** Whether others see the user online; false when the store cannot say. */
  isSeen(userId: string): Promise<boolean>;
  /** People who share a room with the user and are seen online. */
  onlineContacts(userId: string): Promise<OnlineUser[]>;
  start(): Promise<void>;
  close(): Promise<void>;
}

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
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;

  /** Brings the store in line with whether these users have sockets here. */
  async function settle(userIds: readonly string[]): Promise<void> {
    const here = userIds.filter((userId) => users.has(userId)).map((userId) => ({ userId }));
    const gone = userIds.filter((userId) => !users.has(userId) && !departing.has(userId));
    try {
      if (here.length > 0) await news.tell(await presence.connect(boot, here));
      if (gone.length > 0) await news.tell(await presence.disconnect(boot, gone));
    } catch (error) {
      for (const userId of userIds) unsettled.add(userId);
      onError(error);
    }
  }

  async function beat(): Promise<void> {
    try {
      const { known } = await presence.renew(boot, times.leaseMs);
      const due = known ? [...unsettled] : [...new Set([...unsettled, ...users.ids()])];
      unsettled.clear();
      if (due.length > 0) await settle(due);
      await news.tell(await presence.reap());
      await news.retell();
    } catch (error) {
      onError(error);
    }
  }

  return {
    async arrived(userId) {
      clearTimeout(departing.get(userId));
      departing.delete(userId);
      lastRooms.delete(userId);
      await settle([userId]);
    },
    departed(userId, openRooms) {
      clearTimeout(departing.get(userId));
      lastRooms.set(userId, openRooms);
      const leave = () => {
        departing.delete(userId);
        void settle([userId]).then(() => {
          // Unless they came and went again meanwhile.
          if (!departing.has(userId)) lastRooms.delete(userId);
        });
      };
      departing.set(userId, setTimeout(leave, times.graceMs));
    },
    async setStatus(userId, status) {
      await news.tell([await answered(presence.setStatus(userId, status))]);
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
    async onlineContacts(userId) {
      const { userIds } = await call(bus, messagesRpc.contacts, { userId });
      const states = await answered(presence.lookup(userIds));
      return states
        .map(({ status, ...state }) => ({ userId: state.userId, status: seenAs(status), lastSeen: state.lastSeen }))
        .filter(({ status }) => status !== "offline");
    },
    async start() {
      await beat();
      timer = setInterval(() => {
        beating ??= beat().finally(() => {
          beating = undefined;
        });
      }, times.renewMs);
    },
    async close() {
      clearInterval(timer);
      for (const wait of departing.values()) clearTimeout(wait);
      await beating;
      try {
        await news.tell(await presence.leave(boot));
      } catch (error) {
        onError(error);
      }
    },
  };
}

/** The store rejects only when it does not answer: ids and statuses were checked before. */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw Object.assign(new ChatError("service_unavailable", { retryAfter: 1 }), { cause });
  }
}
