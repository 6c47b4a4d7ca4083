// A herd signs in at one server and joins a room there: how long it takes, and what it costs the server's processes.
import { setTimeout as sleep } from "node:timers/promises";
import { cpuBetween, cpuSeconds } from "../cpu.js";
import { sum } from "../statistics.js";
import type { Herd, HerdResult, HerdTask, Visitor } from "./herd-tasks.js";
import type { Rival } from "./rivals.js";

export interface Passage {
  /** From the first connection to the last answer. */
  readonly seconds: number;
  /** CPU milliseconds of each process for one socket, what it uses when nothing happens taken off. */
  readonly cpu: ReadonlyMap<string, number>;
  /** Received by one socket. */
  readonly bytes: number;
}

export interface PassagePlan {
  /** Whether the sockets join once all have signed in. */
  readonly joins: boolean;
  /** What a process does within this time afterwards belongs to what it did: presence, for example. */
  readonly settleMs: number;
  /** For how long is measured what the processes do by themselves. */
  readonly idleMs: number;
}

/** Takes the visitors, a list for each herd, through their steps. Their sockets are closed afterwards. */
export async function pass(
  rival: Rival,
  herds: readonly Herd[],
  visitors: readonly (readonly Visitor[])[],
  { joins, settleMs, idleMs }: PassagePlan,
): Promise<{ readonly signIn: Passage; readonly join: Passage | undefined }> {
  const all = async (task: (n: number) => HerdTask): Promise<HerdResult[]> => {
    const running = herds.map((herd, n) => herd.run(task(n)));
    // A herd takes one task at a time.
    await Promise.allSettled(running);
    return Promise.all(running);
  };
  const bytesNow = async () => sum((await all(() => ({ task: "count" }))).map(({ bytes }) => bytes));
  const sockets = sum(visitors.map(({ length }) => length));

  const idle = await cpuDuring(rival, () => sleep(idleMs));
  const measure = async (task: (n: number) => HerdTask): Promise<Passage> => {
    const before = await bytesNow();
    const used = await cpuDuring(rival, async () => {
      const results = await all(task);
      await sleep(settleMs);
      return results;
    });
    const [startedAt, endedAt] = [used.result.map((one) => one.startedAt), used.result.map((one) => one.endedAt)];
    const background = (name: string) => (idle.cpu.get(name) ?? 0) * (used.ms / idle.ms);
    return {
      seconds: (Math.max(...endedAt) - Math.min(...startedAt)) / 1_000,
      cpu: new Map(
        [...used.cpu].map(([name, seconds]) => [name, (Math.max(0, seconds - background(name)) / sockets) * 1_000]),
      ),
      bytes: ((await bytesNow()) - before) / sockets,
    };
  };
  try {
    const signIn = await measure((n) => ({ task: "sign in", visitors: visitors[n]! }));
    return { signIn, join: joins ? await measure(() => ({ task: "join" })) : undefined };
  } catch (cause) {
    throw new Error(`the herd does not come through at ${rival.name}`, { cause });
  } finally {
    await all(() => ({ task: "close" }));
  }
}

/** Does the work and returns its result with the CPU seconds of the rival's processes meanwhile. */
async function cpuDuring<T>(rival: Rival, work: () => Promise<T>) {
  const startedAt = performance.now();
  const before = cpuSeconds(rival.pids);
  const result = await work();
  const names = new Set([...Object.keys(rival.pids), ...rival.backends]);
  const used = [...cpuBetween(before, cpuSeconds(rival.pids))].filter(([name]) => names.has(name));
  return { result, cpu: new Map(used), ms: performance.now() - startedAt };
}
