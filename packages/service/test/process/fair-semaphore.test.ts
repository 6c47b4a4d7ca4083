// Permits in total and per key, and round-robin between keys.
import { test } from "tap";
import { createFairSemaphore } from "../../src/process/fair-semaphore.js";

/** Work whose name is recorded when it starts, and which ends on request. */
function workbench(limit: number, limitPerKey: number) {
  const acquire = createFairSemaphore({ limit, limitPerKey });
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    started,
    /** Requests a permit for `name`, whose first letter is its key. */
    ask: (name: string) =>
      acquire(name[0]!, () => {
        started.push(name);
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
      }),
    async end(name: string) {
      ends.get(name)?.();
      await settled();
    },
  };
}

/** Waits until pending promises have run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("keys are served round-robin, even if one requested more before", async (t) => {
  const { ask, end, started } = workbench(1, 1);
  const all = ["a1", "a2", "a3", "a4", "b1", "b2", "c1"].map(ask);
  const order = ["a1", "b1", "c1", "a2", "b2", "a3", "a4"];
  await settled();
  for (const name of order) await end(name);
  await Promise.all(all);
  t.same(started, order);
});

test("a key leaves a permit for others, and gets one when it is free again", async (t) => {
  const { ask, end, started } = workbench(2, 1);
  const all = ["a1", "a2", "a3", "b1"].map(ask);
  await settled();
  t.same(started, ["a1", "b1"]);
  await end("b1");
  t.same(started, ["a1", "b1"], "its own first one is not done");
  await end("a1");
  t.same(started, ["a1", "b1", "a2"]);
  await end("a2");
  await end("a3");
  t.same(await Promise.all(all), ["a1", "a2", "a3", "b1"]);
});

test("a key may hold several permits, within the total", async (t) => {
  const { ask, end, started } = workbench(3, 2);
  const all = ["a1", "a2", "a3", "b1", "b2", "c1"].map(ask);
  await settled();
  t.same(started, ["a1", "a2", "b1"]);
  await end("a1");
  t.equal(started.length, 4);
  for (let name = started.shift(); name; name = started.shift()) await end(name);
  await Promise.all(all);
});

test("work that fails releases its permit", async (t) => {
  const acquire = createFairSemaphore({ limit: 1, limitPerKey: 1 });
  const outcomes = await Promise.allSettled([
    acquire("a", async () => {
      throw new Error("failed");
    }),
    acquire("a", () => {
      throw new Error("at once");
    }),
    acquire("b", async () => "done"),
  ]);
  t.same(
    outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : outcome.reason.message)),
    ["failed", "at once", "done"],
  );
});
