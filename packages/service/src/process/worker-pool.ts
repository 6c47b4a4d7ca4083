// Worker processes for code that foreign bytes may make hang, grow or crash: each has one job at a time, and is killed at its deadline.
// piscina and tinypool cannot start a process under limits of the kernel; workerpool keeps idle ones, and this process alive with them.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { codeRangeBytes, withResourceLimits } from "./resource-limits.js";

export interface WorkerPoolOptions {
  /** The module that calls `serveJobs`. */
  readonly entry: URL;
  /** What a worker may write to, all in all, where the system can bound it (RLIMIT_DATA). A Node process begins with some 150 MB. */
  readonly dataBytes: number;
  /** How long a worker without a job is kept, ms; 30 s by default. */
  readonly idleMs?: number;
}

export interface WorkerPool<Job, Result> {
  /**
   * Hands `job` to a worker that is free, else to a new one: the caller bounds how many are in flight. Rejects with what the job threw (an
   * Error with its message and fields), with WorkerEnded when the job took longer than `deadlineMs` or its worker did not survive it, and
   * with WorkerUnavailable when there is no worker to be had.
   */
  run(job: Job, deadlineMs: number): Promise<Result>;
  /** Kills the workers; jobs in flight reject with WorkerUnavailable. */
  close(): void;
}

/** The worker ended over its job: at the deadline, or by a crash, which is what running out of memory comes to as well. */
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

/** What a worker sends: that it takes jobs, then the outcome of each one. */
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
/** For a worker that is not built: one that only tests have. */
const sourceLoader = ["--import=tsx", "--conditions=@khui/source"];

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
        // Whatever failed may have left it with its memory full.
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
  /** Unless a job comes before. */
  killAfter(ms: number): void;
  kill(): void;
}

interface Outcome {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function startWorker({ entry, dataBytes }: WorkerPoolOptions, onEnd: () => void): Worker {
  const file = fileURLToPath(entry);
  const loader = file.endsWith(".ts") ? sourceLoader : [];
  const limits = { dataBytes: dataBytes + codeRangeBytes(), cpuSeconds };
  const [program, args] = withResourceLimits(process.execPath, [...loader, file], limits);
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    serialization: "advanced",
    // None of our secrets. glibc keeps memory back for each thread otherwise.
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
    // While idle it keeps no process from ending.
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
      // What cannot be sent any more is reported by its exit.
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
