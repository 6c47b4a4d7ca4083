// Names and avatars of users: stored by rooms-api, learned from tokens, requested in batches and cached for a short while.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { type IssuedProfile, roomsRpc, type User } from "@khui/contracts";
import DataLoader from "dataloader";
import { LRUCache } from "lru-cache";

export interface Directory {
  /**
   * Names and avatars by id; never rejects. A stale name is returned as it is and refreshed in the background; unknown names are
   * awaited. A user who cannot be looked up is returned as last known, from rooms-api or a token, else with nulls.
   */
  resolve(userIds: Iterable<string>): Promise<ReadonlyMap<string, User>>;
  /**
   * Publishes the claims of a verified token, and resolves once rooms-api has them: at once for what was published before, and for
   * what an older token says. Never rejects; what could not be published is retried with the next token.
   */
  learn(claims: TokenClaims): Promise<void>;
}

/** What a token says of its bearer. `issuedAt` in milliseconds since 1970. */
export interface TokenClaims {
  readonly userId: string;
  readonly name: string | undefined;
  readonly avatar: string | undefined;
  readonly issuedAt: number | null;
}

export interface DirectoryOptions {
  readonly onError: (error: unknown) => void;
  /** How old a known name may get before it is requested again; an unknown one is requested again after a second. */
  readonly ttlMs?: number;
}

const capacity = 50_000;
const unknownTtlMs = 1_000;
const requestTimeoutMs = 1_000;
/** The pause after a failed lookup: without it each new name would wait for a rooms-api that hangs. */
const cooldownMs = 1_000;
/**
 * All requests of one turn of the event loop go together. A user is 2,400 characters at most (id, name, avatar), a character 6 bytes of
 * JSON: 64 fit into 1 MiB, the bus' limit.
 */
const batching = { cache: false, maxBatchSize: 64, batchScheduleFn: setImmediate } as const;

/** Looks up and publishes over `bus`. */
export function createDirectory(bus: Bus, { onError, ttlMs = 30_000 }: DirectoryOptions): Directory {
  const cached = new LRUCache<string, User>({
    max: capacity,
    ttl: ttlMs,
    noDeleteOnStaleGet: true,
    allowStaleOnFetchRejection: true,
    // If a user is learned while a lookup is in flight, its waiters get the looked-up value, but it is not cached.
    ignoreFetchAbort: true,
    fetchMethod: fetchUser,
  });
  /** For when rooms-api cannot be reached: an outdated name is better than none. */
  const lastKnown = new LRUCache<string, User>({ max: capacity });
  const published = new LRUCache<string, { digest: string; profile: IssuedProfile; done: Promise<void> }>({
    max: capacity,
  });
  const loader = new DataLoader(lookUp, batching);
  const publications = new DataLoader(publish, batching);
  let coolUntil = 0;

  /** Undefined when there is no answer, which leaves the cache as it is. */
  async function fetchUser(
    userId: string,
    _stale: User | undefined,
    { options }: LRUCache.FetcherOptions<string, User>,
  ): Promise<User | undefined> {
    if (performance.now() < coolUntil) return undefined;
    const user = await loader.load(userId);
    if (user) lastKnown.set(userId, user);
    if (user?.name === null) options.ttl = unknownTtlMs;
    return user;
  }

  async function lookUp(userIds: readonly string[]): Promise<Array<User | undefined>> {
    try {
      const request = { userIds: [...userIds] };
      const { users } = await call(bus, roomsRpc.lookupUsers, request, { timeoutMs: requestTimeoutMs });
      const byId = new Map(users.map((user) => [user._id, user]));
      return userIds.map((userId) => byId.get(userId));
    } catch (error) {
      coolUntil = performance.now() + cooldownMs;
      onError(error);
      return userIds.map(() => undefined);
    }
  }

  async function publish(profiles: readonly IssuedProfile[]): Promise<undefined[]> {
    // Each batch has what was learned last, since batches of one turn may overtake each other.
    const latest = new Map(profiles.map((profile) => [profile._id, published.get(profile._id)?.profile ?? profile]));
    try {
      const request = { users: [...latest.values()] };
      await call(bus, roomsRpc.learnUsers, request, { timeoutMs: requestTimeoutMs });
    } catch (error) {
      for (const userId of latest.keys()) published.delete(userId);
      onError(error);
    }
    return profiles.map(() => undefined);
  }

  async function resolveUser(userId: string): Promise<User> {
    const allowStale = Boolean(cached.get(userId, { allowStale: true })?.name);
    const user = await cached.fetch(userId, { allowStale });
    return user ?? lastKnown.get(userId) ?? { _id: userId, name: null, avatar: null };
  }

  return {
    async resolve(userIds) {
      const users = new Map<string, User>();
      const lookups: Array<Promise<User>> = [];
      for (const userId of new Set(userIds)) {
        const user = cached.get(userId);
        if (user) users.set(userId, user);
        else lookups.push(resolveUser(userId));
      }
      if (lookups.length > 0) for (const user of await Promise.all(lookups)) users.set(user._id, user);
      return users;
    },
    learn({ userId, name, avatar, issuedAt }) {
      if (name === undefined && avatar === undefined) return Promise.resolve();
      const digest = JSON.stringify([name, avatar]);
      const before = published.get(userId);
      const age = (issuedAt ?? 0) - (before?.profile.issuedAt ?? 0);
      const isSame = before?.digest === digest;
      if (before && (age < 0 || (age === 0 && isSame))) return before.done;
      const profile = {
        _id: userId,
        ...(name === undefined ? {} : { name }),
        ...(avatar === undefined ? {} : { avatar }),
        ...(issuedAt === null ? {} : { issuedAt }),
      };
      if (!isSame) {
        cached.delete(userId);
        const said = { name: name ?? null, avatar: avatar ?? null };
        const known = lastKnown.get(userId) ?? said;
        const [first, second] = issuedAt === null ? [known, said] : [said, known];
        lastKnown.set(userId, { _id: userId, name: first.name ?? second.name, avatar: first.avatar ?? second.avatar });
      }
      const done = publications.load(profile);
      // A fresh token that says the same need not be waited for.
      published.set(userId, { digest, profile, done: isSame ? before.done : done });
      return isSame ? before.done : done;
    },
  };
}
