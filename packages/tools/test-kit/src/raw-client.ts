// A Redis client for any command, for tests of what a user may do.
import { Redis } from "ioredis";
import type { Test } from "tap";

/** Tries to connect once, and sends nothing by itself except its user's name and password. */
export function rawClient(t: Test, url: string): Redis {
  const redis = new Redis(url, { enableReadyCheck: false, disableClientInfo: true, retryStrategy: () => null });
  redis.on("error", () => undefined);
  t.teardown(() => redis.disconnect());
  return redis;
}
