// A fair lock: one holder at a time, the others in the order they came.
import { DatabaseUnavailable } from "./failures.js";

interface Waiter {
  grant(): void;
  refuse(error: Error): void;
}

export interface Turns {
  /**
   * Waits for the turn and returns the function that ends it; calling that twice does nothing.
   *
   * @throws DatabaseUnavailable after `waitMs`, and once closed
   */
  take(): Promise<() => void>;
  busy(): boolean;
  waiting(): number;
  /** Refuses everyone who waits or comes later, then waits for the present holder, at most `waitMs`. */
  close(): Promise<void>;
}

/** @param waitMs how long anyone waits before being refused; also what ends a deadlock of a caller with itself */
export function openTurns(waitMs: number): Turns {
  const waiters = new Set<Waiter>();
  let held = false;
  let closed = false;

  function wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiters.delete(waiter);
        reject(new DatabaseUnavailable(`the database was busy for ${waitMs} ms`));
      }, waitMs);
      const waiter: Waiter = {
        grant() {
          clearTimeout(timer);
          resolve();
        },
        refuse(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      waiters.add(waiter);
    });
  }

  function pass(): void {
    const [next] = waiters;
    held = next !== undefined;
    if (!next) return;
    waiters.delete(next);
    next.grant();
  }

  function turn(): () => void {
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      pass();
    };
  }

  return {
    async take() {
      if (closed) throw new DatabaseUnavailable("the database is closed");
      if (held) await wait();
      held = true;
      return turn();
    },
    busy: () => held,
    waiting: () => waiters.size,
    async close() {
      closed = true;
      for (const waiter of waiters) waiter.refuse(new DatabaseUnavailable("the database is closed"));
      waiters.clear();
      if (held) await wait().catch(() => undefined);
    },
  };
}
