// Which faults come in which order: every kind on every part in turn, singly and in pairs, drawn from the seed.
import type { Random } from "@khui/test-kit/random";
import type { Target } from "./targets.js";

export const faultKinds = ["kill", "pause", "shut down"] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly target: Target;
  /** From its beginning until it is ended. */
  readonly holdMs: number;
  /** After the step's beginning. */
  readonly delayMs: number;
}

/** Faults that are there at once, and the calm before the next. */
export interface Step {
  readonly faults: readonly Fault[];
  readonly calmMs: number;
}

/** A pause beyond a gateway's lease (20 s) makes it a dead one that comes back. */
const longPause = { share: 0.15, least: 21_000, most: 24_000 };

/**
 * Goes on for ever, for three targets or more. No more than two faults at once, never on the same target; every second step
 * is a pair. A step and the pair after it are of all three kinds.
 */
export function* planFaults(targets: readonly Target[], random: Random): Generator<Step> {
  const deck: Array<{ kind: FaultKind; target: Target }> = [];
  const next = (): { kind: FaultKind; target: Target } => {
    if (deck.length === 0) deck.push(...everyFault(targets, random));
    return deck.shift()!;
  };
  for (let n = 0; ; n++) {
    const drawn = n % 2 === 0 ? [next()] : [next(), next()];
    yield {
      faults: drawn.map(({ kind, target }, i) => ({
        kind,
        target,
        holdMs: holdMs(kind, random),
        delayMs: i === 0 ? 0 : random.between(0, 2_000),
      })),
      calmMs: random.between(1_000, 2_500),
    };
  }
}

/** Every kind on every target once; each three, of all kinds, are on three targets. */
function everyFault(targets: readonly Target[], random: Random): Array<{ kind: FaultKind; target: Target }> {
  const order = random.shuffled(targets);
  const apart = Math.floor(order.length / faultKinds.length);
  return order.flatMap((_, i) =>
    random.shuffled(faultKinds.map((kind, k) => ({ kind, target: order[(i + k * apart) % order.length]! }))),
  );
}

function holdMs(kind: FaultKind, random: Random): number {
  if (kind !== "pause") return random.between(0, 4_000);
  const isLong = random.chance(longPause.share);
  return isLong ? random.between(longPause.least, longPause.most) : random.between(1_000, 6_000);
}
