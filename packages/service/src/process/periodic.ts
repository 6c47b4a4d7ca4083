// Background work that is done at intervals, never twice at a time.

export interface Periodic {
  /** Does the work now; while it is in progress, once more after that. Resolves when this run has ended. Never rejects. */
  run(): Promise<void>;
  /** The same at a random moment within this time, so that replicas with the same reason do not all do it at once. */
  runWithin(ms: number): void;
  /** Ends the intervals, aborts the signal, and waits for a run in progress. */
  stop(): Promise<void>;
}

export interface PeriodicOptions {
  /** From the beginning of one run to that of the next, which is left out while another is in progress. */
  readonly intervalMs: number;
  /** Called with what `work` throws. */
  readonly onError: (error: unknown) => void;
}

/** The first run is after `intervalMs`. `work` should end early once its signal is aborted. Does not keep the process alive. */
export function startPeriodic(
  work: (signal: AbortSignal) => Promise<void> | void,
  { intervalMs, onError }: PeriodicOptions,
): Periodic {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let soon: NodeJS.Timeout | undefined;

  async function doWork(): Promise<void> {
    try {
      await work(signal);
    } catch (error) {
      onError(error);
    }
  }

  function run(): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (!current) {
      current = doWork().finally(() => {
        current = undefined;
      });
      return current;
    }
    next ??= current.then(() => {
      next = undefined;
      return run();
    });
    return next;
  }

  // biome-ignore lint/style/noRestrictedGlobals: the one place for it
  const timer = setInterval(() => {
    if (!current) void run();
  }, intervalMs);
  timer.unref();

  return {
    run,
    runWithin(ms) {
      soon ??= setTimeout(() => {
        soon = undefined;
        void run();
      }, Math.random() * ms).unref();
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      clearTimeout(soon);
      await (next ?? current);
    },
  };
}
