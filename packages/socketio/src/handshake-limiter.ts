// Limits handshakes: how many are pending at a time, and how many begin in a second (a token bucket).
import type { TimerWheel } from "./connection/timer-wheel.js";

export interface HandshakeLimits {
  /** Handshakes pending at a time. */
  maxHandshakes: number;
  /** Infinity: no limit. */
  maxHandshakesPerSecond: number;
}

export class HandshakeLimiter {
  /** Sessions that have not sent CONNECT; counted by the sessions themselves. */
  pending = 0;
  /** Handshakes refused since the start. */
  refused = 0;
  /** Set when the engine drains: no more are let in. */
  closed = false;
  readonly #limits: HandshakeLimits;
  readonly #timers: TimerWheel;
  #tokens = 0;
  #refilledAt = Number.NEGATIVE_INFINITY;

  constructor(limits: HandshakeLimits, timers: TimerWheel) {
    this.#limits = limits;
    this.#timers = timers;
  }

  /** Takes a token for one more handshake; false, and counted as refused, if there is none. */
  tryAcquire(): boolean {
    const acquired = this.#tryAcquire();
    if (!acquired) this.refused += 1;
    return acquired;
  }

  #tryAcquire(): boolean {
    const { maxHandshakes, maxHandshakesPerSecond: rate } = this.#limits;
    if (this.closed || this.pending >= maxHandshakes) return false;
    if (rate === Number.POSITIVE_INFINITY) return true;
    const now = this.#timers.now();
    this.#tokens = Math.min(rate, this.#tokens + ((now - this.#refilledAt) / 1000) * rate);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
