// One timer for every deadline of every connection: a hashed timing wheel (Varghese & Lauck 1987, scheme 6).

/** Something with one deadline. `slot` and `dueAt` belong to the wheel. */
export interface TimerEntry {
  slot: number;
  dueAt: number;
  /** The deadline has passed, and the entry is no longer scheduled. `now` is on the wheel's clock, in ms. */
  onDue(now: number): void;
}

/** The initial value of `slot`: not scheduled. */
export const unscheduled = -1;
const slotCount = 1024;

export class TimerWheel {
  readonly #tickMs: number;
  readonly #slots: (Set<TimerEntry> | undefined)[] = new Array(slotCount);
  #size = 0;
  #lastTick = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param tickMs how late a deadline may be noticed. */
  constructor(tickMs: number) {
    this.#tickMs = tickMs;
  }

  /** The wheel's clock: monotonic, in ms. */
  now(): number {
    return performance.now();
  }

  /** Sets the entry's one deadline to `delayMs` from now, replacing an earlier one. */
  schedule(entry: TimerEntry, delayMs: number): void {
    this.cancel(entry);
    if (this.#timer === undefined) this.#start();
    entry.dueAt = this.now() + delayMs;
    entry.slot = Math.max(Math.ceil(entry.dueAt / this.#tickMs), this.#lastTick + 1) % slotCount;
    const slot = this.#slots[entry.slot];
    if (slot) slot.add(entry);
    else this.#slots[entry.slot] = new Set([entry]);
    this.#size += 1;
  }

  /** Removes the entry's deadline, if it has one. */
  cancel(entry: TimerEntry): void {
    if (entry.slot === unscheduled) return;
    this.#slots[entry.slot]?.delete(entry);
    entry.slot = unscheduled;
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
    // After a stall, pongs and polls that arrived meanwhile are still unread: read them before expiring any deadline.
    if (tick > this.#lastTick + 10) setImmediate(() => this.#run(tick));
    else this.#run(tick);
  }

  #run(tick: number): void {
    const now = this.now();
    const first = Math.max(this.#lastTick + 1, tick - slotCount + 1);
    this.#lastTick = Math.max(tick, this.#lastTick);
    for (let at = first; at <= tick; at += 1) {
      for (const entry of this.#slots[at % slotCount] ?? []) {
        if (entry.dueAt > now) continue;
        this.cancel(entry);
        entry.onDue(now);
      }
    }
  }
}
