// How long the service stood still during each kind of fault: for those who send, and for those who listen.
import type { StepRecord } from "./injecting.js";

/** Shorter ones are what people's pauses make. */
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
  /** The longest time in which some client heard nothing. */
  readonly hearing: number;
}

export interface Gaps {
  /** A send was acknowledged. */
  sent(): void;
  /** A client received an entry. */
  heard(client: object): void;
  /** The client was away on its own account: silence until now is none of ours. */
  forget(client: object): void;
  rows(steps: readonly StepRecord[]): GapRow[];
}

/** `now` in milliseconds, as the steps' times. */
export function createGaps(now: () => number = () => performance.now()): Gaps {
  const sending: Gap[] = [];
  const hearing: Gap[] = [];
  const lastHeard = new WeakMap<object, number>();
  let lastSent: number | undefined;

  function note(gaps: Gap[], from: number | undefined, to: number): void {
    if (from !== undefined && to - from >= worthNotingMs) gaps.push({ from, to });
  }

  return {
    sent() {
      note(sending, lastSent, now());
      lastSent = now();
    },
    heard(client) {
      note(hearing, lastHeard.get(client), now());
      lastHeard.set(client, now());
    },
    forget: (client) => void lastHeard.delete(client),
    rows(steps) {
      const names = [...new Set(steps.map(nameOf))].sort();
      return names.map((fault) => ({
        fault,
        times: steps.filter((step) => nameOf(step) === fault).length,
        sending: longest(sending, steps, fault),
        hearing: longest(hearing, steps, fault),
      }));
    },
  };
}

function nameOf({ faults }: StepRecord): string {
  const [only, ...others] = faults;
  return only && others.length === 0 ? `${only.kind} ${only.part}` : "two at once";
}

/** From the fault's start: what lay before it is not its doing. */
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
