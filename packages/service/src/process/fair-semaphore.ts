// A semaphore that is fair between keys: a key with many requests does not delay the others.
// p-limit, p-queue and async-mutex have one queue, at most with priorities: a key that fills it first is served before all others.

export interface FairSemaphoreOptions {
  /** Permits in total. */
  readonly limit: number;
  /** Permits that one key may hold, so that some are left for others. */
  readonly limitPerKey: number;
}

/** Runs `work` once it has a permit, and resolves or rejects as it does. */
export type FairSemaphore = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Keys are served round-robin: a free permit goes to the key that was served longest ago, within a key first come, first served. No key
 * waits for more than one piece of work of every other key.
 */
export function createFairSemaphore({ limit, limitPerKey }: FairSemaphoreOptions): FairSemaphore {
  let free = limit;
  const held = new Map<string, number>();
  /** Keys in the order in which they are served next. */
  const waiting = new Map<string, Array<() => void>>();

  function release(key: string): void {
    free++;
    const left = (held.get(key) ?? 0) - 1;
    if (left > 0) held.set(key, left);
    else held.delete(key);
    moveBehindOthers(key);
    dispatch();
  }

  /** A map keeps its keys in the order in which they were set. */
  function moveBehindOthers(key: string): void {
    const queue = waiting.get(key);
    waiting.delete(key);
    if (queue && queue.length > 0) waiting.set(key, queue);
  }

  function dispatch(): void {
    for (const [key, queue] of waiting) {
      if (free === 0) return;
      const own = held.get(key) ?? 0;
      if (own >= limitPerKey) continue;
      free--;
      held.set(key, own + 1);
      const start = queue.shift();
      moveBehindOthers(key);
      start?.();
    }
  }

  return async (key, work) => {
    await new Promise<void>((resolve) => {
      const queue = waiting.get(key);
      if (queue) queue.push(resolve);
      else waiting.set(key, [resolve]);
      dispatch();
    });
    try {
      return await work();
    } finally {
      release(key);
    }
  };
}
