// How many events one client, and all clients of one user together, may send: token buckets, refilled steadily.
import type { Client } from "./client.js";
import { createUserBuckets, type Rate, takeTokens, type UserBuckets } from "./token-bucket.js";

export interface FloodRule extends Rate {
  /** Rejected events after which the client is closed. They are forgotten once it has been quiet enough for a full burst. */
  readonly strikes: number;
  /** Of all clients of one user at this gateway. */
  readonly user: Rate;
  /**
   * Joins that count as no event, of all clients of one user, or of a client that is not authenticated yet: clients come back to
   * all of their rooms at once.
   */
  readonly joins: Rate;
}

export const defaultFlood: FloodRule = {
  burst: 100,
  perSecond: 30,
  strikes: 200,
  user: { burst: 1_000, perSecond: 100 },
  joins: { burst: 2_000, perSecond: 100 },
};

export type FloodDecision = "allow" | "reject" | "close";

/** Tokens for events that cost others more than a message does. One token in all other cases. */
const costs: ReadonlyMap<string, number> = new Map([
  // Thousands of contacts and their states: an answer of up to 400 KB.
  ["get_online_users", 5],
  // Published in up to a thousand rooms.
  ["update_status", 5],
]);

export interface FloodControl {
  /** Counts one event of a client, and of its user once it is authenticated; `valid` if it fits its schema. `now` in milliseconds. */
  check(client: Client, event: string, valid: boolean, now: number): FloodDecision;
  /** Forgets users who have been quiet long enough to have all their tokens again. */
  sweep(now: number): void;
  /** Users remembered. */
  readonly size: number;
  /** Of users: their events, and their joins that count as none. */
  readonly buckets: { readonly events: UserBuckets; readonly joins: UserBuckets };
}

export function createFloodControl(rule: FloodRule): FloodControl {
  const users = createUserBuckets(rule.user);
  const joins = createUserBuckets(rule.joins);

  function tryTakeJoin(client: Client, now: number): boolean {
    if (client.identity) return joins.tryTake(client.identity.userId, now, 1);
    client.joins ??= { tokens: rule.joins.burst, tokensAt: now };
    return takeTokens(client.joins, rule.joins, now, 1);
  }

  return {
    check(client, event, valid, now) {
      if (event === "join_chat" && valid && tryTakeJoin(client, now)) return "allow";
      const userId = client.identity?.userId;
      const cost = costs.get(event) ?? 1;
      const own = takeTokens(client, rule, now, cost);
      if (own && client.tokens >= rule.burst - cost) client.strikes = 0;
      if (own && (userId === undefined || users.tryTake(userId, now, cost))) return "allow";
      client.strikes += 1;
      return client.strikes > rule.strikes ? "close" : "reject";
    },
    sweep(now) {
      users.sweep(now);
      joins.sweep(now);
    },
    get size() {
      return users.size;
    },
    buckets: { events: users, joins },
  };
}
