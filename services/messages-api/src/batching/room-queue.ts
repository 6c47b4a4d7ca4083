// Changes of a room run one at a time: the room's lock would make them wait anyway, but each would occupy a connection meanwhile.
import type { Scopes } from "@khui/service/telemetry";
import { createBatcher } from "./batcher.js";
import { isLocked, isOutage } from "./failures.js";

export interface RoomQueue {
  /**
   * Runs a statement that locks the room (or whatever else `key` identifies) when no other of that key is in flight. Throws
   * service_unavailable when too many wait already.
   */
  run<T>(key: string, statement: () => Promise<T>): Promise<T>;
  /** Waits until everything queued has run. */
  drain(): Promise<void>;
}

interface Change {
  readonly key: string;
  readonly statement: () => Promise<unknown>;
}

export function createRoomQueue(scopes: Scopes): RoomQueue {
  const queue = createBatcher<Change, unknown>({
    write: (changes) => Promise.all(changes.map(({ statement }) => statement())),
    keyOf: ({ key }) => key,
    maxBatch: 1,
    parallel: 3,
    maxWaiting: 5_000,
    maxWaitingOfKey: 500,
    isOutage,
    isLocked,
    scopes,
  });
  return {
    run: async <T>(key: string, statement: () => Promise<T>) => (await queue.add({ key, statement })) as T,
    drain: () => queue.drain(),
  };
}
