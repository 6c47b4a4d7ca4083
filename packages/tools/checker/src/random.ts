// Seeded random choices.
import { randomFrom } from "@khui/test-kit/random";

export interface Random {
  /** In [0, 1). */
  draw(): number;
  /** A whole number below `limit`. */
  below(limit: number): number;
  /** In [least, most). */
  between(least: number, most: number): number;
  /** One of them; undefined when there are none. */
  pick<T>(items: readonly T[]): T | undefined;
  /** A copy in another order. */
  shuffled<T>(items: readonly T[]): T[];
  /** True with that probability. */
  chance(share: number): boolean;
}

/** The same choices for the same seed. */
export function createRandom(seed: number): Random {
  const draw = randomFrom(seed);
  const below = (limit: number) => Math.floor(draw() * limit);
  return {
    draw,
    below,
    between: (least, most) => least + draw() * (most - least),
    pick: (items) => items[below(items.length)],
    shuffled(items) {
      const order = [...items];
      for (let i = order.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
    chance: (share) => draw() < share,
  };
}
