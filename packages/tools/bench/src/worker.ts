// A child process of a bench that does one task after the other, so that its CPU time is separate from the bench's.
import { fork } from "node:child_process";

type Report<Result> = { readonly result: Result } | { readonly error: string };

export interface Worker<Task, Result> {
  readonly pid: number;
  /** One task at a time. Rejects when it fails, and when the process has ended. */
  run(task: Task): Promise<Result>;
  stop(): Promise<void>;
}

/** `program` calls `serveTasks`. It ends by itself when this process is gone. */
export function startWorker<Task, Result>(program: URL): Worker<Task, Result> {
  const child = fork(program);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    async run(task) {
      const reported = new Promise<Report<Result>>((resolve) => child.once("message", resolve));
      if (!child.connected) throw new Error("the process ended");
      child.send(task as object);
      const lost = ended.then((): Report<Result> => ({ error: "the process ended" }));
      const report = await Promise.race([reported, lost]);
      if ("error" in report) throw new Error(report.error);
      return report.result;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The child's side: reports what `work` resolves with for each task. Its end is that of its parent. */
export function serveTasks<Task, Result>(work: (task: Task) => Promise<Result>): void {
  const report = (message: Report<Result>): void => {
    process.send?.(message);
  };
  process.on("message", (task) => {
    work(task as Task).then(
      (result) => report({ result }),
      (error: unknown) => report({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  // Open sockets would keep the process alive.
  process.once("disconnect", () => process.exit());
}

/** Milliseconds of the monotonic system clock, which is the same in every process. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6;
