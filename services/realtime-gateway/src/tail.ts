// What went through lately: kept while someone needs it, and no more of it than a bound.

/** A list that forgets its oldest items. Places are counted from the first item ever added. */
export class Tail<Item> {
  #items: Item[] = [];
  #forgotten = 0;

  constructor(private readonly max: number) {}

  /** The place after the newest item. */
  get end(): number {
    return this.#forgotten + this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
    // Half at a time, so that adding stays cheap.
    if (this.#items.length > this.max) this.#forget(this.max / 2);
  }

  /** Items from a place on, as far as they are remembered. */
  since(place: number): readonly Item[] {
    return this.#items.slice(Math.max(0, place - this.#forgotten));
  }

  clear(): void {
    this.#forget(this.#items.length);
  }

  #forget(count: number): void {
    this.#items = this.#items.slice(count);
    this.#forgotten += count;
  }
}
