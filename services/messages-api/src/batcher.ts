// Group commit: while one write is in flight, what arrives waits together and goes down as the next.
import { ChatError } from "@khui/contracts";

export interface Batcher<Item, Result> {
  /** Resolves with this item's own result. Throws service_unavailable when too many wait already. */
  add(item: Item): Promise<Result>;
  /** Waits until everything added is done. */
  drain(): Promise<void>;
}

export interface BatcherOptions<Item, Result> {
  /** Does a batch; results in the order of the items. When it throws, each item is tried once more on its own. */
  readonly write: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly maxBatch: number;
  /** Beyond this many waiting, new ones are refused at once: better than answering after the client has given up. */
  readonly maxWaiting: number;
  /** True for a failure that concerns the whole store, so that single tries are pointless. */
  readonly isOutage: (error: unknown) => boolean;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** One write at a time, in the order of arrival. */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  let waiting: Array<Waiting<Item, Result>> = [];
  let running: Promise<void> | undefined;

  async function work(): Promise<void> {
    // Arrivals of the same turn of the event loop share the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = waiting.slice(0, options.maxBatch);
      waiting = waiting.slice(options.maxBatch);
      await writeBatch(batch);
    }
    running = undefined;
  }

  async function writeBatch(batch: ReadonlyArray<Waiting<Item, Result>>): Promise<void> {
    try {
      const results = await options.write(batch.map(({ item }) => item));
      for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
    } catch (error) {
      if (batch.length === 1 || options.isOutage(error)) for (const { reject } of batch) reject(error);
      else for (const single of batch) await writeBatch([single]);
    }
  }

  return {
    add(item) {
      if (waiting.length >= options.maxWaiting)
        return Promise.reject(new ChatError("service_unavailable", { retryAfter: 1 }));
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        running ??= work();
      });
    },
    async drain() {
      while (running) await running;
    },
  };
}
