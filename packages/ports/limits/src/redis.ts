// Limits counted in Redis, for all processes of a deployment together.
import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import type { Limits } from "./index.js";
import { createLocalLimits } from "./local.js";
import { checkTake, decisionOf, storedKey } from "./rule.js";

const reportEveryMs = 5_000;

/**
 * Limits kept in one Redis. Returns at once, connects in the background, and reconnects. Takes wait for the first attempt to connect;
 * after that, a take that Redis cannot count at once, or within `timeoutMs` when it hangs, is counted in this process.
 * @param prefix of all keys, "khui:limits:" by default; processes with different prefixes do not share counters
 * @param timeoutMs 500 by default
 * @param onError called with the reason why takes are counted locally or Redis is unreachable, at most every 5 s
 */
export function connectRedisLimits({
  url,
  prefix = "khui:limits:",
  timeoutMs = 500,
  onError,
}: {
  url: string;
  prefix?: string;
  timeoutMs?: number;
  onError: (error: Error) => void;
}): Limits {
  const redis = new Redis(url, {
    lazyConnect: true,
    // One command less that the Redis user must be allowed.
    disableClientInfo: true,
    enableOfflineQueue: false,
    // Takes of one turn of the event loop share a round trip: a fifth less Redis CPU time under load.
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
    commandTimeout: timeoutMs,
    // A peer that vanished without closing the connection is only detected by a timeout.
    socketTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    // After a failover the old primary stays reachable but refuses writes.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  });
  const fallback = createLocalLimits();
  const limiters = new Map<string, RateLimiterRedis>();

  let reportedAt = Number.NEGATIVE_INFINITY;
  const report = (error: unknown) => {
    if (performance.now() - reportedAt < reportEveryMs) return;
    reportedAt = performance.now();
    onError(error instanceof Error ? error : new Error(String(error)));
  };
  redis.on("error", report);
  const firstAttempt = redis.connect().catch(() => undefined);

  return {
    async take(rule, key, cost = 1) {
      checkTake(rule, cost);
      await firstAttempt;
      const { name, points, perSeconds } = rule;
      let limiter = limiters.get(name);
      if (!limiter) {
        limiter = new RateLimiterRedis({
          storeClient: redis,
          keyPrefix: `${prefix}${name}`,
          points,
          duration: perSeconds,
        });
        limiters.set(name, limiter);
      }
      limiter.points = points;
      limiter.duration = perSeconds;
      try {
        return await decisionOf(limiter.consume(storedKey(key), cost));
      } catch (error) {
        // Not the library's insuranceLimiter: it would swallow the error that has to be reported.
        report(error);
        return fallback.take(rule, key, cost);
      }
    },

    async ping() {
      await firstAttempt;
      await redis.ping();
    },

    async close() {
      if (redis.status === "ready") await redis.quit().catch(() => undefined);
      redis.disconnect();
      await fallback.close();
    },
  };
}
