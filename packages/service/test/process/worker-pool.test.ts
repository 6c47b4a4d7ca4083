// Worker processes: the outcome for a job, its worker, and the next job.
import { existsSync } from "node:fs";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createWorkerPool, type WorkerPoolOptions } from "../../src/process/worker-pool.js";

/** The jobs of worker-jobs.mjs. */
type Job = { do: "echo"; bytes: Uint8Array } | { do: "fail" | "hang" | "grow" | "crash" | "pid" | "environment" };

const minute = 60_000;
const mebibyte = 1024 * 1024;

function pool(t: Test, options: Partial<WorkerPoolOptions> = {}) {
  const entry = new URL("worker-jobs.mjs", import.meta.url);
  const made = createWorkerPool<Job, unknown>({ entry, dataBytes: 600 * mebibyte, idleMs: minute, ...options });
  t.teardown(() => made.close());
  return made;
}

const isRunning = (pid: unknown): boolean => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

const untilGone = (pid: unknown) => until("the worker is gone", () => !isRunning(pid));

test("bytes are passed unchanged, and one worker does one job after another", async (t) => {
  const { run } = pool(t);
  const bytes = Uint8Array.of(0, 1, 255);
  t.same(new Uint8Array((await run({ do: "echo", bytes }, minute)) as Uint8Array), bytes);
  t.equal(await run({ do: "pid" }, minute), await run({ do: "pid" }, minute));
});

test("concurrent jobs have a worker each", async (t) => {
  const { run } = pool(t);
  const pids = await Promise.all([run({ do: "pid" }, minute), run({ do: "pid" }, minute)]);
  t.not(pids[0], pids[1]);
});

test("an error of a job is rejected with its fields, and the next job has another worker", async (t) => {
  const { run } = pool(t);
  const pid = await run({ do: "pid" }, minute);
  await t.rejects(run({ do: "fail" }, minute), { message: "it failed", code: "ENOENT", details: { most: 3 } });
  t.not(await run({ do: "pid" }, minute), pid);
});

test("a job that hangs is killed at its deadline, and the next job has another worker", async (t) => {
  const { run } = pool(t);
  const pid = await run({ do: "pid" }, minute);
  await t.rejects(run({ do: "hang" }, 200), { name: "WorkerEnded", timedOut: true });
  await untilGone(pid);
  t.not(await run({ do: "pid" }, minute), pid);
});

const skip = existsSync("/proc/self/limits") ? false : "this system does not bound memory";

test("a job that allocates more memory than allowed fails", { skip }, async (t) => {
  const { run } = pool(t);
  await t.rejects(run({ do: "grow" }, minute), { name: /^(?:Error|RangeError|WorkerEnded)$/ });
  t.ok(await run({ do: "pid" }, minute), "the next has another worker");
});

test("a crash rejects the job", async (t) => {
  await t.rejects(pool(t).run({ do: "crash" }, minute), { name: "WorkerEnded", timedOut: false });
});

test("a worker that is killed from outside is not an error of the job", async (t) => {
  const { run } = pool(t);
  const pid = Number(await run({ do: "pid" }, minute));
  const hanging = run({ do: "hang" }, minute);
  process.kill(pid, "SIGKILL");
  await t.rejects(hanging, { name: "WorkerUnavailable" });
});

test("a worker that cannot start rejects the job", async (t) => {
  const { run } = pool(t, { entry: new URL("not-there.mjs", import.meta.url) });
  await t.rejects(run({ do: "pid" }, minute), { name: "WorkerUnavailable" });
});

test("a worker does not inherit the environment with its secrets", async (t) => {
  const names = (await pool(t).run({ do: "environment" }, minute)) as string[];
  t.notOk(
    names.some((name) => /URL|SECRET|KEY|PASSWORD/.test(name)),
    names.join(" "),
  );
});

test("an idle worker is ended after a while", async (t) => {
  const { run } = pool(t, { idleMs: 1 });
  const pid = await run({ do: "pid" }, minute);
  await untilGone(pid);
  t.not(await run({ do: "pid" }, minute), pid);
});

test("closing ends all workers, and jobs in flight", async (t) => {
  const { run, close } = pool(t);
  const pid = await run({ do: "pid" }, minute);
  const hanging = run({ do: "hang" }, minute);
  close();
  await t.rejects(hanging, { name: "WorkerUnavailable" });
  await untilGone(pid);
  await t.rejects(run({ do: "pid" }, minute), { name: "WorkerUnavailable" });
});
