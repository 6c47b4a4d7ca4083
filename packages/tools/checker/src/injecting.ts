// Injects faults into parts of the system by a plan, ends every fault, and detects parts that fail by themselves.
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
  /** Parts that exited by themselves. */
  readonly deaths: readonly string[];
  /** Resolves when the time is over and every fault has ended. Rejects when a part did not restart. */
  readonly finished: Promise<void>;
  /** Stops monitoring the parts. */
  close(): void;
}

/** A part has restarted by then, even on a busy machine. */
const restartTimeoutMs = 120_000;
/** Between attempts to restart, as a supervisor does. */
const restartRetryMs = 500;
const pollIntervalMs = 250;

/** Runs the plan until `seconds` have passed; `onStep` is called at the beginning of each step. */
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
    else await bringBack(target);
    failing.delete(target);
  }

  async function run(): Promise<void> {
    const until = performance.now() + seconds * 1_000;
    for (const { faults, calmMs } of plan) {
      await sleep(Math.min(calmMs, Math.max(0, until - performance.now())));
      if (performance.now() >= until) return;
      const now = performance.now();
      const records = faults.map(({ kind, target: { name, part } }) => ({ kind, name, part }));
      const step: StepRecord = { faults: records, startedAt: now, endedAt: now };
      steps.push(step);
      onStep(step);
      await Promise.all(faults.map(commit));
      step.endedAt = performance.now();
    }
  }

  /** Records and restarts parts that exited by themselves. */
  const monitor = setInterval(() => {
    for (const target of targets) {
      if (failing.has(target) || target.isRunning()) continue;
      deaths.push(`${target.name} ended by itself:\n${target.logTail()}`);
      failing.add(target);
      void bringBack(target).then(
        () => failing.delete(target),
        (error) => deaths.push(`${target.name} does not come back: ${error}`),
      );
    }
  }, pollIntervalMs);
  return { steps, deaths, finished: run(), close: () => clearInterval(monitor) };
}

async function bringBack(target: Target): Promise<void> {
  const deadline = performance.now() + restartTimeoutMs;
  for (;;) {
    try {
      return await target.restart();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${target.name} does not come back`, { cause: error });
      await sleep(restartRetryMs);
    }
  }
}
