// What the adapters share about a take: its checks, its key, its verdict.
import { createHash } from "node:crypto";
import { RateLimiterRes } from "rate-limiter-flexible";
import type { Rule, Verdict } from "./index.js";

const longestWindowSeconds = 2_147_483;
const longestPlainKey = 64;

const isCount = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most;

/** @throws RangeError when the rule or the cost cannot be counted with. */
export function checkTake({ name, points, perSeconds }: Rule, cost: number): void {
  if (!/^[\w.-]{1,64}$/.test(name)) throw new RangeError("rule name must be 1 to 64 letters, digits, '.', '_' or '-'");
  if (!isCount(points, 1e9)) throw new RangeError(`points of rule ${name} must be 1 to 1e9, is ${points}`);
  if (!isCount(perSeconds, longestWindowSeconds)) {
    throw new RangeError(`perSeconds of rule ${name} must be 1 to ${longestWindowSeconds}, is ${perSeconds}`);
  }
  if (!isCount(cost, 1e9)) throw new RangeError(`cost under rule ${name} must be 1 to 1e9, is ${cost}`);
}

/** The key as it is stored: short ones readable, long ones hashed, and the first letter says which. */
export function storedKey(key: string): string {
  if (key.length <= longestPlainKey) return `k${key}`;
  return `h${createHash("sha256").update(key).digest("base64url")}`;
}

/**
 * The verdict of a limiter's consume(), which also rejects to say no.
 * @throws what consume() rejected with, if that is a fault and not a refusal.
 */
export async function verdictOf(consumed: Promise<RateLimiterRes>): Promise<Verdict> {
  try {
    const { remainingPoints } = await consumed;
    return { allowed: true, retryAfterSeconds: 0, remaining: remainingPoints };
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)), remaining: 0 };
  }
}
