// A few at once, the others in the order in which they came.
import { test } from "tap";
import { createTurns } from "../../src/process/turns.js";

/** Work that ends when it is told to. */
function workbench() {
  const started: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const work = (i: number) => () =>
    new Promise<number>((resolve, reject) => {
      started.push(i);
      ends.set(i, { resolve: () => resolve(i), reject });
    });
  return { started, work, end: (i: number) => ends.get(i)!, runs: () => started.length };
}

/** Lets everything that is due happen. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("no more than there are places run at once, the rest follow in order", async (t) => {
  const { started, work, end } = workbench();
  const inTurn = createTurns(2);
  const results = [0, 1, 2, 3, 4].map((i) => inTurn(work(i)));
  await settled();
  t.same(started, [0, 1]);
  end(1).resolve();
  await settled();
  t.same(started, [0, 1, 2]);
  end(0).resolve();
  end(2).resolve();
  await settled();
  t.same(started, [0, 1, 2, 3, 4]);
  end(3).resolve();
  end(4).resolve();
  t.same(await Promise.all(results), [0, 1, 2, 3, 4]);
});

test("work that fails gives its place to the next", async (t) => {
  const { started, work, end } = workbench();
  const inTurn = createTurns(1);
  const first = inTurn(work(0));
  const second = inTurn(work(1));
  const thrown = inTurn(() => {
    throw new Error("at once");
  });
  const last = inTurn(work(2));
  end(0).reject(new Error("failed"));
  await t.rejects(first, /failed/);
  await settled();
  end(1).resolve();
  t.equal(await second, 1);
  await t.rejects(thrown, /at once/);
  await settled();
  end(2).resolve();
  t.equal(await last, 2);
  t.same(started, [0, 1, 2]);
});

test("after a rush there are as many places as before", async (t) => {
  const inTurn = createTurns(3);
  let [running, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++running);
    await settled();
    running--;
  };
  for (let rush = 0; rush < 3; rush++) {
    await Promise.all(Array.from({ length: 20 }, () => inTurn(work)));
    t.equal(most, 3);
    t.equal(running, 0);
  }
});
