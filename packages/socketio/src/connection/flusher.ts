// Writes the queued frames of all connections once per turn of the event loop.

export interface Flushable {
  /** Writes everything that is queued. Must not throw. */
  flush(): void;
}

/** At 6 µs per write (the kernel's share) a batch takes about 6 ms; the event loop gets a turn between batches. */
const batchSize = 1000;

/**
 * The list of connections with something to write. It runs in setImmediate, not in a microtask: the check phase comes
 * after every callback of the poll phase, so all messages of one turn, from whichever sockets, are combined into one
 * write per connection. A microtask would run between any two of those callbacks.
 */
export class Flusher {
  /** Connections flushed since the start. */
  writes = 0;
  /** Being flushed, from `#next` on. */
  #current: Flushable[] = [];
  #next = 0;
  /** Added meanwhile. A connection is in it once, so both lists together are never longer than twice the connections. */
  #added: Flushable[] = [];
  #scheduled = false;
  readonly #run = () => this.#flushBatch();

  /** Flushes `connection` at the end of this turn. It must not be pending already. */
  add(connection: Flushable): void {
    this.#added.push(connection);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  #flushBatch(): void {
    this.#scheduled = false;
    if (this.#current.length === 0) {
      this.#current = this.#added;
      this.#added = [];
    }
    const end = Math.min(this.#current.length, this.#next + batchSize);
    this.writes += end - this.#next;
    while (this.#next < end) this.#current[this.#next++]?.flush();
    if (this.#next === this.#current.length) {
      this.#current = [];
      this.#next = 0;
    }
    if (this.#current.length > 0 || this.#added.length > 0) this.#schedule();
  }
}
