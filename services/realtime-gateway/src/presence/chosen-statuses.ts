// The status that users have chosen, which rooms-api stores: the presence store may lose it.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, type Rpc, type RpcAnswer, type RpcRequest, roomsRpc } from "@khui/contracts";
import type { Choice, Status } from "@khui/presence";

export interface ChosenStatuses {
  /** Stores a choice; while rooms-api cannot, it is kept for `save`. */
  choose(userId: string, status: Status): Promise<Choice>;
  /** What these users have chosen, in their order; who never did is online. Throws service_unavailable. */
  of(userIds: readonly string[]): Promise<Choice[]>;
  /** Stores some of what could not be stored. Throws service_unavailable. */
  save(): Promise<void>;
}

/** Users who sign in, or choose, wait for it. */
const timeoutMs = 1_000;
/** The pause after a failure: otherwise each group that signs in would wait for its timeout. */
const cooldownMs = 1_000;
/** One after the other, with each renewal of the lease. */
const maxSaves = 250;

export function createChosenStatuses(bus: Bus, onError: (error: unknown) => void): ChosenStatuses {
  /** Choices that are not stored yet. */
  const unsaved = new Map<string, Choice>();
  let coolUntil = 0;

  async function ask<R extends Rpc>(rpc: R, request: RpcRequest<R>): Promise<RpcAnswer<R>> {
    if (performance.now() < coolUntil) throw new ChatError("service_unavailable", { retryAfter: 1 });
    try {
      return await call(bus, rpc, request, { timeoutMs });
    } catch (error) {
      coolUntil = performance.now() + cooldownMs;
      throw error;
    }
  }

  return {
    async choose(userId, status) {
      try {
        const { revision } = await ask(roomsRpc.chooseStatus, { userId, status });
        unsaved.delete(userId);
        return { status, revision };
      } catch (error) {
        onError(error);
        // As rooms-api numbers them: by microseconds.
        const choice = { status, revision: Date.now() * 1_000 };
        unsaved.set(userId, choice);
        return choice;
      }
    },
    async of(userIds) {
      const { statuses } = await ask(roomsRpc.lookupStatuses, { userIds: [...userIds] });
      return userIds.map((userId, n) => unsaved.get(userId) ?? statuses[n]!);
    },
    async save() {
      for (const [userId, choice] of [...unsaved].slice(0, maxSaves)) {
        await ask(roomsRpc.chooseStatus, { userId, ...choice });
        if (unsaved.get(userId) === choice) unsaved.delete(userId);
      }
    },
  };
}
