// What waits to be written, in the order of arrival: bounded in total and by key.
import { ChatError } from "@khui/contracts";
import type { Batch, Entry } from "./batch.js";

export interface Queue<Item, Result> {
  readonly size: number;
  /** Throws service_unavailable when too many wait, in all or of this key. */
  push(entry: Entry<Item, Result>): void;
  /**
   * Takes the oldest entries whose keys are accepted, at most a batch; `first` is the key of the first one taken. Those past
   * their deadline are refused with service_unavailable.
   */
  take(accepts: (key: string, first: string | undefined) => boolean): Batch<Item, Result>;
}

export interface QueueLimits {
  readonly maxBatch: number;
  /** Beyond this many waiting, new ones are refused at once: better than answering after the client has given up. */
  readonly maxWaiting: number;
  /** The same for one key, so that one that cannot be written leaves space for the others. */
  readonly maxWaitingOfKey: number;
}

export function createQueue<Item, Result>(limits: QueueLimits): Queue<Item, Result> {
  const { maxBatch, maxWaiting, maxWaitingOfKey } = limits;
  let waiting: Array<Entry<Item, Result>> = [];
  const waitingOfKey = new Map<string, number>();

  function decrement(key: string): void {
    const count = (waitingOfKey.get(key) ?? 1) - 1;
    if (count === 0) waitingOfKey.delete(key);
    else waitingOfKey.set(key, count);
  }

  return {
    get size() {
      return waiting.length;
    },
    push(entry) {
      const ofKey = waitingOfKey.get(entry.key) ?? 0;
      if (waiting.length >= maxWaiting || ofKey >= maxWaitingOfKey) throw overloaded();
      waitingOfKey.set(entry.key, ofKey + 1);
      waiting.push(entry);
    },
    take(accepts) {
      const now = performance.now();
      const batch: Array<Entry<Item, Result>> = [];
      const rest: Array<Entry<Item, Result>> = [];
      for (const entry of waiting) {
        if (batch.length === maxBatch || !accepts(entry.key, batch[0]?.key)) {
          rest.push(entry);
          continue;
        }
        decrement(entry.key);
        if (entry.deadline < now) entry.reject(overloaded());
        else batch.push(entry);
      }
      waiting = rest;
      return batch;
    },
  };
}

const overloaded = () => new ChatError("service_unavailable", { retryAfter: 1 });
