// Presence in this process, for one process that holds every gateway.
import { setImmediate } from "node:timers/promises";
import { checkChoice, checkDuration, checkIds, rememberedMs } from "./arguments.js";
import {
  type Choice,
  type Connected,
  type Moment,
  type Presence,
  type PresenceState,
  PresenceUnavailable,
  type Status,
  type Told,
  type Transition,
} from "./index.js";

/** An instance's time between two losses of its lease; see scripts.ts, whose steps this file follows. */
interface Life {
  instanceId: string;
  leasedUntil: number;
  held: Set<string>;
}

interface User {
  status: Status;
  /** Of the status; -1 while that is unknown. */
  revision: number;
  seen: number;
  lives: Set<Life>;
  /** By room, the lives at which the user has it open. */
  open: Map<string, Set<Life>>;
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
  /** By room and user, until when (ms) they type at which instances. */
  const rooms = new Map<string, Map<string, Map<string, number>>>();
  const epoch = crypto.randomUUID();
  let at = 0;
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
  const isVisible = (userId: string) => {
    const user = users.get(userId);
    return user !== undefined && isLive(user) && user.status !== "invisible";
  };
  const moment = (): Moment => ({ epoch, at: ++at });
  // A user whose lives are all dead counts as online here until a call has reported the change.
  const reported = (user: User) => (user.lives.size > 0 ? user.status : "offline");

  const remember = (userId: string) => {
    forgetAt.delete(userId);
    forgetAt.set(userId, now() + rememberedMs);
  };
  const depart = (userId: string, user: User, seen: number) => {
    user.lives.clear();
    user.open.clear();
    if (user.status !== "invisible") user.seen = seen;
    remember(userId);
  };
  const known = (userId: string): User => {
    const user: User = users.get(userId) ?? {
      status: "invisible",
      revision: -1,
      seen: 0,
      lives: new Set(),
      open: new Map(),
    };
    users.set(userId, user);
    return user;
  };
  const choose = (user: User, { status, revision }: Choice) => {
    if (revision <= user.revision) return;
    if (isLive(user) && user.status !== "invisible" && status === "invisible") user.seen = now();
    Object.assign(user, { status, revision });
  };

  const connectOne = (life: Life | undefined, userId: string, choice: Choice | undefined): Connected => {
    const user = known(userId);
    // Not reported(): whoever looked since the lease ran out saw the user offline, and must be told.
    const before = current(user);
    if (choice) choose(user, choice);
    if (life && life.leasedUntil > now()) {
      user.lives.add(life);
      life.held.add(userId);
      forgetAt.delete(userId);
    } else if (user.lives.size === 0) {
      remember(userId);
    }
    return { userId, before, after: current(user), known: user.revision >= 0 };
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

  const typingIn = (roomId: string): Map<string, Map<string, number>> => {
    const room = rooms.get(roomId) ?? new Map<string, Map<string, number>>();
    for (const [userId, instances] of room) {
      for (const [instanceId, until] of instances) if (until <= now()) instances.delete(instanceId);
      if (instances.size === 0) room.delete(userId);
    }
    if (room.size === 0) rooms.delete(roomId);
    return room;
  };

  const setOpenOne = (life: Life | undefined, roomId: string, userId: string, isOpen: boolean) => {
    const user = users.get(userId);
    const open = new Set([...(user?.open.get(roomId) ?? [])].filter((one) => one !== life && user?.lives.has(one)));
    const changed = ![...open].some(({ leasedUntil }) => leasedUntil > now());
    if (life && isOpen) open.add(life);
    if (open.size > 0) user?.open.set(roomId, open);
    else user?.open.delete(roomId);
    return { isVisible: isVisible(userId), changed, moment: moment() };
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
      for (const { userId, choice } of given) {
        checkIds("user", [userId]);
        if (choice) checkChoice(choice);
      }
      const copy = given.map(({ userId, choice }) => ({ userId, choice: choice && { ...choice } }));
      return later(() => copy.map(({ userId, choice }) => connectOne(instances.get(instanceId), userId, choice)));
    },

    async disconnect(instanceId, userIds) {
      checkIds("instance", [instanceId]);
      checkIds("user", userIds);
      const copy = [...userIds];
      return later(() => copy.map((userId) => disconnectOne(instances.get(instanceId), userId)));
    },

    async setStatus(userId, given) {
      checkIds("user", [userId]);
      checkChoice(given);
      const choice = { ...given };
      return later(() => {
        const user = known(userId);
        const before = reported(user);
        choose(user, choice);
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
          if (!user) return { userId, status: "offline", lastSeen: null, moment: moment() };
          const alive = isLive(user) ? now() : Math.max(user.seen, leasedUntil(user));
          const seen = user.status === "invisible" ? user.seen : alive;
          const lastSeen = seen > 0 ? new Date(seen).toISOString() : null;
          return { userId, status: current(user), lastSeen, moment: moment() };
        }),
      );
    },

    async reap() {
      return later(() => {
        for (const roomId of [...rooms.keys()]) typingIn(roomId);
        return [...lives].filter((life) => life.leasedUntil <= now()).flatMap(end);
      });
    },

    async startTyping(instanceId, roomId, userId, ttlMs) {
      checkIds("instance", [instanceId]);
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      checkDuration(ttlMs);
      return later((): Told => {
        if (!isVisible(userId)) return { isVisible: false, moment: moment() };
        const room = typingIn(roomId);
        room.set(userId, new Map([...(room.get(userId) ?? []), [instanceId, now() + ttlMs]]));
        rooms.set(roomId, room);
        return { isVisible: true, moment: moment() };
      });
    },

    async stopTyping(roomId, userId, instanceId) {
      if (instanceId !== undefined) checkIds("instance", [instanceId]);
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      return later(() => {
        const typed = typingIn(roomId).get(userId);
        if (instanceId === undefined) typed?.clear();
        else typed?.delete(instanceId);
        return { ended: typed !== undefined && !typingIn(roomId).has(userId), moment: moment() };
      });
    },

    async typing(roomId) {
      checkIds("room", [roomId]);
      return later(() => [...typingIn(roomId).keys()].filter(isVisible));
    },

    async setOpen(instanceId, changes) {
      checkIds("instance", [instanceId]);
      for (const { roomId, userId } of changes) {
        checkIds("room", [roomId]);
        checkIds("user", [userId]);
      }
      const copy = changes.map((change) => ({ ...change }));
      return later(() =>
        copy.map(({ roomId, userId, isOpen }) => setOpenOne(instances.get(instanceId), roomId, userId, isOpen)),
      );
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
