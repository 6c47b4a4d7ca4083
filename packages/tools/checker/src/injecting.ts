// Makes parts of the system fail by a plan, ends every fault, and notices parts that fail by themselves.
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, FaultKind, Step } from "./plan.js";
import type { Target } from "./targets.js";

/** Times in milliseconds of performance.now(). */
export interface StepRecord {
  readonly faults: ReadonlyArray<{ readonly kind: FaultKind; readonly name: string; readonly part: string }>;
  readonly startedAt: number;
  endedAt: number;
}

export interface Injection {
  readonly steps: readonly StepRecord[];
  /** Parts that ended by themselves. */
  readonly deaths: readonly string[];
  /** Resolves when the time is over and every fault has ended. Rejects when a part did not come back. */
  readonly finished: Promise<void>;
  /** Stops looking after the parts. */
  close(): void;
}

/** A part that was ended is back by then, however busy the machine. */
const backMs = 120_000;
/** Between attempts to start, as whatever supervises a service makes them. */
const againMs = 500;
const lookMs = 250;

/** Follows the plan until `seconds` have passed; `onStep` is told of each. */
export function injectFaults(
  targets: readonly Target[],
  plan: Iterable<Step>,
  seconds: number,
  onStep: (step: StepRecord) => void,
): Injection {
  const steps: StepRecord[] = [];
  const deaths: string[] = [];
  const failing = new Set<Target>();

  async function commit({ kind, target, holdMs, delayMs }: Fault): Promise<void> {
    await sleep(delayMs);
    failing.add(target);
    if (kind === "kill") await target.kill();
    else if (kind === "pause") await target.pause();
    else await target.shutDown();
    await sleep(holdMs);
    if (kind === "pause") await target.resume();
    else await broughtBack(target);
    failing.delete(target);
  }

  async function run(): Promise<void> {
    const until = performance.now() + seconds * 1_000;
    for (const { faults, calmMs } of plan) {
      await sleep(Math.min(calmMs, Math.max(0, until - performance.now())));
      if (performance.now() >= until) return;
      const now = performance.now();
      const told = faults.map(({ kind, target: { name, part } }) => ({ kind, name, part }));
      const step: StepRecord = { faults: told, startedAt: now, endedAt: now };
      steps.push(step);
      onStep(step);
      await Promise.all(faults.map(commit));
      step.endedAt = performance.now();
    }
  }

  /** Who dies by itself is told of, and started again. */
  const watch = setInterval(() => {
    for (const target of targets) {
      if (failing.has(target) || target.isRunning()) continue;
      deaths.push(`${target.name} ended by itself:\n${target.logTail()}`);
      failing.add(target);
      void broughtBack(target).then(
        () => failing.delete(target),
        (error) => deaths.push(`${target.name} does not come back: ${error}`),
      );
    }
  }, lookMs);
  return { steps, deaths, finished: run(), close: () => clearInterval(watch) };
}

async function broughtBack(target: Target): Promise<void> {
  const deadline = performance.now() + backMs;
  for (;;) {
    try {
      return await target.restart();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${target.name} does not come back`, { cause: error });
      await sleep(againMs);
    }
  }
}
