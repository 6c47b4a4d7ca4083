// Answers about one user each, cached for a short time; concurrent questions about the same user are asked once.
import { LRUCache } from "lru-cache";

export interface UserCache<Answer> {
  /** The cached answer, or the one being loaded, or a new one. Rejects when loading does; failures are not cached. */
  get(userId: string): Promise<Answer>;
  /** The next `get` loads again. An answer that is being loaded may already be out of date, so it is not cached. */
  invalidate(userId: string): void;
}

export interface UserCacheOptions<Answer> {
  readonly load: (userId: string) => Promise<Answer>;
  readonly ttlMs: number;
  /** Bytes of one answer in memory, roughly. */
  readonly sizeOf: (answer: Answer) => number;
  /** Of all answers; the least recently used go first. */
  readonly maxBytes?: number;
}

/** Of the cache itself for one user: what it is found by. */
const placeBytes = 512;

export function createUserCache<Answer extends object>({
  load,
  ttlMs,
  sizeOf,
  maxBytes = 32 * 1024 * 1024,
}: UserCacheOptions<Answer>): UserCache<Answer> {
  const cache = new LRUCache<string, Answer>({
    maxSize: maxBytes,
    sizeCalculation: (answer) => placeBytes + sizeOf(answer),
    ttl: ttlMs,
    fetchMethod: load,
    // Whoever waits for an answer that is invalidated meanwhile still gets it.
    ignoreFetchAbort: true,
  });
  return {
    async get(userId) {
      const answer = await cache.fetch(userId);
      if (answer === undefined) throw new Error("load resolved with undefined");
      return answer;
    },
    invalidate: (userId) => void cache.delete(userId),
  };
}
