// How long the service was stalled during each kind of fault: for senders, and for receivers.
import type { StepRecord } from "./injecting.js";

/** Shorter gaps are pauses of the load. */
const worthNotingMs = 500;

interface Gap {
  readonly from: number;
  readonly to: number;
}

export interface GapRow {
  /** Such as "kill nats", or "two at once". */
  readonly fault: string;
  readonly times: number;
  /** The longest time in which no send was acknowledged to anybody, in milliseconds. */
  readonly sending: number;
  /** The longest time in which some client received nothing, in milliseconds. */
  readonly receiving: number;
}

export interface Gaps {
  /** A send was acknowledged. */
  sent(): void;
  /** A client received an entry. */
  received(client: object): void;
  /** The client was disconnected on purpose: its silence until now does not count. */
  forget(client: object): void;
  rows(steps: readonly StepRecord[]): GapRow[];
}

/** `now` in milliseconds, as the steps' times. */
export function createGaps(now: () => number = () => performance.now()): Gaps {
  const sending: Gap[] = [];
  const receiving: Gap[] = [];
  const lastReceivedAt = new WeakMap<object, number>();
  let lastSentAt: number | undefined;

  function note(gaps: Gap[], from: number | undefined, to: number): void {
    if (from !== undefined && to - from >= worthNotingMs) gaps.push({ from, to });
  }

  return {
    sent() {
      note(sending, lastSentAt, now());
      lastSentAt = now();
    },
    received(client) {
      note(receiving, lastReceivedAt.get(client), now());
      lastReceivedAt.set(client, now());
    },
    forget: (client) => void lastReceivedAt.delete(client),
    rows(steps) {
      const names = [...new Set(steps.map(nameOf))].sort();
      return names.map((fault) => ({
        fault,
        times: steps.filter((step) => nameOf(step) === fault).length,
        sending: longest(sending, steps, fault),
        receiving: longest(receiving, steps, fault),
      }));
    },
  };
}

function nameOf({ faults }: StepRecord): string {
  const [only, ...others] = faults;
  return only && others.length === 0 ? `${only.kind} ${only.part}` : "two at once";
}

/** Counted from the fault's start: what was before it is not its effect. */
function longest(gaps: readonly Gap[], steps: readonly StepRecord[], fault: string): number {
  const lengths = gaps.map((gap) => {
    const step = causeOf(gap, steps);
    return step && nameOf(step) === fault ? gap.to - Math.max(gap.from, step.startedAt) : 0;
  });
  return Math.round(Math.max(0, ...lengths));
}

/** The step in which it began; the next one when it began just before that. */
function causeOf({ from, to }: Gap, steps: readonly StepRecord[]): StepRecord | undefined {
  const before = steps.findLast(({ startedAt }) => startedAt <= from);
  const next = steps.find(({ startedAt }) => startedAt > from);
  return next && next.startedAt - from < worthNotingMs && next.startedAt < to ? next : before;
}
