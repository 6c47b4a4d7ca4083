// The worker's side of a worker pool: runs jobs one after another, and reports the outcome of each.
import type { WorkerMessage } from "./worker-pool.js";

/** Calls `handle` with each job. What it throws reaches the pool's caller as an Error with its message and own fields. */
export function serveJobs<Job, Result>(handle: (job: Job) => Promise<Result>): void {
  const send = (message: WorkerMessage) => process.send?.(message);
  process.on("message", async (job: Job) => {
    try {
      send({ result: await handle(job) });
    } catch (error) {
      const { message = String(error), stack: _stack, cause: _cause, ...fields } = error as Error;
      send({ failure: { message, fields } });
    }
  });
  process.on("disconnect", () => process.exit());
  // A terminal sends these to every process of its group; the parent decides when jobs in flight end.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  send({ ready: true });
}
