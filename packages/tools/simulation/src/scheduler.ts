// The one order in which everything happens: a queue of events on a virtual clock, each of which belongs to a machine.
import { createRandom, type Random } from "@khui/test-kit/random";

/** A process that runs, stalls and dies by itself. What belongs to a dead one never happens. */
export class Machine {
  alive = true;
  /** Nothing of it happens before this time. It only grows: what is due meanwhile stays in order. */
  stalledUntil = 0;
  /** When the last of its immediates is due: they are in order. */
  immediateAt = 0;

  constructor(readonly name: string) {}

  stall(until: number): void {
    this.stalledUntil = Math.max(this.stalledUntil, until);
  }

  kill(): void {
    this.alive = false;
  }
}

export interface Task {
  cancelled: boolean;
}

interface ScheduledEvent extends Task {
  /** When it happens: later than it is due while its machine is stalled. */
  at: number;
  readonly dueAt: number;
  readonly order: number;
  readonly machine: Machine;
  readonly label: string;
  readonly run: () => void;
}

/** An immediate comes in the next turn of a machine's event loop, which takes up to this many milliseconds. */
const turnMs = 0.3;

/** Resolves when every microtask that there is, and all that follow from them, have run. */
const microtasksDone = () => new Promise<void>((resolve) => process.nextTick(resolve));

export class Scheduler {
  /** In milliseconds since the schedule began. */
  now = 0;
  readonly random: Random;
  /** What the code under test draws, so that it draws the same whatever the scheduler draws. */
  readonly codeRandom: Random;
  /** Whose event is running; what is scheduled meanwhile is its own. */
  current: Machine;
  /** Events that have happened. */
  count = 0;
  /** One line an event, if they are wanted. */
  readonly trace: string[] | undefined;
  readonly #world = new Machine("world");
  readonly #heap: ScheduledEvent[] = [];
  #order = 0;

  constructor(seed: number, traced: boolean) {
    this.random = createRandom(seed);
    this.codeRandom = createRandom(seed ^ 0x5bd1e995);
    this.current = this.#world;
    this.trace = traced ? [] : undefined;
  }

  /** Lets something happen on a machine after a delay in milliseconds. */
  after(delayMs: number, machine: Machine, label: string, run: () => void): Task {
    return this.at(this.now + delayMs, machine, label, run);
  }

  /** The same at a time. What is due at the same time happens in the order of the calls. */
  at(dueAt: number, machine: Machine, label: string, run: () => void): Task {
    const event = { at: dueAt, dueAt, order: this.#order++, machine, label, run, cancelled: false };
    this.#push(event);
    return event;
  }

  /** In a later turn of the current machine's event loop, in the order of the calls. */
  immediate(run: () => void): Task {
    const machine = this.current;
    machine.immediateAt = Math.max(machine.immediateAt, this.now + this.random.draw() * turnMs);
    return this.at(machine.immediateAt, machine, "immediate", run);
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    this.trace?.push(`${this.now.toFixed(3)} ${text}`);
  }

  /** Lets happen what is due until then, in order. */
  async runFor(ms: number): Promise<void> {
    const end = this.now + ms;
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled || !next.machine.alive) continue;
      if (next.machine.stalledUntil > next.at) {
        this.#push(Object.assign(next, { at: next.machine.stalledUntil }));
        continue;
      }
      this.now = next.at;
      this.count++;
      if (this.trace) this.note(`${next.machine.name}: ${next.label}`);
      this.current = next.machine;
      next.run();
      await microtasksDone();
      this.current = this.#world;
    }
    this.now = end;
  }

  /** Sets something up on a machine now. What it waits for must be an event, whose machine is known. */
  on<Result>(machine: Machine, work: () => Result): Result {
    const before = this.current;
    this.current = machine;
    try {
      return work();
    } finally {
      this.current = before;
    }
  }

  #push(event: ScheduledEvent): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  if (a.at !== b.at) return a.at < b.at;
  return a.dueAt === b.dueAt ? a.order < b.order : a.dueAt < b.dueAt;
}
