// Work at intervals: never twice at a time, and none after the end.
import { startPeriodic } from "@khui/service/process";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";

/** Work that ends when the test says so. */
function periodicOn(t: Test, intervalMs: number) {
  const seen = { runs: 0, running: 0, most: 0, errors: [] as unknown[] };
  const held: Array<(error?: Error) => void> = [];
  const periodic = startPeriodic(
    async (signal) => {
      seen.runs++;
      seen.most = Math.max(seen.most, ++seen.running);
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener("abort", () => resolve());
        held.push((error) => (error ? reject(error) : resolve()));
      }).finally(() => seen.running--);
    },
    { intervalMs, onError: (error) => seen.errors.push(error) },
  );
  t.teardown(() => periodic.stop());
  return { periodic, seen, held };
}

const never = 2 ** 30;
/** Long enough for many intervals of a millisecond. */
const manyTurns = async () => {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setTimeout(resolve, 1));
};

test("an interval that passes while the work is in progress is left out", async (t) => {
  const { seen, held } = periodicOn(t, 1);
  await until("the first run has begun", () => seen.runs === 1);
  await manyTurns();
  t.equal(seen.runs, 1);
  held[0]!();
  await until("the second run has begun", () => seen.runs === 2);
  t.equal(seen.most, 1);
});

test("asked for while it is in progress, the work is done once more after that", async (t) => {
  const { periodic, seen, held } = periodicOn(t, never);
  const first = periodic.run();
  const others = [periodic.run(), periodic.run(), periodic.run()];
  t.equal(seen.runs, 1);
  held[0]!();
  await first;
  await until("the second run has begun", () => seen.runs === 2);
  held[1]!();
  await Promise.all(others);
  t.equal(seen.runs, 2);
  t.equal(seen.most, 1);
});

test("a failure is reported, and the work goes on", async (t) => {
  const { periodic, seen, held } = periodicOn(t, 1);
  const failure = new Error("it fails");
  const first = periodic.run();
  held[0]!(failure);
  await first;
  t.same(seen.errors, [failure]);
  await until("the second run has begun", () => seen.runs === 2);
});

test("work that throws at once is done again", async (t) => {
  let runs = 0;
  const work = () => {
    runs++;
    throw new Error("it fails");
  };
  const periodic = startPeriodic(work, { intervalMs: 1, onError() {} });
  t.teardown(() => periodic.stop());
  await until("it was done several times", () => runs > 2);
});

test("stopping aborts and awaits the run in progress, and none follows", async (t) => {
  const { periodic, seen } = periodicOn(t, 1);
  void periodic.run();
  void periodic.run();
  periodic.runWithin(0);
  await periodic.stop();
  t.equal(seen.running, 0);
  await periodic.run();
  await manyTurns();
  t.equal(seen.runs, 1);
});

test("asked for several times within a time, it is done once", async (t) => {
  const { periodic, seen } = periodicOn(t, never);
  for (let n = 0; n < 10; n++) periodic.runWithin(5);
  await until("it has begun", () => seen.runs === 1);
  await manyTurns();
  t.equal(seen.runs, 1);
});
