// Memory of a process and of all that it started. Linux only.
import { readdirSync, readFileSync } from "node:fs";

/**
 * Megabytes by program name: each process's own pages, and its share of those that it has in common with others
 * (proc_pid_smaps(5), Pss), so that the sum counts every page once.
 */
export function memoryOf(pid: number): Map<string, number> {
  const parents = new Map(processIds().flatMap((id) => parentOf(id)));
  const used = new Map<string, number>();
  for (const id of parents.keys()) {
    if (!descends(id, pid, parents)) continue;
    const name = read(`/proc/${id}/comm`).trim();
    const kilobytes = Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0);
    used.set(name, (used.get(name) ?? 0) + kilobytes / 1024);
  }
  return used;
}

const processIds = (): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((id) => Number.isInteger(id));

/** The fields after the name, which may hold spaces and brackets: state, parent. */
function parentOf(id: number): Array<readonly [number, number]> {
  const parent = read(`/proc/${id}/stat`).replace(/^.*\)/s, "").trim().split(" ")[1];
  return parent === undefined ? [] : [[id, Number(parent)]];
}

function descends(id: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = id; at; at = parents.get(at)) if (at === ancestor) return true;
  return false;
}

/** Empty where it has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
