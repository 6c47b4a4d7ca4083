// Worker processes for code that untrusted input may make hang, grow or crash: each has one job at a time, and is killed at its deadline.
// piscina and tinypool cannot start a process under limits of the kernel; workerpool keeps idle ones, and this process alive with them.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { codeRangeBytes, withResourceLimits } from "./resource-limits.js";

export interface WorkerPoolOptions {
  /** The module that calls `serveJobs`. */
  readonly entry: URL;
  /** The limit of a worker's writable memory, where the system has one (RLIMIT_DATA). A Node process begins with some 150 MB. */
  readonly dataBytes: number;
  /** How long a worker without a job is kept, ms; 30 s by default. */
  readonly idleMs?: number;
}

export interface WorkerPool<Job, Result> {
  /**
   * Runs `job` on a free worker, else on a new one: the caller bounds how many are in flight. Rejects with what the job threw (an
   * Error with its message and fields), with WorkerEnded when the job took longer than `deadlineMs` or its worker did not survive it, and
   * with WorkerUnavailable when no worker is available.
   */
  run(job: Job, deadlineMs: number): Promise<Result>;
  /** Kills the workers; jobs in flight reject with WorkerUnavailable. */
  close(): void;
}

/** The worker ended during its job: at the deadline, or by a crash, which includes running out of memory. */
export class WorkerEnded extends Error {
  override readonly name = "WorkerEnded";
  constructor(readonly timedOut: boolean) {
    super(timedOut ? "the job took too long" : "the worker did not survive the job");
  }
}

/** No worker could be started, or it was ended for a reason outside its job. */
export class WorkerUnavailable extends Error {
  override readonly name = "WorkerUnavailable";
}

/** The messages of a worker: that it is ready, then the outcome of each job. */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly result: unknown }
  | { readonly failure: { readonly message: string; readonly fields: object } };

/** On a loaded machine a process takes seconds to start. */
const startTimeoutMs = 60_000;
const defaultIdleMs = 30_000;
/** A worker that has worked for this long is replaced, so that the limit on its CPU is for the last job alone. */
const wornMs = 60_000;
/** Ends one whose parent is gone while it hangs. Beyond what it may have used when it is worn, with two threads that work. */
const cpuSeconds = 240;

export function createWorkerPool<Job, Result>(options: WorkerPoolOptions): WorkerPool<Job, Result> {
  const { idleMs = defaultIdleMs } = options;
  const workers = new Set<Worker>();
  const idle: Worker[] = [];
  let closed = false;

  async function acquire(): Promise<Worker> {
    for (let worker = idle.pop(); worker; worker = idle.pop()) if (worker.isAlive()) return worker;
    const worker = startWorker(options, () => workers.delete(worker));
    workers.add(worker);
    await worker.started;
    return worker;
  }

  return {
    async run(job, deadlineMs) {
      if (closed) throw new WorkerUnavailable("the pool is closed");
      const worker = await acquire();
      try {
        const result = (await worker.run(job, deadlineMs)) as Result;
        if (worker.workedMs() > wornMs) worker.kill();
        else {
          idle.push(worker);
          worker.killAfter(idleMs);
        }
        return result;
      } catch (error) {
        // The failed job may have left its memory full.
        worker.kill();
        throw error;
      }
    },
    close() {
      closed = true;
      for (const worker of workers) worker.kill();
    },
  };
}

interface Worker {
  readonly started: Promise<void>;
  run(job: unknown, deadlineMs: number): Promise<unknown>;
  isAlive(): boolean;
  workedMs(): number;
  /** Kills the worker after `ms`, unless it gets a job before. */
  killAfter(ms: number): void;
  kill(): void;
}

interface Outcome {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function startWorker({ entry, dataBytes }: WorkerPoolOptions, onEnd: () => void): Worker {
  const limits = { dataBytes: dataBytes + codeRangeBytes(), cpuSeconds };
  const [program, args] = withResourceLimits(process.execPath, [fileURLToPath(entry)], limits);
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    serialization: "advanced",
    // No inherited environment, so no secrets. Without MALLOC_ARENA_MAX glibc keeps memory for each thread.
    env: { MALLOC_ARENA_MAX: "2" },
  });
  let alive = true;
  let timedOut = false;
  let killed = false;
  let worked = 0;
  let timer: NodeJS.Timeout | undefined;
  let waiting: Outcome | undefined;

  const kill = () => {
    killed = true;
    child.kill("SIGKILL");
  };
  const finish = (report: (outcome: Outcome) => void) => {
    clearTimeout(timer);
    const outcome = waiting;
    waiting = undefined;
    // An idle worker does not keep this process alive.
    child.unref();
    child.channel?.unref();
    if (outcome) report(outcome);
  };
  const wait = (deadlineMs: number) =>
    new Promise<unknown>((resolve, reject) => {
      clearTimeout(timer);
      waiting = { resolve, reject };
      child.ref();
      child.channel?.ref();
      timer = setTimeout(() => {
        timedOut = true;
        kill();
      }, deadlineMs);
    });
  const end = (how: string) => {
    if (!alive) return;
    alive = false;
    const bySystem = killed ? !timedOut : how === "SIGKILL";
    finish(({ reject }) => reject(bySystem ? new WorkerUnavailable(how) : new WorkerEnded(timedOut)));
    onEnd();
  };
  child.on("message", (message: WorkerMessage) => {
    finish(({ resolve, reject }) => {
      if ("failure" in message) reject(Object.assign(new Error(message.failure.message), message.failure.fields));
      else resolve("result" in message ? message.result : undefined);
    });
  });
  child.on("exit", (code, signal) => end(signal ?? `exit code ${code}`));
  child.on("error", (error) => end(error.message));

  const started = wait(startTimeoutMs).catch((cause: unknown) => {
    throw new WorkerUnavailable("a worker did not start", { cause });
  });
  return {
    started: started.then(() => undefined),
    async run(job, deadlineMs) {
      const began = performance.now();
      const outcome = wait(deadlineMs);
      // A failed send is reported by the worker's exit.
      child.send(job as object, () => undefined);
      try {
        return await outcome;
      } finally {
        worked += performance.now() - began;
      }
    },
    isAlive: () => alive && !killed,
    workedMs: () => worked,
    killAfter(ms) {
      timer = setTimeout(kill, ms).unref();
    },
    kill,
  };
}
