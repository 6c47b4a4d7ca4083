// A server with all its processes, held where they stand and let go on: Postgres is one process a session.
import { readFileSync } from "node:fs";

/** SIGSTOP: for all others the process hangs, but is there. The parent first, so that it begins no more children. */
export function holdTree(pid: number): void {
  signal(pid, "SIGSTOP");
  for (const child of childrenOf(pid)) holdTree(child);
}

/** SIGCONT for whatever of it is held. */
export function releaseTree(pid: number): void {
  for (const child of childrenOf(pid)) releaseTree(child);
  signal(pid, "SIGCONT");
}

/** None where the kernel does not list them: then only servers of one process can be held. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
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
