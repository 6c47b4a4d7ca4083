// A server with all its processes, held where they stand and let go on: Postgres is one process a session.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * SIGSTOP: for all others the process hangs, but is there. Resolves when it does, which takes a moment: each thread stops
 * when it next runs. The parent first, so that it begins no more children.
 */
export async function holdTree(pid: number): Promise<void> {
  signal(pid, "SIGSTOP");
  while (!isStill(pid)) await sleep(1);
  for (const child of childrenOf(pid)) await holdTree(child);
}

/** SIGCONT for whatever of it is held. */
export function releaseTree(pid: number): void {
  for (const child of childrenOf(pid)) releaseTree(child);
  signal(pid, "SIGCONT");
}

/** None where the kernel does not list them: then only servers of one process can be held. */
function childrenOf(pid: number): number[] {
  return contentOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** What each thread does, by the kernel's letters: stopped, stopped by a debugger, or at its end. */
const still: ReadonlySet<string> = new Set("TtZX");

/** Also where the kernel does not say. */
function isStill(pid: number): boolean {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  // The letter comes after the name, which is in parentheses and may hold any character.
  const states = threads.map((id) => /^.*\) (\w)/s.exec(contentOf(`/proc/${pid}/task/${id}/stat`))?.[1] ?? "X");
  return states.every((state) => still.has(state));
}

/** Empty when there is no such file, or no longer. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** A process may end between the list and its signal. */
function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
