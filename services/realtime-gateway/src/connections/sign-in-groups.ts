// Lets clients that sign in at about the same time go on together: what each asks of other servers goes in one question for all.
import { setTimeout as sleep } from "node:timers/promises";

export interface SignInGroups {
  /** Resolves when the next group goes on: at once, unless another one did within the interval. */
  next(): Promise<void>;
}

/** Of two groups: when thousands sign in in a second, there are dozens in one. */
const intervalMs = 10;

export function createSignInGroups(): SignInGroups {
  let lastAt = Number.NEGATIVE_INFINITY;
  let waiting: Promise<void> | undefined;

  async function nextGroup(): Promise<void> {
    // Waits in any case, so that `waiting` is set by then.
    await sleep(Math.max(0, lastAt + intervalMs - performance.now()));
    lastAt = performance.now();
    waiting = undefined;
  }

  return {
    next() {
      waiting ??= nextGroup();
      return waiting;
    },
  };
}
