// In which rooms a user's presence is published, as messages-api says: many users are one question.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import { createGroupedQuestions } from "../rooms/grouped-questions.js";

export interface Audiences {
  /** Ids of the user's rooms of at most 200 people. Throws service_unavailable. */
  of(userId: string): Promise<readonly string[]>;
}

/** Users of one question. */
const maxItems = 50;

export function createAudiences(bus: Bus, timeoutMs: number): Audiences {
  const questions = createGroupedQuestions({
    maxItems,
    async ask(userIds: readonly string[]) {
      const request = { userIds: [...userIds] };
      const { roomIds, lists } = await call(bus, messagesRpc.audiences, request, { timeoutMs });
      return lists.map((list) => list.flatMap((n) => roomIds[n] ?? []));
    },
  });
  return { of: questions.ask };
}
