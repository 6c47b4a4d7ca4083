// Suspends and resumes a server with all its child processes: Postgres has one process per session.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * SIGSTOP: the process still exists, but hangs. Resolves when it does, which takes a moment: each thread stops when it is next
 * scheduled. The parent first, so that it starts no more children.
 */
export async function holdTree(pid: number): Promise<void> {
  signal(pid, "SIGSTOP");
  while (!isStill(pid)) await sleep(1);
  for (const child of childrenOf(pid)) await holdTree(child);
}

/** SIGCONT for all of its suspended processes. */
export function releaseTree(pid: number): void {
  for (const child of childrenOf(pid)) releaseTree(child);
  signal(pid, "SIGCONT");
}

/** Empty where the kernel does not list them: then only single-process servers can be suspended. */
function childrenOf(pid: number): number[] {
  return contentOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** States of stopped threads, by the kernel's letters: stopped, stopped by a debugger, or exiting. */
const still: ReadonlySet<string> = new Set("TtZX");

/** True also where the kernel does not tell. */
function isStill(pid: number): boolean {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  // The letter follows the name, which is in parentheses and may contain any character.
  const states = threads.map((id) => /^.*\) (\w)/s.exec(contentOf(`/proc/${pid}/task/${id}/stat`))?.[1] ?? "X");
  return states.every((state) => still.has(state));
}

/** Empty when there is no such file. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** A process may exit between being listed and signalled. */
function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
