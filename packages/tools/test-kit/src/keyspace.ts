// A key prefix for one test in a Redis that others may use too.
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { Test } from "tap";

export interface Keyspace {
  redis: Redis;
  prefix: string;
  keys(): Promise<string[]>;
  /** Like a restart without persistence: data and loaded scripts are gone. */
  wipe(): Promise<void>;
}

export function keyspace(t: Test, url: string): Keyspace {
  const redis = new Redis(url);
  const prefix = `khui:test:${randomUUID()}:`;
  const keys = async () => {
    const found: string[] = [];
    for await (const batch of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) found.push(...batch);
    return found;
  };
  const wipe = async () => {
    const found = await keys();
    if (found.length > 0) await redis.unlink(...found);
    await redis.script("FLUSH");
  };
  t.teardown(async () => {
    await wipe();
    await redis.quit();
  });
  return { redis, prefix, keys, wipe };
}
