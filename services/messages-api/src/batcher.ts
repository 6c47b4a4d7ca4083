// Group commit: while one write is in flight, what arrives waits together and goes down as the next.
import { ChatError } from "@khui/contracts";
import { joinScopes, type Scope, type Scopes } from "@khui/service/telemetry";

export interface Batcher<Item, Result> {
  /** Resolves with this item's own result. Throws service_unavailable when too many wait already, or for too long. */
  add(item: Item): Promise<Result>;
  /** Waits until everything added is done. */
  drain(): Promise<void>;
}

export interface BatcherOptions<Item, Result> {
  /** Does a batch; results in the order of the items. When it throws, each key is tried once more apart, then each item. */
  readonly write: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** What an item's write may have to wait for. Items of one key are written in the order of arrival. */
  readonly keyOf: (item: Item) => string;
  /** Told each batch's results before its items are, and after the next batch has been started. Must not throw. */
  readonly onWritten?: (results: readonly Result[]) => void;
  readonly maxBatch: number;
  /** Beyond this many waiting, new ones are refused at once: better than answering after the client has given up. */
  readonly maxWaiting: number;
  /** The same for one key, so that one that cannot be written leaves room for the others. */
  readonly maxWaitingOfKey: number;
  /** True for a failure that concerns the whole store, so that trying apart is pointless. */
  readonly isOutage: (error: unknown) => boolean;
  /** True when a key could not be written for a lock, so that its other items would wait for the same. */
  readonly isLocked: (error: unknown) => boolean;
  /** A batch is written for all requests that it came from. */
  readonly scopes: Scopes;
  /** Batches written at a time; 1 unless they gain nothing from being larger. */
  readonly parallel?: number;
  /** Times of tests. */
  readonly overdueMs?: number;
  readonly deadlineMs?: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly key: string;
  /** Past this time of `performance.now()` nobody waits for the answer any more. */
  readonly deadline: number;
  readonly scope: Scope | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Writes in flight beside the one that is not overdue, and those of keys that are tried apart: each takes a connection. */
const maxOverdue = 2;
const maxApart = 3;
/** Keys remembered for having failed apart. */
const maxSuspects = 1_000;

/**
 * One write at a time: two would halve the batches and gain nothing. Only when it is overdue (it waits for a lock, or the disk
 * does) does another begin, with what has other keys. A batch that fails is tried again key by key, each apart from the rest;
 * a key that fails so too goes apart until it succeeds. So one that cannot be written holds up no other for long.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { scopes, keyOf, parallel = 1, overdueMs = 50, deadlineMs = 5_000 } = options;
  type Batch = ReadonlyArray<Waiting<Item, Result>>;
  let waiting: Array<Waiting<Item, Result>> = [];
  const waitingOfKey = new Map<string, number>();
  /** Parts of batches that failed. Their keys are still in flight. */
  const parts: Batch[] = [];
  const inFlight = new Set<string>();
  const suspects = new Set<string>();
  /** Results are given in the order in which batches came back. */
  let handedOut: Promise<void> = Promise.resolve();
  const flights = { together: 0, overdue: 0, apart: 0 };
  let scheduled = false;
  const idle: Array<() => void> = [];

  const isIdle = () => flights.together + flights.apart === 0 && waiting.length + parts.length === 0;

  /** Begins what may begin now. True when a batch was begun. */
  function schedule(): boolean {
    while (flights.apart < maxApart) {
      const batch = parts.shift() ?? (suspects.size > 0 ? take(true) : []);
      if (batch.length === 0) break;
      void flyApart(batch);
    }
    if (flights.together - flights.overdue >= parallel || flights.overdue > maxOverdue) return false;
    const batch = take(false);
    if (batch.length === 0) {
      if (isIdle()) for (const resolve of idle.splice(0)) resolve();
      return false;
    }
    void flyTogether(batch);
    if (parallel > 1) schedule();
    return true;
  }

