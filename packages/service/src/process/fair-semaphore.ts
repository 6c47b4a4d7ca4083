// Lets a few do a heavy thing at once, and gives turns round by key, so that one who asks for much delays nobody else.

export interface FairSemaphoreOptions {
  /** Holders at once. */
  readonly places: number;
  /** Of them, those of one key; leaves a place for others. */
  readonly placesPerKey: number;
}

/** Runs `work` when its turn comes, and resolves or rejects as it does. */
export type FairSemaphore = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * A free place goes to the key that was served longest ago, and within a key to the first that asked. Whoever asks waits for at most
 * one piece of work of every other key.
 */
export function createFairSemaphore({ places, placesPerKey }: FairSemaphoreOptions): FairSemaphore {
  let free = places;
  const held = new Map<string, number>();
  /** In the order of their turns. */
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
      if (own >= placesPerKey) continue;
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
