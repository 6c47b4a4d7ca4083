// Plays many schedules one after another, each from the next seed.
import { active, type Played, play } from "./schedule.js";
import { withVirtualTime } from "./virtual-time.js";

export interface SimulateOptions {
  /** The seed of the first schedule. */
  readonly first: number;
  readonly schedules: number;
  /** Ends after so many that broke something; 10 by default. */
  readonly maxBroken?: number;
}

export interface Simulated {
  /** How many were played. */
  readonly schedules: number;
  readonly events: number;
  /** Log entries that clients received. */
  readonly received: number;
  readonly broken: readonly Played[];
}

/** Plays the schedule of one seed with its trace: the same every time. */
export function replay(seed: number): Promise<Played> {
  return withVirtualTime(
    () => active,
    () => play(seed, { traced: true }),
  );
}

export async function simulate({ first, schedules, maxBroken = 10 }: SimulateOptions): Promise<Simulated> {
  // Between two schedules Node does what it has to do besides: it would be kept from it otherwise.
  const turn = setImmediate;
  // Time-outs are errors, made by the thousand: their stacks took a third of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const broken: Played[] = [];
  const sums = { schedules: 0, events: 0, received: 0 };
  await withVirtualTime(
    () => active,
    async () => {
      for (let seed = first; seed < first + schedules && broken.length < maxBroken; seed++) {
        const played = await play(seed);
        sums.schedules++;
        sums.events += played.events;
        sums.received += played.received;
        if (played.issues.length > 0) broken.push(played);
        await new Promise((resolve) => turn(resolve));
      }
    },
  ).finally(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  return { ...sums, broken };
}
