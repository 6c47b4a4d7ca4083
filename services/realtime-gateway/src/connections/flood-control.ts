// How many events one client, and all clients of one user together, may send: token buckets, refilled steadily.
import type { Client } from "./client.js";

export interface Rate {
  /** Events at once. */
  readonly burst: number;
  /** Events a second in the long run. */
  readonly perSecond: number;
}

export interface FloodRule extends Rate {
  /** Rejected events after which the client is closed. They are forgotten once it has been quiet enough for a full burst. */
  readonly strikes: number;
  /** Of all clients of one user at this gateway. */
  readonly user: Rate;
}

export const defaultFlood: FloodRule = {
  burst: 100,
  perSecond: 30,
  strikes: 200,
  user: { burst: 1_000, perSecond: 100 },
};

export type FloodDecision = "allow" | "reject" | "close";

/** A token bucket, filled at one Rate. `tokensAt` in milliseconds. */
interface Bucket {
  tokens: number;
  tokensAt: number;
}

/** Tokens for events that cost others more than a message does. One token in all other cases. */
const costs: ReadonlyMap<string, number> = new Map([
  // Thousands of contacts and their states: an answer of up to 400 KB.
  ["get_online_users", 5],
  // Published in up to a thousand rooms.
  ["update_status", 5],
]);

/** Takes tokens, if there are enough: `cost`, or a full burst where that is less. `now` in milliseconds. */
function take(bucket: Bucket, { burst, perSecond }: Rate, now: number, cost: number): boolean {
  const refilled = bucket.tokens + ((now - bucket.tokensAt) / 1000) * perSecond;
  bucket.tokens = Math.min(burst, refilled);
  bucket.tokensAt = now;
  const due = Math.min(cost, burst);
  if (bucket.tokens < due) return false;
  bucket.tokens -= due;
  return true;
}

export interface FloodControl {
  /** Counts one event of a client, and of its user once it is authenticated. `now` in milliseconds. */
  check(client: Client, event: string, now: number): FloodDecision;
  /** Forgets users who have been quiet long enough to have all their tokens again. */
  sweep(now: number): void;
  /** Users remembered. */
  readonly size: number;
}

export function createFloodControl(rule: FloodRule): FloodControl {
  /** Kept beyond a user's last client: reconnecting brings no fresh burst. */
  const users = new Map<string, Bucket>();
  const refillMs = (rule.user.burst / rule.user.perSecond) * 1000;

  function takeOfUser(userId: string, now: number, cost: number): boolean {
    let bucket = users.get(userId);
    if (!bucket) {
      bucket = { tokens: rule.user.burst, tokensAt: now };
      users.set(userId, bucket);
    }
    return take(bucket, rule.user, now, cost);
  }

  return {
    check(client, event, now) {
      const userId = client.identity?.userId;
      const cost = costs.get(event) ?? 1;
      const own = take(client, rule, now, cost);
      if (own && client.tokens >= rule.burst - cost) client.strikes = 0;
      if (own && (userId === undefined || takeOfUser(userId, now, cost))) return "allow";
      client.strikes += 1;
      return client.strikes > rule.strikes ? "close" : "reject";
    },
    sweep(now) {
      for (const [userId, { tokensAt }] of users) if (now - tokensAt >= refillMs) users.delete(userId);
    },
    get size() {
      return users.size;
    },
  };
}
