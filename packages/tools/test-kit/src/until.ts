// How tests wait: for a condition, never for a time.
import { setTimeout as sleep } from "node:timers/promises";

const timeoutMs = 30_000;

/** Resolves when `condition` holds; it is asked every millisecond. Rejects after 30 s, saying `what` did not come about. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await sleep(1);
  }
}
