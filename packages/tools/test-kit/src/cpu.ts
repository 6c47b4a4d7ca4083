// How much the processors worked for this process and for those it started.
import { readFileSync } from "node:fs";

/** Of the kernel's clock, USER_HZ: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const ticksPerSecond = 100;

export interface CpuSeconds {
  readonly own: number;
  /** Of child processes that have ended, and of theirs. One that still runs, or that nobody waited for, is not in it. */
  readonly endedChildren: number;
}

/** User and system time in seconds; zeros where there is no Linux to tell. */
export function cpuSeconds(): CpuSeconds {
  if (process.platform !== "linux") return { own: 0, endedChildren: 0 };
  // The name in parentheses may itself hold spaces; utime is the 14th field, so the 12th after it.
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  const [user = 0, system = 0, childrensUser = 0, childrensSystem = 0] = fields.slice(11, 15).map(Number);
  return { own: (user + system) / ticksPerSecond, endedChildren: (childrensUser + childrensSystem) / ticksPerSecond };
}
