// Changes in rooms, one at a time in each: the room's lock would make them wait anyway, but each with a connection in hand.
import type { Scopes } from "@khui/service/telemetry";
import { createBatcher } from "./batcher.js";
import { again, asAnswer, isLocked, isOutage } from "./retry.js";

export interface RoomQueue {
  /**
   * Runs a statement that locks the room (or what else `key` names) when its turn comes, again when it lost against a
   * concurrent one. Throws service_unavailable for an outage, a lock that is not to be had, or too many that wait.
   */
  run<T>(key: string, statement: () => Promise<T>): Promise<T>;
  drain(): Promise<void>;
}

interface Change {
  readonly key: string;
  readonly statement: () => Promise<unknown>;
}

export function createRoomQueue(scopes: Scopes): RoomQueue {
  const queue = createBatcher<Change, unknown>({
    write: (changes) => Promise.all(changes.map(({ statement }) => again(statement))),
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
    async run<T>(key: string, statement: () => Promise<T>): Promise<T> {
      try {
        return (await queue.add({ key, statement })) as T;
      } catch (error) {
        throw asAnswer(error);
      }
    },
    drain: () => queue.drain(),
  };
}
