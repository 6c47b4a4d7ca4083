// How much one socket, and all sockets of one user together, may say: token buckets, refilled steadily.
import type { Session } from "./session.js";

export interface Rate {
  /** Events at once. */
  readonly burst: number;
  /** Events a second in the long run. */
  readonly perSecond: number;
}

export interface FloodRule extends Rate {
  /** Refused events after which the socket is closed. They are forgotten once it has been quiet enough for a full burst. */
  readonly strikes: number;
  /** Of all sockets of one user at this gateway. */
  readonly user: Rate;
}

export const defaultFlood: FloodRule = {
  burst: 100,
  perSecond: 30,
  strikes: 200,
  user: { burst: 1_000, perSecond: 100 },
};

export type FloodVerdict = "pass" | "refuse" | "close";

/** A token bucket. It belongs to its Rate. */
export interface Bucket {
  tokens: number;
  tokensAt: number;
}

/** Tokens of one event, where others pay for more of it than for a message. One token in all other cases. */
const costs: ReadonlyMap<string, number> = new Map([
  // Thousands of contacts and how each of them stands: an answer of up to 400 KB.
  ["get_online_users", 5],
  // Told in up to a thousand rooms.
  ["update_status", 5],
]);

/** Takes tokens, if there are as many; of one with a smaller burst, all. `now` in milliseconds. */
function take(bucket: Bucket, { burst, perSecond }: Rate, now: number, cost: number): boolean {
  const refilled = bucket.tokens + ((now - bucket.tokensAt) / 1000) * perSecond;
  bucket.tokens = Math.min(burst, refilled);
  bucket.tokensAt = now;
  const due = Math.min(cost, burst);
  if (bucket.tokens < due) return false;
  bucket.tokens -= due;
  return true;
}

export interface Flood {
  /** Counts one event of a socket, and of its user once it is signed in. `now` in milliseconds. */
  admit(session: Session, event: string, now: number): FloodVerdict;
  /** Forgets users who have been quiet long enough to have all their tokens again. */
  sweep(now: number): void;
  /** Users remembered. */
  readonly size: number;
}

export function createFlood(rule: FloodRule): Flood {
  /** Kept beyond a user's last socket: coming back brings no fresh burst. */
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
    admit(session, event, now) {
      const userId = session.identity?.userId;
      const cost = costs.get(event) ?? 1;
      const own = take(session, rule, now, cost);
      if (own && session.tokens >= rule.burst - cost) session.strikes = 0;
      if (own && (userId === undefined || takeOfUser(userId, now, cost))) return "pass";
      session.strikes += 1;
      return session.strikes > rule.strikes ? "close" : "refuse";
    },
    sweep(now) {
      for (const [userId, { tokensAt }] of users) if (now - tokensAt >= refillMs) users.delete(userId);
    },
    get size() {
      return users.size;
    },
  };
}
