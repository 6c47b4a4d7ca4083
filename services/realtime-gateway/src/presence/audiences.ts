// In which rooms a user's presence is published, as messages-api says: users of one turn are asked for together.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import DataLoader from "dataloader";

export interface Audiences {
  /** Ids of the user's rooms of at most 200 people. Throws as `call` does. */
  of(userId: string): Promise<readonly string[]>;
}

/** Users of one question. */
const maxBatchSize = 50;

export function createAudiences(bus: Bus, timeoutMs: number): Audiences {
  async function ask(userIds: readonly string[]): Promise<string[][]> {
    const request = { userIds: [...userIds] };
    const { roomIds, lists } = await call(bus, messagesRpc.audiences, request, { timeoutMs });
    const found = lists.map((list) => list.flatMap((n) => roomIds[n] ?? []));
    const left = userIds.slice(found.length);
    return left.length === 0 ? found : [...found, ...(await ask(left))];
  }
  const loader = new DataLoader(ask, { cache: false, maxBatchSize, batchScheduleFn: setImmediate });
  return { of: (userId) => loader.load(userId) };
}
