// Limits counted in this process.
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Limits } from "./index.js";
import { checkTake, decisionOf, storedKey } from "./rule.js";

interface Counters {
  limiter: RateLimiterMemory;
  /** When each key's window ends, those whose window began first at the front. */
  windows: Map<string, number>;
}

/**
 * Limits that hold for this process alone.
 * @param maxKeys how many keys a rule counts at a time (about 0.5 KB each). Beyond that the key whose window began first is forgotten:
 *   a flood of new keys loosens the limit, but cannot fill the memory.
 */
export function createLocalLimits({ maxKeys = 50_000 }: { maxKeys?: number } = {}): Limits {
  const rules = new Map<string, Counters>();

  return {
    async take(rule, key, cost = 1) {
      checkTake(rule, cost);
      const { name, points, perSeconds } = rule;
      let counters = rules.get(name);
      if (!counters) {
        const limiter = new RateLimiterMemory({ keyPrefix: "", points, duration: perSeconds });
        counters = { limiter, windows: new Map() };
        rules.set(name, counters);
      }
      const { limiter, windows } = counters;
      limiter.points = points;
      limiter.duration = perSeconds;

      const stored = storedKey(key);
      const time = performance.now();
      for (const [oldest, end] of windows) {
        if (end > time && (windows.size < maxKeys || windows.has(stored))) break;
        windows.delete(oldest);
        void limiter.delete(oldest);
      }
      if (!windows.has(stored)) windows.set(stored, time + perSeconds * 1000);
      return decisionOf(limiter.consume(stored, cost));
    },

    async ping() {},

    async close() {
      for (const { limiter, windows } of rules.values()) {
        for (const key of windows.keys()) await limiter.delete(key);
      }
      rules.clear();
    },
  };
}
