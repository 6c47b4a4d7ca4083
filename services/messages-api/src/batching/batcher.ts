// Group commit: while one batch is in flight, what arrives waits together and is written as the next.
import { type Batch, handOut, splitByKey, type Writing, writeBatch } from "./batch.js";
import { createQueue, type QueueLimits } from "./queue.js";

export interface Batcher<Item, Result> {
  /** Resolves with this item's own result. Throws service_unavailable when too many wait already, or for too long. */
  add(item: Item): Promise<Result>;
  /** Waits until everything added has its result. */
  drain(): Promise<void>;
}

/** When `write` throws, each key of the batch is tried once more by itself, then each item. */
export interface BatcherOptions<Item, Result> extends Writing<Item, Result>, QueueLimits {
  /** What an item's write may have to wait for. Items of one key are written in the order of arrival. */
  readonly keyOf: (item: Item) => string;
  /** True for a failure of the whole store, so that trying keys one by one is pointless. */
  readonly isOutage: (error: unknown) => boolean;
  /** True when a key could not be written because of a lock, so that its other items would wait for the same. */
  readonly isLocked: (error: unknown) => boolean;
  /** Batches written at a time; 1 unless they gain nothing from being larger. */
  readonly parallel?: number;
  /** After this long (milliseconds) the next batch no longer waits for one in flight. */
  readonly overdueMs?: number;
  /** After this long (milliseconds) an item that still waits is refused. */
  readonly deadlineMs?: number;
}

/** Overdue batches in flight beside the one that is not, and isolated keys in flight: each takes a connection. */
const maxOverdue = 2;
const maxIsolatedInFlight = 3;
/** Isolated keys that are remembered. */
const maxIsolated = 1_000;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * One batch at a time: two would halve the batches and gain nothing. Only when it is overdue (it waits for a lock, or the disk
 * is slow) does another begin, with items of other keys. A batch that fails is tried again key by key; a key that fails by
 * itself stays isolated, written separately until it succeeds. So a key that cannot be written delays no other for long.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { scopes, parallel = 1, overdueMs = 50, deadlineMs = 5_000 } = options;
  const queue = createQueue<Item, Result>(options);
  /** Keys being written, or about to be tried again. */
  const keysInFlight = new Set<string>();
  const isolatedKeys = new Set<string>();
  /** Batches that failed, split by key. */
  const retries: Array<Batch<Item, Result>> = [];
  const inFlight = { shared: 0, overdue: 0, isolated: 0 };
  let scheduled = false;
  /** Settles once the results of every batch so far have been handed out. */
  let handedOut: Promise<void> = Promise.resolve();
  const drained: Array<() => void> = [];

  const isIdle = () => inFlight.shared + inFlight.isolated === 0 && queue.size + retries.length === 0;

  /** Arrivals of the same turn of the event loop share the first batch. */
  function scheduleSoon(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      schedule();
    });
  }

  /** Starts what may start now. True when a shared batch did. */
  function schedule(): boolean {
    while (inFlight.isolated < maxIsolatedInFlight && startIsolated());
    let started = false;
    while (inFlight.shared - inFlight.overdue < parallel && inFlight.overdue <= maxOverdue && startShared())
      started = true;
    if (isIdle()) for (const resolve of drained.splice(0)) resolve();
    return started;
  }

  function startShared(): boolean {
    const batch = queue.take((key) => !isolatedKeys.has(key) && !keysInFlight.has(key));
    if (batch.length > 0) void runShared(batch);
    return batch.length > 0;
  }

  /** Of one key: one that has just failed with others, or the first isolated one that waits. */
  function startIsolated(): boolean {
    const batch = retries.shift() ?? takeIsolated();
    if (batch.length > 0) void runIsolated(batch);
    return batch.length > 0;
  }

  function takeIsolated(): Batch<Item, Result> {
    if (isolatedKeys.size === 0) return [];
    return queue.take(
      (key, first) => isolatedKeys.has(key) && !keysInFlight.has(key) && (first === undefined || first === key),
    );
  }

  async function runShared(batch: Batch<Item, Result>): Promise<void> {
    for (const { key } of batch) keysInFlight.add(key);
    inFlight.shared++;
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      inFlight.overdue++;
      schedule();
    }, overdueMs);
    const outcome = await writeBatch(batch, options);
    clearTimeout(timer);
    inFlight.shared--;
    if (isOverdue) inFlight.overdue--;
    if (outcome.kind === "failed" && !options.isOutage(outcome.error)) {
      retries.push(...splitByKey(batch));
      schedule();
      return;
    }
    for (const { key } of batch) keysInFlight.delete(key);
    // The database has the next batch to work on before we turn to the results of this one.
    const ready = schedule() ? nextTurn() : undefined;
    handedOut = inOrder(handedOut, ready, () => handOut(batch, outcome, options));
  }

  /** Writes items of one key, and each by itself if they fail together. */
  async function runIsolated(batch: Batch<Item, Result>): Promise<void> {
    const { key } = batch[0]!;
    keysInFlight.add(key);
    inFlight.isolated++;
    const outcome = await writeBatch(batch, options);
    if (outcome.kind === "written" || options.isOutage(outcome.error)) {
      handOut(batch, outcome, options);
      isolatedKeys.delete(key);
    } else {
      if (options.isLocked(outcome.error)) handOut(batch, outcome, options);
      else for (const one of batch) handOut([one], await writeBatch([one], options), options);
      isolate(key);
    }
    inFlight.isolated--;
    keysInFlight.delete(key);
    schedule();
  }

  function isolate(key: string): void {
    isolatedKeys.delete(key);
    isolatedKeys.add(key);
    const [oldest] = isolatedKeys;
    if (isolatedKeys.size > maxIsolated && oldest !== undefined) isolatedKeys.delete(oldest);
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        const deadline = performance.now() + deadlineMs;
        queue.push({ item, key: options.keyOf(item), deadline, scope: scopes.current(), resolve, reject });
        scheduleSoon();
      });
    },
    async drain() {
      if (!isIdle()) await new Promise<void>((resolve) => drained.push(resolve));
      await handedOut;
    },
  };
}

async function inOrder(previous: Promise<void>, ready: Promise<void> | undefined, step: () => void): Promise<void> {
  await ready;
  await previous;
  step();
}
