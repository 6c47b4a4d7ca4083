// Presence in this process, for one process that holds every gateway.
import { setImmediate } from "node:timers/promises";
import { checkDuration, checkIds, checkStatus, rememberedMs } from "./arguments.js";
import { type Presence, type PresenceState, PresenceUnavailable, type Status, type Transition } from "./index.js";

/** An instance's time between two losses of its lease; see scripts.ts, whose steps this file follows. */
interface Life {
  instanceId: string;
  leasedUntil: number;
  held: Set<string>;
}

interface User {
  status: Status;
  seen: number;
  lives: Set<Life>;
}

/**
 * Presence kept in memory; all gateways of the process share one instance. Answers later, as a network would.
 * @param now the clock, in ms since 1970
 */
export function createLocalPresence({ now = Date.now }: { now?: () => number } = {}): Presence {
  const instances = new Map<string, Life>();
  const lives = new Set<Life>();
  const users = new Map<string, User>();
  // When each offline user is forgotten, in that order: those who leave are put last.
  const forgetAt = new Map<string, number>();
  const rooms = new Map<string, Map<string, number>>();
  let closed = false;

  const later = async <T>(step: () => T): Promise<T> => {
    await setImmediate();
    if (closed) throw new PresenceUnavailable("presence is closed");
    for (const [userId, at] of forgetAt) {
      if (at > now()) break;
      users.delete(userId);
      forgetAt.delete(userId);
    }
    return step();
  };

  const leasedUntil = (user: User) => Math.max(0, ...[...user.lives].map((life) => life.leasedUntil));
  const isLive = (user: User) => leasedUntil(user) > now();
  const current = (user: User) => (isLive(user) ? user.status : "offline");
  // A user whose lives are all dead counts as online here until a call has reported the change.
  const reported = (user: User) => (user.lives.size > 0 ? user.status : "offline");

  const remember = (userId: string) => {
    forgetAt.delete(userId);
    forgetAt.set(userId, now() + rememberedMs);
  };
  const depart = (userId: string, user: User, seen: number) => {
    user.lives.clear();
    user.seen = seen;
    remember(userId);
  };
  const known = (userId: string): User => {
    const user = users.get(userId) ?? { status: "online", seen: 0, lives: new Set() };
    users.set(userId, user);
    return user;
  };

  const connectOne = (life: Life | undefined, userId: string, status: Status | undefined): Transition => {
    const user = known(userId);
    // Not reported(): whoever looked since the lease ran out saw the user offline, and must be told.
    const before = current(user);
    user.status = status ?? user.status;
    if (life && life.leasedUntil > now()) {
      user.lives.add(life);
      life.held.add(userId);
      forgetAt.delete(userId);
    } else if (user.lives.size === 0) {
      remember(userId);
    }
    return { userId, before, after: current(user) };
  };

  const disconnectOne = (life: Life | undefined, userId: string): Transition => {
    const user = users.get(userId);
    if (!user) return { userId, before: "offline", after: "offline" };
    const before = reported(user);
    if (life) user.lives.delete(life);
    life?.held.delete(userId);
    if (before !== "offline" && !isLive(user)) depart(userId, user, now());
    return { userId, before, after: current(user) };
  };

  const end = (life: Life): Transition[] => {
    const transitions: Transition[] = [];
    for (const userId of life.held) {
      const user = users.get(userId);
      if (!user?.lives.has(life) || isLive(user)) {
        user?.lives.delete(life);
        continue;
      }
      depart(userId, user, leasedUntil(user));
      transitions.push({ userId, before: user.status, after: "offline" });
    }
    lives.delete(life);
    if (instances.get(life.instanceId) === life) instances.delete(life.instanceId);
    return transitions;
  };

  const typingIn = (roomId: string): Map<string, number> => {
    const room = rooms.get(roomId) ?? new Map<string, number>();
    for (const [userId, until] of room) if (until <= now()) room.delete(userId);
    if (room.size === 0) rooms.delete(roomId);
    return room;
  };

  return {
    async renew(instanceId, leaseMs) {
      checkIds("instance", [instanceId]);
      checkDuration(leaseMs);
      return later(() => {
        const life = instances.get(instanceId);
        if (life && life.leasedUntil > now()) {
          life.leasedUntil = now() + leaseMs;
          return { known: true };
        }
        const next: Life = { instanceId, leasedUntil: now() + leaseMs, held: new Set() };
        instances.set(instanceId, next);
        lives.add(next);
        return { known: false };
      });
    },

    async connect(instanceId, given) {
      checkIds("instance", [instanceId]);
      for (const { userId, status } of given) {
        checkIds("user", [userId]);
        if (status !== undefined) checkStatus(status);
      }
      const copy = given.map(({ userId, status }) => ({ userId, status }));
      return later(() => copy.map(({ userId, status }) => connectOne(instances.get(instanceId), userId, status)));
    },

    async disconnect(instanceId, userIds) {
      checkIds("instance", [instanceId]);
      checkIds("user", userIds);
      const copy = [...userIds];
      return later(() => copy.map((userId) => disconnectOne(instances.get(instanceId), userId)));
    },

    async setStatus(userId, status) {
      checkIds("user", [userId]);
      checkStatus(status);
      return later(() => {
        const user = known(userId);
        const before = reported(user);
        user.status = status;
        if (!isLive(user)) {
          if (user.lives.size > 0) depart(userId, user, leasedUntil(user));
          else remember(userId);
        }
        return { userId, before, after: current(user) };
      });
    },

    async lookup(userIds) {
      checkIds("user", userIds);
      const copy = [...userIds];
      return later(() =>
        copy.map((userId): PresenceState => {
          const user = users.get(userId);
          if (!user) return { userId, status: "offline", lastSeen: null };
          const seen = isLive(user) ? now() : Math.max(user.seen, leasedUntil(user));
          return { userId, status: current(user), lastSeen: seen > 0 ? new Date(seen).toISOString() : null };
        }),
      );
    },

    async reap() {
      return later(() => {
        for (const roomId of [...rooms.keys()]) typingIn(roomId);
        return [...lives].filter((life) => life.leasedUntil <= now()).flatMap(end);
      });
    },

    async startTyping(roomId, userId, ttlMs) {
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      checkDuration(ttlMs);
      return later(() => {
        const room = typingIn(roomId);
        const fresh = !room.has(userId);
        room.set(userId, now() + ttlMs);
        rooms.set(roomId, room);
        return { fresh };
      });
    },

    async stopTyping(roomId, userId) {
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      return later(() => {
        const was = typingIn(roomId).delete(userId);
        typingIn(roomId);
        return { was };
      });
    },

    async typing(roomId) {
      checkIds("room", [roomId]);
      return later(() => [...typingIn(roomId).keys()]);
    },

    async ping() {
      await later(() => undefined);
    },

    async close() {
      closed = true;
      for (const kept of [instances, lives, users, forgetAt, rooms]) kept.clear();
    },
  };
}
