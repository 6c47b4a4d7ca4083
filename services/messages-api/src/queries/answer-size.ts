// How much one answer may hold: well below the bus' largest message of 1 MB.

const maxAnswerBytes = 400_000;

export const sizeInJson = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The first of these, as many as fit in one answer: one in any case. `sizeOf` returns bytes. */
export function asManyAsFit<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Item[] {
  let bytes = 0;
  const end = items.findIndex((item, n) => {
    bytes += sizeOf(item);
    return n > 0 && bytes > maxAnswerBytes;
  });
  return items.slice(0, end === -1 ? items.length : end);
}
