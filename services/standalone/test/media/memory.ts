// The memory that a process reports.
import { setTimeout as sleep } from "node:timers/promises";

const everyMs = 50;

/** Resident bytes of the process behind `url`. */
export async function residentBytes(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes\S* (\S+)$/m.exec(metrics)?.[1]);
}

/** Runs `work`, and resolves with its result and the most memory that the process had meanwhile. */
export async function watchMemory<T>(url: string, work: () => Promise<T>): Promise<{ result: T; most: number }> {
  const ended = new AbortController();
  let most = 0;
  async function watch(): Promise<void> {
    while (!ended.signal.aborted) {
      most = Math.max(most, await residentBytes(url));
      await sleep(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
  const watching = watch();
  try {
    const result = await work();
    return { result, most };
  } finally {
    ended.abort();
    await watching;
  }
}
