// What one person may do to others in a minute: make rooms, and put people into rooms.
import { ChatError } from "@khui/contracts";
import type { Limits, Rule } from "@khui/limits";

/** A minute and person. */
export interface RoomQuotas {
  readonly roomsCreated: number;
  /** Into rooms that they make or join, themselves counted where they join. */
  readonly peopleAdded: number;
}

/**
 * Thirty rooms are a private chat opened every two seconds. Six hundred people are the largest group that one request makes
 * (500), and a hundred more. Each is a row that their lists and contacts pay for from then on. Applications that make rooms
 * in bulk do so by their back end, with chat:admin.
 */
export const defaultQuotas: RoomQuotas = { roomsCreated: 30, peopleAdded: 600 };

export interface Quotas {
  /** Counts a room that the caller is about to make, with so many others in it. Throws rate_limited. */
  create(caller: Caller, others: number): Promise<void>;
  /** Counts the caller's joining a room. Throws rate_limited. */
  join(caller: Caller): Promise<void>;
}

/** Callers with chat:admin are exempt. */
export interface Caller {
  readonly userId: string;
  readonly admin: boolean;
}

export function createQuotas(limits: Limits, { roomsCreated, peopleAdded }: RoomQuotas): Quotas {
  const rooms: Rule = { name: "rooms-created", points: roomsCreated, perSeconds: 60 };
  const people: Rule = { name: "people-added", points: peopleAdded, perSeconds: 60 };

  async function take(rule: Rule, { userId, admin }: Caller, count: number): Promise<void> {
    if (admin || count === 0) return;
    // A group larger than the quota takes all of it: else it could never be made.
    const verdict = await limits.take(rule, userId, Math.min(count, rule.points));
    if (!verdict.allowed) throw new ChatError("rate_limited", { retryAfter: verdict.retryAfterSeconds });
  }

  return {
    async create(caller, others) {
      await take(rooms, caller, 1);
      await take(people, caller, others);
    },
    join: (caller) => take(people, caller, 1),
  };
}
