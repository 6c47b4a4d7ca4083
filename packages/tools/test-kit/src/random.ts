// Random numbers and choices that can be drawn again.

/** Numbers in [0, 1), the same for the same seed: mulberry32 (https://gist.github.com/tommyettinger/46a874533244883189143505d203312c). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

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
