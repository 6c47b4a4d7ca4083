// What a feed delivered lately, kept for clients that are joining.

/** Of all rooms together: one client may have many joins in progress, each of which makes a room keep what it delivers. */
export const maxReplayBytes = 4 * 1024 * 1024;

/** What the buffers of all rooms hold. */
export interface ReplayBudget {
  bytes: number;
}

export const createReplayBudget = (): ReplayBudget => ({ bytes: 0 });

/** A bounded list: beyond `max` items, or the bytes of all lists, its oldest are dropped. Offsets count from the first item ever added. */
export class ReplayBuffer<Item> {
  #items: Item[] = [];
  #dropped = 0;

  /** @param bytesOf about what an item takes. */
  constructor(
    private readonly max: number,
    private readonly budget: ReplayBudget,
    private readonly bytesOf: (item: Item) => number,
  ) {}

  get oldest(): Item | undefined {
    return this.#items[0];
  }

  /** The offset after the newest item. */
  get end(): number {
    return this.#dropped + this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.budget.bytes += this.bytesOf(item);
    // Half at a time, so that adding stays cheap.
    while (this.#items.length > this.max || (this.budget.bytes > maxReplayBytes && this.#items.length > 0))
      this.#drop(Math.ceil(this.#items.length / 2));
  }

  /** Items from an offset on, as far as they are kept. */
  since(offset: number): readonly Item[] {
    return this.#items.slice(Math.max(0, offset - this.#dropped));
  }

  clear(): void {
    this.#drop(this.#items.length);
  }

  #drop(count: number): void {
    for (const item of this.#items.slice(0, count)) this.budget.bytes -= this.bytesOf(item);
    this.#items = this.#items.slice(count);
    this.#dropped += count;
  }
}
