// One timer for every deadline of every connection: a hashed timing wheel (Varghese & Lauck 1987, scheme 6).

/** Something with one deadline. `slot` and `dueAt` belong to the wheel. */
export interface Timed {
  slot: number;
  dueAt: number;
  /** The deadline has passed; it is no longer scheduled. `now` is on the wheel's clock, in ms. */
  onDue(now: number): void;
}

/** What `slot` starts as: not scheduled. */
export const unscheduled = -1;
const slotCount = 1024;

export class Wheel {
  readonly #tickMs: number;
  readonly #slots: (Set<Timed> | undefined)[] = new Array(slotCount);
  #size = 0;
  #lastTick = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param tickMs how late a deadline may be noticed. */
  constructor(tickMs: number) {
    this.#tickMs = tickMs;
  }

  now(): number {
    return performance.now();
  }

  /** Sets the one deadline of `timed`, `delayMs` from now; an earlier one is forgotten. */
  schedule(timed: Timed, delayMs: number): void {
    this.cancel(timed);
    if (this.#timer === undefined) this.#start();
    timed.dueAt = this.now() + delayMs;
    timed.slot = Math.max(Math.ceil(timed.dueAt / this.#tickMs), this.#lastTick + 1) % slotCount;
    const slot = this.#slots[timed.slot];
    if (slot) slot.add(timed);
    else this.#slots[timed.slot] = new Set([timed]);
    this.#size += 1;
  }

  cancel(timed: Timed): void {
    if (timed.slot === unscheduled) return;
    this.#slots[timed.slot]?.delete(timed);
    timed.slot = unscheduled;
    this.#size -= 1;
    if (this.#size === 0) this.#stop();
  }

  #start(): void {
    this.#lastTick = Math.floor(this.now() / this.#tickMs);
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    this.#timer.unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const tick = Math.floor(this.now() / this.#tickMs);
    // After a stall the answers that peers sent meanwhile are still unread: read them before judging anyone.
    if (tick > this.#lastTick + 10) setImmediate(() => this.#run(tick));
    else this.#run(tick);
  }

  #run(tick: number): void {
    const now = this.now();
    const first = Math.max(this.#lastTick + 1, tick - slotCount + 1);
    this.#lastTick = Math.max(tick, this.#lastTick);
    for (let at = first; at <= tick; at += 1) {
      for (const timed of this.#slots[at % slotCount] ?? []) {
        if (timed.dueAt > now) continue;
        this.cancel(timed);
        timed.onDue(now);
      }
    }
  }
}
