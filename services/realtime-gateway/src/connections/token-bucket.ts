// Token buckets: how much one client or user may do at once, and in the long run.

export interface Rate {
  /** At once. */
  readonly burst: number;
  /** A second, in the long run. */
  readonly perSecond: number;
}

/** A bucket that is filled at one Rate, and begins full. `tokensAt` in milliseconds. */
export interface TokenBucket {
  tokens: number;
  tokensAt: number;
}

/** Takes tokens, if there are enough: `cost`, or a full burst where that is less. `now` in milliseconds. */
export function takeTokens(bucket: TokenBucket, { burst, perSecond }: Rate, now: number, cost: number): boolean {
  const refilled = bucket.tokens + ((now - bucket.tokensAt) / 1000) * perSecond;
  bucket.tokens = Math.min(burst, refilled);
  bucket.tokensAt = now;
  const due = Math.min(cost, burst);
  if (bucket.tokens < due) return false;
  bucket.tokens -= due;
  return true;
}

export interface UserBuckets {
  /** Takes tokens of a user, see `takeTokens`. */
  tryTake(userId: string, now: number, cost: number): boolean;
  /** Forgets users who have been quiet long enough to have all their tokens again. */
  sweep(now: number): void;
  /** Users remembered. */
  readonly size: number;
}

/** A bucket a user. It is kept beyond the user's last client: reconnecting brings no fresh burst. */
export function createUserBuckets(rate: Rate): UserBuckets {
  const buckets = new Map<string, TokenBucket>();
  const refillMs = (rate.burst / rate.perSecond) * 1000;
  return {
    tryTake(userId, now, cost) {
      let bucket = buckets.get(userId);
      if (!bucket) {
        bucket = { tokens: rate.burst, tokensAt: now };
        buckets.set(userId, bucket);
      }
      return takeTokens(bucket, rate, now, cost);
    },
    sweep(now) {
      for (const [userId, { tokensAt }] of buckets) if (now - tokensAt >= refillMs) buckets.delete(userId);
    },
    get size() {
      return buckets.size;
    },
  };
}
