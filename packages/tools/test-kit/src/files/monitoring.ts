// Monitors this process while something runs: how long its event loop is blocked, and the memory of its child processes.
import { readdirSync, readFileSync } from "node:fs";

export interface Monitored<T> {
  readonly result: T;
  /** The longest time that the event loop was blocked, ms. */
  readonly blockedMs: number;
  /** The most resident bytes that all child processes had together; 0 where the system does not report them. */
  readonly childBytes: number;
}

const pollIntervalMs = 20;

/** Runs `work` and monitors the process until it has ended. */
export async function monitoring<T>(work: () => Promise<T>): Promise<Monitored<T>> {
  let [last, blockedMs, childBytes] = [performance.now(), 0, 0];
  const timer = setInterval(() => {
    const polledAt = performance.now();
    blockedMs = Math.max(blockedMs, polledAt - last - pollIntervalMs);
    childBytes = Math.max(childBytes, descendantBytes(process.pid));
    // The time that polling itself takes does not count.
    last = performance.now();
  }, pollIntervalMs);
  try {
    const result = await work();
    return { result, blockedMs, childBytes };
  } finally {
    clearInterval(timer);
  }
}

/** Resident bytes of all descendants of a process. */
export function descendantBytes(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child) + descendantBytes(child), 0);
}

function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"));
    return lists.flatMap((list) => list.trim().split(" ").filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