  /** The oldest items whose keys are not in flight: of one suspect, or of all other keys. */
  function take(ofSuspect: boolean): Batch {
    const now = performance.now();
    const batch: Array<Waiting<Item, Result>> = [];
    const rest: Array<Waiting<Item, Result>> = [];
    for (const one of waiting) {
      const fits = suspects.has(one.key) === ofSuspect && (!ofSuspect || (batch[0]?.key ?? one.key) === one.key);
      if (batch.length === options.maxBatch || !fits || inFlight.has(one.key)) {
        rest.push(one);
        continue;
      }
      forget(one.key);
      if (one.deadline < now) one.reject(tooLate());
      else batch.push(one);
    }
    waiting = rest;
    return batch;
  }

  function forget(key: string): void {
    const count = (waitingOfKey.get(key) ?? 1) - 1;
    if (count === 0) waitingOfKey.delete(key);
    else waitingOfKey.set(key, count);
  }

  async function flyTogether(batch: Batch): Promise<void> {
    for (const { key } of batch) inFlight.add(key);
    flights.together++;
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      flights.overdue++;
      schedule();
    }, overdueMs);
    const handOut = await write(batch);
    clearTimeout(timer);
    flights.together--;
    if (isOverdue) flights.overdue--;
    if (typeof handOut === "function") for (const { key } of batch) inFlight.delete(key);
    else parts.push(...byKey(batch));
    // The database has the next batch to work on before we turn to the results of this one.
    const turn = schedule() ? nextTurn() : undefined;
    const before = handedOut;
    handedOut = (async () => {
      await turn;
      await before;
      if (typeof handOut === "function") handOut();
    })();
    await handedOut;
  }

  /** Items of one key. */
  async function flyApart(batch: Batch): Promise<void> {
    const { key } = batch[0]!;
    inFlight.add(key);
    flights.apart++;
    const handOut = await write(batch);
    if (typeof handOut === "function") handOut();
    else if (options.isLocked(handOut.error)) for (const { reject } of batch) reject(handOut.error);
    else for (const one of batch) await writeAlone(one);
    if (typeof handOut === "function") suspects.delete(key);
    else suspect(key);
    flights.apart--;
    inFlight.delete(key);
    schedule();
  }

  async function writeAlone(one: Waiting<Item, Result>): Promise<void> {
    const handOut = await write([one]);
    if (typeof handOut === "function") handOut();
    else one.reject(handOut.error);
  }

  /** Resolves with what gives everyone their result, or with why it has to be tried again in parts. Never rejects. */
  function write(batch: Batch): Promise<(() => void) | { error: unknown }> {
    const scope = scopes.active ? joinScopes(batch.map((waiting) => waiting.scope)) : undefined;
    return scopes.run(scope, async () => {
      try {
        const results = await options.write(batch.map(({ item }) => item));
        return () => {
          scopes.run(scope, () => options.onWritten?.(results));
          for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
        };
      } catch (error) {
        if (!options.isOutage(error)) return { error };
        return () => {
          for (const { reject } of batch) reject(error);
        };
      }
    });
  }

  function suspect(key: string): void {
    suspects.delete(key);
    suspects.add(key);
    const [oldest] = suspects;
    if (suspects.size > maxSuspects && oldest !== undefined) suspects.delete(oldest);
  }

  return {
    add(item) {
      const key = keyOf(item);
      const ofKey = waitingOfKey.get(key) ?? 0;
      if (waiting.length >= options.maxWaiting || ofKey >= options.maxWaitingOfKey) {
        return Promise.reject(tooLate());
      }
      waitingOfKey.set(key, ofKey + 1);
      return new Promise((resolve, reject) => {
        const deadline = performance.now() + deadlineMs;
        waiting.push({ item, key, deadline, scope: scopes.current(), resolve, reject });
        // Arrivals of the same turn of the event loop share the first batch.
        if (scheduled) return;
        scheduled = true;
        setImmediate(() => {
          scheduled = false;
          schedule();
        });
      });
    },
    async drain() {
      if (isIdle()) return;
      await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

const tooLate = () => new ChatError("service_unavailable", { retryAfter: 1 });

function byKey<One extends { readonly key: string }>(batch: readonly One[]): One[][] {
  const parts = new Map<string, One[]>();
  for (const one of batch) {
    const part = parts.get(one.key);
    if (part) part.push(one);
    else parts.set(one.key, [one]);
  }
  return [...parts.values()];
}
