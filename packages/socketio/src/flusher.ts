// Writes what connections have gathered, once a turn of the event loop.

export interface Dirty {
  /** Writes all that is waiting. Must not throw. */
  flush(): void;
}

/** At 6 µs a write (the kernel's share) a slice is about 6 ms; the event loop gets a turn between slices. */
const sliceLength = 1000;

/**
 * The one list of connections with something to write. It runs in setImmediate, not in a microtask: the check phase comes
 * after every callback of the poll phase, so all messages of one turn, from whichever sockets, are gathered into one
 * write a connection. A microtask would run between any two of those callbacks.
 */
export class Flusher {
  /** Connections flushed, ever. */
  writes = 0;
  #due: Dirty[] = [];
  #next = 0;
  #scheduled = false;
  readonly #run = () => this.#flushSlice();

  add(dirty: Dirty): void {
    this.#due.push(dirty);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }

  #flushSlice(): void {
    this.#scheduled = false;
    const end = Math.min(this.#due.length, this.#next + sliceLength);
    this.writes += end - this.#next;
    while (this.#next < end) this.#due[this.#next++]?.flush();
    if (this.#next < this.#due.length) this.#schedule();
    else {
      this.#due = [];
      this.#next = 0;
    }
  }
}

/** Above this a copy costs more than it saves, and the chunks go to the kernel as one vectored write. */
const copyLimit = 64 * 1024;

/**
 * Joins frames into one chunk. In a room's fan-out, neighbours are due exactly the same frames, so the last join is
 * remembered: the sockets of a room then share one chunk instead of copying it each.
 */
export class Gatherer {
  #frames: readonly Buffer[] = [];
  #chunk: Buffer | undefined;

  /** The frames as one chunk, or undefined if they are too large to copy. `frames` must not change afterwards. */
  join(frames: readonly Buffer[], bytes: number): Buffer | undefined {
    if (bytes > copyLimit) return undefined;
    if (this.#chunk === undefined || !sameFrames(frames, this.#frames)) {
      this.#frames = frames;
      this.#chunk = Buffer.concat(frames, bytes);
    }
    return this.#chunk;
  }
}

function sameFrames(left: readonly Buffer[], right: readonly Buffer[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i += 1) if (left[i] !== right[i]) return false;
  return true;
}
