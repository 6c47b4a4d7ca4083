// CPU seconds of this process's descendants. Linux only.
import { readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** User and system time, including that of children that have exited. */
  readonly seconds: number;
}

/** proc(5): times are in clock ticks, of which Linux shows 100 a second to every program. */
const ticksPerSecond = 100;

/** Used by other programs on the machine: shows how far to trust the figures. */
export const elsewhere = "(elsewhere on the machine)";

/**
 * By name: those of `known` by pid, other children of this process by their program, and all the rest as `elsewhere`.
 * Empty where there is no /proc.
 */
export function cpuSeconds(known: Readonly<Record<string, number>>): Map<string, number> {
  const names = new Map(Object.entries(known).map(([name, pid]) => [pid, name]));
  const processes = new Map(readProcesses().map((found) => [found.pid, found]));
  const seconds = new Map<string, number>();
  for (const found of processes.values()) {
    const root = rootOf(found, processes);
    if (!root) continue;
    const name = names.get(root.pid) ?? root.name;
    seconds.set(name, (seconds.get(name) ?? 0) + found.seconds);
  }
  const own = [...seconds.values()].reduce((total, some) => total + some, 0);
  if (seconds.size > 0) seconds.set(elsewhere, machineSeconds() - own);
  return seconds;
}

/** The CPU time that each used between two readings. */
export function cpuBetween(before: Map<string, number>, after: Map<string, number>): Map<string, number> {
  return new Map([...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]));
}

/** The ancestor, or the process itself, that is a child of this process. */
function rootOf(found: Process, processes: ReadonlyMap<number, Process>): Process | undefined {
  let current: Process | undefined = found;
  while (current && current.parent !== process.pid) current = processes.get(current.parent);
  return current;
}

/** proc(5): user, nice, system, then idle and waiting, then interrupts, of all cores since the start. */
function machineSeconds(): number {
  const ticks = readFileSync("/proc/stat", "latin1").split("\n", 1)[0]!.trim().split(/ +/).slice(1).map(Number);
  return [0, 1, 2, 5, 6].reduce((total, field) => total + (ticks[field] ?? 0), 0) / ticksPerSecond;
}

function readProcesses(): Process[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => readStat(Number(pid)));
  } catch {
    return [];
  }
}

function readStat(pid: number): Process[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name may contain spaces and brackets.
    const open = text.indexOf("(");
    const close = text.lastIndexOf(")");
    const fields = text.slice(close + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((total, field) => total + Number(fields[field]), 0);
    return [{ pid, name: text.slice(open + 1, close), parent: Number(fields[1]), seconds: ticks / ticksPerSecond }];
  } catch {
    return []; // It ended meanwhile.
  }
}
