// What happens to this process and its children while something runs: how long its event loop stands still, and their memory.
import { readdirSync, readFileSync } from "node:fs";

export interface Watched<T> {
  readonly result: T;
  /** The longest that nothing else could run, ms. */
  readonly blockedMs: number;
  /** The most resident bytes that all children had together; 0 where the system does not tell. */
  readonly childBytes: number;
}

const everyMs = 20;

/** Runs `work` and watches meanwhile. */
export async function watching<T>(work: () => Promise<T>): Promise<Watched<T>> {
  let [last, blockedMs, childBytes] = [performance.now(), 0, 0];
  const timer = setInterval(() => {
    const looked = performance.now();
    blockedMs = Math.max(blockedMs, looked - last - everyMs);
    childBytes = Math.max(childBytes, descendantBytes(process.pid));
    // What this look itself takes is none of it.
    last = performance.now();
  }, everyMs);
  try {
    const result = await work();
    return { result, blockedMs, childBytes };
  } finally {
    clearInterval(timer);
  }
}

/** Resident bytes of all that a process has started, and of what that has. */
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
