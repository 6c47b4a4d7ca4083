// Names and avatars of users: kept by rooms-api, learned from tokens, asked in batches and remembered for a short while.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { roomsRpc, type User, type UserProfile } from "@khui/contracts";
import { LRUCache } from "lru-cache";

export interface Directory {
  /**
   * Names and avatars by id; never rejects. A name that rooms-api told longer ago is given as it was, and asked again behind;
   * only others are waited for. Who cannot be had now comes as last known, from rooms-api or a token, and else with nulls.
   */
  resolve(userIds: Iterable<string>): Promise<ReadonlyMap<string, User>>;
  /**
   * Hands on what a verified token told, and resolves once rooms-api has it: at once for what it was told before. Never
   * rejects; what could not be handed on is tried at the next sight.
   */
  learn(profile: { userId: string; name: string | undefined; avatar: string | undefined }): Promise<void>;
}

export interface DirectoryOptions {
  readonly onError: (error: unknown) => void;
  /** How old a known name may become before it is asked again; an unknown one is asked again after a second. */
  readonly ttlMs?: number;
}

const capacity = 50_000;
const unknownTtlMs = 1_000;
/** A user is 2,400 characters at most (id, name, avatar), a character 6 bytes of JSON: so many fit into 1 MiB, the bus' limit. */
const largestBatch = 64;
const askTimeoutMs = 1_000;
/** How long nobody is asked after a question failed: else each new name would wait for a rooms-api that hangs. */
const restMs = 1_000;

/** Asks rooms-api over `bus`. */
export function createDirectory(bus: Bus, options: DirectoryOptions): Directory {
  const ttlMs = options.ttlMs ?? 30_000;
  /** As rooms-api told it; what is past its time stays until there is better. */
  const known = new LRUCache<string, User>({ max: capacity, ttl: ttlMs, allowStale: true, noDeleteOnStaleGet: true });
  /** For when rooms-api cannot be asked: a name that was good a while ago is better than none. */
  const lastKnown = new LRUCache<string, User>({ max: capacity });
  const asked = new Map<string, Promise<User>>();
  const told = new LRUCache<string, { digest: string; done: Promise<void> }>({ max: capacity });
  let restUntil = 0;
  let wanted: Array<{ userId: string; answer: (user: User) => void }> = [];
  let news = new Map<string, UserProfile>();
  let telling: Promise<void> | undefined;

  const bestKnown = (userId: string): User => lastKnown.get(userId) ?? { _id: userId, name: null, avatar: null };

  const ask = (userId: string): Promise<User> => {
    if (performance.now() < restUntil) return Promise.resolve(bestKnown(userId));
    const running = asked.get(userId);
    if (running) return running;
    if (wanted.length === 0) setImmediate(() => void askWanted());
    const asking = new Promise<User>((answer) => wanted.push({ userId, answer })).finally(() => asked.delete(userId));
    asked.set(userId, asking);
    return asking;
  };

  async function askWanted(): Promise<void> {
    const batch = wanted;
    wanted = [];
    await Promise.all(
      inParts(batch).map(async (part) => {
        const users = await lookUp(part.map(({ userId }) => userId));
        for (const { userId, answer } of part) answer(users.get(userId) ?? bestKnown(userId));
      }),
    );
  }

  async function lookUp(userIds: string[]): Promise<Map<string, User>> {
    try {
      const { users } = await call(bus, roomsRpc.lookupUsers, { userIds }, { timeoutMs: askTimeoutMs });
      for (const user of users) {
        known.set(user._id, user, { ttl: user.name === null ? unknownTtlMs : ttlMs });
        lastKnown.set(user._id, user);
      }
      return new Map(users.map((user) => [user._id, user]));
    } catch (error) {
      restUntil = performance.now() + restMs;
      options.onError(error);
      return new Map();
    }
  }

  /** Everyone heard of in one turn of the event loop goes in one request. */
  async function tell(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    telling = undefined;
    const users = [...news.values()];
    news = new Map();
    await Promise.all(inParts(users).map(handOn));
  }

  async function handOn(users: UserProfile[]): Promise<void> {
    try {
      await call(bus, roomsRpc.learnUsers, { users }, { timeoutMs: askTimeoutMs });
    } catch (error) {
      for (const { _id } of users) told.delete(_id);
      options.onError(error);
    }
  }

  return {
    async resolve(userIds) {
      const users = new Map<string, User>();
      const missing: Array<Promise<User>> = [];
      for (const userId of new Set(userIds)) {
        const user = known.get(userId);
        if (user) users.set(userId, user);
        if (known.getRemainingTTL(userId) > 0) continue;
        const asking = ask(userId);
        if (!user?.name) missing.push(asking);
      }
      if (missing.length > 0) for (const user of await Promise.all(missing)) users.set(user._id, user);
      return users;
    },
    learn({ userId, name, avatar }) {
      if (name === undefined && avatar === undefined) return Promise.resolve();
      const digest = JSON.stringify([name, avatar]);
      const before = told.get(userId);
      if (before?.digest === digest) return before.done;
      known.delete(userId);
      const { name: oldName = null, avatar: oldAvatar = null } = lastKnown.get(userId) ?? {};
      lastKnown.set(userId, { _id: userId, name: name || oldName, avatar: avatar || oldAvatar });
      news.set(userId, { _id: userId, ...(name ? { name } : {}), ...(avatar ? { avatar } : {}) });
      telling ??= tell();
      told.set(userId, { digest, done: telling });
      return telling;
    },
  };
}

function inParts<T>(items: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += largestBatch) parts.push(items.slice(start, start + largestBatch));
  return parts;
}
