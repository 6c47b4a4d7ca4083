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
  /** What the user has left. */
  left(userId: string, now: number): number;
  /** Leaves the user no more than so many tokens. */
  lower(userId: string, now: number, tokens: number): void;
  /** Forgets users who have been quiet long enough to have all their tokens again. */
  sweep(now: number): void;
  /** Users remembered. */
  readonly size: number;
}

/** A bucket a user. It is kept beyond the user's last client: reconnecting brings no fresh burst. */
export function createUserBuckets(rate: Rate): UserBuckets {
  const buckets = new Map<string, TokenBucket>();
  const refillMs = (rate.burst / rate.perSecond) * 1000;

  function bucketOf(userId: string, now: number): TokenBucket {
    const bucket = buckets.get(userId) ?? { tokens: rate.burst, tokensAt: now };
    buckets.set(userId, bucket);
    return bucket;
  }

  return {
    tryTake: (userId, now, cost) => takeTokens(bucketOf(userId, now), rate, now, cost),
    left(userId, now) {
      const bucket = bucketOf(userId, now);
      takeTokens(bucket, rate, now, 0);
      return bucket.tokens;
    },
    lower(userId, now, tokens) {
      const bucket = bucketOf(userId, now);
      takeTokens(bucket, rate, now, 0);
      bucket.tokens = Math.min(bucket.tokens, tokens);
    },
    sweep(now) {
      for (const [userId, { tokensAt }] of buckets) if (now - tokensAt >= refillMs) buckets.delete(userId);
    },
    get size() {
      return buckets.size;
    },
  };
}
