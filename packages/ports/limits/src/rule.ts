// What the adapters share: checks of a take, its stored key, and the decision.
import { createHash } from "node:crypto";
import { RateLimiterRes } from "rate-limiter-flexible";
import type { LimitDecision, Rule } from "./index.js";

const maxWindowSeconds = 2_147_483;
const maxPlainKeyLength = 64;

const isCount = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most;

/** @throws RangeError when the rule or the cost cannot be counted with. */
export function checkTake({ name, points, perSeconds }: Rule, cost: number): void {
  if (!/^[\w.-]{1,64}$/.test(name)) throw new RangeError("rule name must be 1 to 64 letters, digits, '.', '_' or '-'");
  if (!isCount(points, 1e9)) throw new RangeError(`points of rule ${name} must be 1 to 1e9, is ${points}`);
  if (!isCount(perSeconds, maxWindowSeconds)) {
    throw new RangeError(`perSeconds of rule ${name} must be 1 to ${maxWindowSeconds}, is ${perSeconds}`);
  }
  if (!isCount(cost, 1e9)) throw new RangeError(`cost under rule ${name} must be 1 to 1e9, is ${cost}`);
}

/** The key as stored: short ones readable (`k…`), long ones hashed (`h…`). */
export function storedKey(key: string): string {
  if (key.length <= maxPlainKeyLength) return `k${key}`;
  return `h${createHash("sha256").update(key).digest("base64url")}`;
}

/**
 * The decision of a limiter's consume(), which rejects for a refusal, too.
 * @throws what consume() rejected with, if that is an error and not a refusal.
 */
export async function decisionOf(consumed: Promise<RateLimiterRes>): Promise<LimitDecision> {
  try {
    const { remainingPoints } = await consumed;
    return { allowed: true, retryAfterSeconds: 0, remaining: remainingPoints };
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)), remaining: 0 };
  }
}
