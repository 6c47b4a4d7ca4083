// Group commit: while one write is in flight, what arrives waits together and goes down as the next.
import { ChatError } from "@khui/contracts";
import { joinScopes, type Scope, type Scopes } from "@khui/telemetry";

export interface Batcher<Item, Result> {
  /** Resolves with this item's own result. Throws service_unavailable when too many wait already. */
  add(item: Item): Promise<Result>;
  /** Waits until everything added is done. */
  drain(): Promise<void>;
}

export interface BatcherOptions<Item, Result> {
  /** Does a batch; results in the order of the items. When it throws, each item is tried once more on its own. */
  readonly write: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Told each batch's results before its items are, and after the next batch has been started. Must not throw. */
  readonly onWritten?: (results: readonly Result[]) => void;
  readonly maxBatch: number;
  /** Beyond this many waiting, new ones are refused at once: better than answering after the client has given up. */
  readonly maxWaiting: number;
  /** True for a failure that concerns the whole store, so that single tries are pointless. */
  readonly isOutage: (error: unknown) => boolean;
  /** A batch is written for all requests that it came from. */
  readonly scopes: Scopes;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly scope: Scope | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** One write at a time, in the order of arrival. */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { scopes } = options;
  let waiting: Array<Waiting<Item, Result>> = [];
  let running: Promise<void> | undefined;

  async function work(): Promise<void> {
    // Arrivals of the same turn of the event loop share the first batch.
    await nextTurn();
    let flight = begin();
    while (flight) {
      const handOut = await flight;
      flight = begin();
      // The database has the next batch to work on before we turn to the results of this one.
      if (flight) await nextTurn();
      handOut();
    }
    running = undefined;
  }

  /** Starts to write what waits; what it resolves to gives everyone their result. */
  function begin(): Promise<() => void> | undefined {
    if (waiting.length === 0) return undefined;
    const batch = waiting.slice(0, options.maxBatch);
    waiting = waiting.slice(options.maxBatch);
    return writeBatch(batch);
  }

  function writeBatch(batch: ReadonlyArray<Waiting<Item, Result>>): Promise<() => void> {
    const scope = scopes.active ? joinScopes(batch.map((waiting) => waiting.scope)) : undefined;
    return scopes.run(scope, () => writeIn(scope, batch));
  }

  async function writeIn(scope: Scope | undefined, batch: ReadonlyArray<Waiting<Item, Result>>): Promise<() => void> {
    try {
      const results = await options.write(batch.map(({ item }) => item));
      return () => {
        scopes.run(scope, () => options.onWritten?.(results));
        for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
      };
    } catch (error) {
      if (batch.length === 1 || options.isOutage(error)) {
        return () => {
          for (const { reject } of batch) reject(error);
        };
      }
      const handOuts: Array<() => void> = [];
      for (const single of batch) handOuts.push(await writeBatch([single]));
      return () => {
        for (const handOut of handOuts) handOut();
      };
    }
  }

  return {
    add(item) {
      if (waiting.length >= options.maxWaiting)
        return Promise.reject(new ChatError("service_unavailable", { retryAfter: 1 }));
      return new Promise((resolve, reject) => {
        waiting.push({ item, scope: scopes.current(), resolve, reject });
        running ??= work();
      });
    },
    async drain() {
      while (running) await running;
    },
  };
}
