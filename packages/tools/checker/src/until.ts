// Waits for a condition that takes requests to check.
import { setTimeout as sleep } from "node:timers/promises";

const pauseMs = 300;

/** Retries until `check` does not throw. Resolves with undefined, or after `boundMs` with the last failure's text. */
export async function failureAfter(boundMs: number, check: () => unknown): Promise<string | undefined> {
  const deadline = performance.now() + boundMs;
  for (;;) {
    try {
      await check();
      return undefined;
    } catch (error) {
      if (performance.now() > deadline) return error instanceof Error ? error.message : String(error);
      await sleep(pauseMs);
    }
  }
}
