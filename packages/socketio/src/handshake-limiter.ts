// Limits handshakes: how many are pending at a time, and how many begin in a second, of all clients and of one address.
import { LRUCache } from "lru-cache";
import type { TimerWheel } from "./connection/timer-wheel.js";

export interface HandshakeLimits {
  /** Handshakes pending at a time. */
  maxHandshakes: number;
  /** Infinity: no limit. */
  maxHandshakesPerSecond: number;
  /** Of one address, twice as many at once. Infinity: no limit. */
  maxHandshakesPerAddress: number;
}

/** Of these the ones seen longest ago are forgotten, and may begin anew. */
const maxAddresses = 10_000;
/** An address may do so many seconds' worth at once: an office behind one router comes back together. */
const addressBurstSeconds = 2;

export class HandshakeLimiter {
  /** Sessions that have not sent CONNECT; counted by the sessions themselves. */
  pending = 0;
  /** Handshakes refused since the start. */
  refused = 0;
  /** Set when the engine drains: no more are let in. */
  closed = false;
  readonly #limits: HandshakeLimits;
  readonly #timers: TimerWheel;
  readonly #all: TokenBucket;
  /** Each is forgotten once it must be full again. */
  readonly #byAddress = new LRUCache<string, TokenBucket>({ max: maxAddresses, ttl: addressBurstSeconds * 1000 });

  constructor(limits: HandshakeLimits, timers: TimerWheel) {
    this.#limits = limits;
    this.#timers = timers;
    this.#all = new TokenBucket(limits.maxHandshakesPerSecond, limits.maxHandshakesPerSecond);
  }

  /** Takes a token for one more handshake of `address`; false, and counted as refused, if there is none. */
  tryAcquire(address: string): boolean {
    const acquired = this.#tryAcquire(address);
    if (!acquired) this.refused += 1;
    return acquired;
  }

  #tryAcquire(address: string): boolean {
    if (this.closed || this.pending >= this.#limits.maxHandshakes) return false;
    const now = this.#timers.now();
    const own = this.#bucketOf(address);
    // What is refused takes no token: junk from one address leaves those of all others.
    if (!own.isReady(now) || !this.#all.isReady(now)) return false;
    own.take();
    this.#all.take();
    this.#byAddress.set(address, own);
    return true;
  }

  #bucketOf(address: string): TokenBucket {
    const perSecond = this.#limits.maxHandshakesPerAddress;
    return this.#byAddress.get(address) ?? new TokenBucket(perSecond, perSecond * addressBurstSeconds);
  }
}

/** Begins full, with `burst` tokens, and is refilled steadily. */
class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAt = 0;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Whether there is a token. `now` in ms. */
  isReady(now: number): boolean {
    if (this.#tokens < this.#burst) {
      const refill = ((now - this.#refilledAt) / 1000) * this.#perSecond;
      this.#tokens = Math.min(this.#burst, this.#tokens + refill);
    }
    this.#refilledAt = now;
    return this.#tokens >= 1;
  }

  take(): void {
    this.#tokens -= 1;
  }
}
