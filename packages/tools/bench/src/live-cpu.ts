// CPU time of a contender's servers, and of the rest of the machine, during some work.
import type { Contender } from "./contenders.js";
import { cpuBetween, cpuSeconds, elsewhere } from "./cpu.js";

export interface Usage {
  /** User and system seconds of the servers. */
  readonly servers: number;
  /** CPU seconds of programs that the bench did not start, for each second. */
  readonly elsewhere: number;
}

/** Does the work and returns its result with the CPU time used. Zeros where there is no /proc. */
export async function withUsage<T>(contender: Contender, work: () => Promise<T>): Promise<{ usage: Usage; result: T }> {
  const known = Object.fromEntries(contender.servers.map(({ pid }) => [`server ${pid}`, pid]));
  const started = performance.now();
  const before = cpuSeconds(known);
  const result = await work();
  const used = cpuBetween(before, cpuSeconds(known));
  const seconds = (performance.now() - started) / 1000;
  const servers = Object.keys(known).reduce((total, name) => total + (used.get(name) ?? 0), 0);
  return { result, usage: { servers, elsewhere: (used.get(elsewhere) ?? 0) / seconds } };
}
