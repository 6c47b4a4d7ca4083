// The rate-limit port: how often something may be done in a window of time.

/**
 * `points` may be taken per key in a window of `perSeconds`, which begins with the first take. The name (letters, digits, `.`, `_`, `-`;
 * at most 64) identifies the rule: rules of the same name share their counters. Both numbers are whole and at least 1;
 * perSeconds is at most 2,147,483 (about 24 days, the longest timer of Node.js).
 */
export interface Rule {
  name: string;
  points: number;
  perSeconds: number;
}

/** retryAfterSeconds is 0 when allowed, else a whole number ≥ 1: the time until the window ends. remaining: points left in it. */
export interface LimitDecision {
  allowed: boolean;
  retryAfterSeconds: number;
  remaining: number;
}

/**
 * Guarantees: of takes made at the same time, by any number of processes on one store, never more points are allowed than the rule
 * has. A refused take counts too, so that a key that asked for too much has nothing left until its window ends; it
 * does not prolong the window.
 */
export interface Limits {
  /**
   * Takes `cost` points (whole, ≥ 1; 1 by default) of key under rule. Any string may be a key. Never rejects because of the store:
   * while it cannot be reached, this process counts on its own (a limiter must not take the service down).
   * @throws RangeError when the rule or the cost is not as described, which is a bug of the caller.
   */
  take(rule: Rule, key: string, cost?: number): Promise<LimitDecision>;
  /** Resolves when the store answers, else rejects. */
  ping(): Promise<void>;
  /** Disconnects from the store and forgets what was counted in this process. */
  close(): Promise<void>;
}
