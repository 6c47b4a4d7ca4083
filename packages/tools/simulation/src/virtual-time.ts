// Puts a scheduler's clock, timers and randomness in the place of Node's, for all code of this thread.
import { createRequire, syncBuiltinESMExports } from "node:module";
import type { Scheduler, Task } from "./scheduler.js";

const timersPromises = createRequire(import.meta.url)("node:timers/promises") as Record<string, unknown>;

/** When every schedule begins, in ms since 1970. */
const epoch = Date.UTC(2026, 0, 1);
/** What code asks a timer besides clearing it. */
const timerMethods = {
  ref() {
    return this;
  },
  unref() {
    return this;
  },
  hasRef: () => true,
};

/**
 * Runs `work` on the clock of whatever scheduler `active` returns then. Promises are Node's own: their order is determined.
 * The promise of `process.nextTick` stays real as well, and so does what `work` has kept of the real functions.
 */
export async function withVirtualTime<Result>(active: () => Scheduler, work: () => Promise<Result>): Promise<Result> {
  const cancel = (task: (Task & typeof timerMethods) | undefined) => {
    if (task) task.cancelled = true;
  };
  const timer = (task: Task) => Object.assign(task, timerMethods);
  function startTimeout(run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) {
    const scheduler = active();
    return timer(scheduler.after(Math.max(1, ms), scheduler.current, `timer ${ms}`, () => run(...args)));
  }
  function startInterval(run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) {
    const scheduler = active();
    const { current } = scheduler;
    const handle = timer({ cancelled: false });
    const next = () =>
      void scheduler.after(Math.max(1, ms), current, `interval ${ms}`, () => {
        if (handle.cancelled) return;
        next();
        run(...args);
      });
    next();
    return handle;
  }
  const startImmediate = (run: (...args: unknown[]) => void, ...args: unknown[]) =>
    timer(active().immediate(() => run(...args)));

  const restore = [
    replace(globalThis, {
      setTimeout: startTimeout,
      clearTimeout: cancel,
      setInterval: startInterval,
      clearInterval: cancel,
      setImmediate: startImmediate,
      clearImmediate: cancel,
    }),
    replace(timersPromises, {
      setTimeout: (ms: number, value?: unknown) => new Promise((resolve) => startTimeout(() => resolve(value), ms)),
      setImmediate: (value?: unknown) => new Promise((resolve) => startImmediate(() => resolve(value))),
    }),
    replace(Date, { now: () => epoch + Math.floor(active().now) }),
    replace(performance, { now: () => active().now }),
    replace(Math, { random: () => active().codeRandom.draw() }),
    replace(crypto, { randomUUID: () => `uuid-${active().codeRandom.draw()}` }),
  ];
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    for (const undo of restore) undo();
    syncBuiltinESMExports();
  }
}

/** Sets properties of an object; the function returned restores what they were. */
function replace(target: object, properties: Readonly<Record<string, unknown>>): () => void {
  const before = Object.keys(properties).map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const);
  for (const [name, value] of Object.entries(properties))
    Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: true });
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else Reflect.deleteProperty(target, name);
    }
  };
}
