// How things move: waves, easings and key frames over a loop from 0 to 1.

export type Ease = (x: number) => number;

const clamp = (x: number): number => Math.min(1, Math.max(0, x));
const fraction = (x: number): number => x - Math.floor(x);

/** Starts and ends at rest. */
export const soft: Ease = (x) => (1 - Math.cos(Math.PI * x)) / 2;
/** Starts fast, ends at rest. */
export const out: Ease = (x) => 1 - (1 - x) ** 2.4;
/** Starts at rest, ends fast. */
export const fall: Ease = (x) => x ** 2.2;
/** Shoots past its end by a tenth and comes back: Penner's "back out". */
export const overshoot: Ease = (x) => 1 + 2.7 * (x - 1) ** 3 + 1.7 * (x - 1) ** 2;

/** A sine from -1 to 1; `cycles` must be whole for the loop to close. `phase` is a part of a cycle. */
export const wave = (t: number, cycles = 1, phase = 0): number => Math.sin(2 * Math.PI * (t * cycles + phase));

/** From 0 up to 1 and back, at rest at both ends, `cycles` times a loop. */
export const swell = (t: number, cycles = 1, phase = 0): number =>
  (1 - Math.cos(2 * Math.PI * (t * cycles + phase))) / 2;

export type Key = readonly [at: number, value: number, ease?: Ease];

/**
 * A value at `t` (any number: the loop repeats). Each key says when (0 to 1, rising), how much, and how to get
 * there from the key before; past the last key the way leads to the first of the next turn.
 */
export function track(t: number, keys: readonly Key[]): number {
  const first = keys[0]!;
  const last = keys.at(-1)!;
  const now = fraction(t);
  const next = keys.find(([at]) => at > now) ?? [first[0] + 1, first[1], first[2]];
  const before = keys.findLast(([at]) => at <= now) ?? [last[0] - 1, last[1]];
  const part = clamp((now - before[0]) / (next[0] - before[0]));
  return before[1] + (next[1] - before[1]) * (next[2] ?? soft)(part);
}

/** Draws `count` things that follow each other evenly; each is given its life so far (0 to 1) and its number. */
export function stream(t: number, count: number, draw: (life: number, index: number) => string): string {
  return Array.from({ length: count }, (_, i) => draw(fraction(t + i / count), i)).join("");
}

/** Grows in over the first part of a life and shrinks away over the last: a scale from 0 to 1. */
export function bloom(life: number, grow = 0.2, shrink = 0.25): number {
  if (life < grow) return overshoot(life / grow);
  return life > 1 - shrink ? 1 - fall((life - 1 + shrink) / shrink) : 1;
}
