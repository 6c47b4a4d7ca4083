// Answers about one person that hold for a few seconds: asked for once at a time, whichever sockets of theirs want them.
import { LRUCache } from "lru-cache";

export interface SharedAnswers<Answer> {
  /** What is kept or on its way for this user, else what is asked for now. Rejects as asking does; that is not kept. */
  of(userId: string): Promise<Answer>;
  /** From now on it is asked anew: also what is on its way may be older than what has just happened. */
  forget(userId: string): void;
}

export interface SharedAnswersOptions<Answer> {
  readonly ask: (userId: string) => Promise<Answer>;
  readonly ttlMs: number;
  /** Bytes of one answer in memory, roughly. */
  readonly sizeOf: (answer: Answer) => number;
  /** Users remembered, and bytes of their answers; the least recently wanted go first. */
  readonly maxUsers?: number;
  readonly maxBytes?: number;
}

export function createSharedAnswers<Answer extends object>({
  ask,
  ttlMs,
  sizeOf,
  maxUsers = 10_000,
  maxBytes = 32 * 1024 * 1024,
}: SharedAnswersOptions<Answer>): SharedAnswers<Answer> {
  const kept = new LRUCache<string, Answer>({
    max: maxUsers,
    maxSize: maxBytes,
    // A size of 0 would be refused.
    sizeCalculation: (answer) => Math.max(1, sizeOf(answer)),
    ttl: ttlMs,
    fetchMethod: ask,
    // Whoever waits for an answer that is forgotten on its way still gets it; it is not kept.
    ignoreFetchAbort: true,
  });
  return {
    async of(userId) {
      const answer = await kept.fetch(userId);
      if (answer === undefined) throw new Error("asking resolved with nothing");
      return answer;
    },
    forget: (userId) => void kept.delete(userId),
  };
}
