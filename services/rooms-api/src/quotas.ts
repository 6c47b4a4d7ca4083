// How many rooms one person may create, and how many people they may add to rooms, in a minute.
import { ChatError } from "@khui/contracts";
import type { Limits, Rule } from "@khui/limits";

/** Each for one person and minute. */
export interface RoomQuotas {
  readonly roomsCreated: number;
  /** To rooms; joining one counts as adding oneself. */
  readonly peopleAdded: number;
}

/**
 * Thirty rooms are a private chat opened every two seconds. Six hundred people are the largest group that one request creates
 * (500), and a hundred more. Each is a row that their lists and contacts read from then on. Applications that create rooms
 * in bulk do so from their back end, with chat:admin.
 */
export const defaultQuotas: RoomQuotas = { roomsCreated: 30, peopleAdded: 600 };

export interface Quotas {
  /** Counts a room that the caller is about to create, with that many others in it. Throws rate_limited. */
  create(caller: Caller, others: number): Promise<void>;
  /** Counts so many people whom the caller adds to a room. Throws rate_limited. */
  add(caller: Caller, people: number): Promise<void>;
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
    // A group larger than the quota uses all of it: else it could never be created.
    const decision = await limits.take(rule, userId, Math.min(count, rule.points));
    if (!decision.allowed) throw new ChatError("rate_limited", { retryAfter: decision.retryAfterSeconds });
  }

  return {
    async create(caller, others) {
      await take(rooms, caller, 1);
      await take(people, caller, others);
    },
    add: (caller, others) => take(people, caller, others),
    join: (caller) => take(people, caller, 1),
  };
}
