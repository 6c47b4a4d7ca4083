// How much one socket may say: a token bucket, refilled steadily.
import type { Session } from "./session.js";

export interface FloodRule {
  /** Events at once. */
  readonly burst: number;
  /** Events a second in the long run. */
  readonly perSecond: number;
  /** Refused events after which the socket is closed. */
  readonly strikes: number;
}

export const defaultFlood: FloodRule = { burst: 100, perSecond: 30, strikes: 200 };

export type FloodVerdict = "pass" | "refuse" | "close";

/** Takes one token. `now` in milliseconds. */
export function admitEvent(session: Session, rule: FloodRule, now: number): FloodVerdict {
  const refilled = session.tokens + ((now - session.tokensAt) / 1000) * rule.perSecond;
  session.tokens = Math.min(rule.burst, refilled);
  session.tokensAt = now;
  if (session.tokens >= 1) {
    session.tokens -= 1;
    return "pass";
  }
  session.strikes += 1;
  return session.strikes > rule.strikes ? "close" : "refuse";
}
