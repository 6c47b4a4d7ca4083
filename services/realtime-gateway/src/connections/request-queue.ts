// Runs the requests of one client one at a time, in order.

interface Request {
  readonly bytes: number;
  readonly run: () => Promise<void>;
}

export class RequestQueue {
  /** Bytes of the requests that wait. */
  waitingBytes = 0;
  /** Requests waiting behind the one in flight; null when none is in flight. */
  #waiting: Request[] | null = null;

  /** Whether a request is in flight. */
  get busy(): boolean {
    return this.#waiting !== null;
  }

  /** `run` must never reject; `bytes` is what it holds while it waits. */
  enqueue(bytes: number, run: () => Promise<void>): void {
    if (this.#waiting === null) void this.#run(run);
    else {
      this.waitingBytes += bytes;
      this.#waiting.push({ bytes, run });
    }
  }

  /** Resolves when those until now have been run. */
  idle(): Promise<void> {
    return new Promise((resolve) => this.enqueue(0, async () => resolve()));
  }

  async #run(first: () => Promise<void>): Promise<void> {
    const waiting: Request[] = [];
    this.#waiting = waiting;
    await first();
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      this.waitingBytes -= next.bytes;
      await next.run();
    }
    this.#waiting = null;
  }
}
