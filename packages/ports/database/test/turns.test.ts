// The one connection is handed out fairly, and never for ever.
import { test } from "tap";
import { failureKind } from "../src/index.js";
import { openTurns } from "../src/turns.js";

test("turns are given one at a time, in the order they were asked for", async (t) => {
  const turns = openTurns(60_000);
  const order: number[] = [];
  let holders = 0;
  await Promise.all(
    [1, 2, 3, 4, 5].map(async (number) => {
      const end = await turns.take();
      holders += 1;
      t.equal(holders, 1);
      order.push(number);
      await new Promise((resolve) => setImmediate(resolve));
      holders -= 1;
      end();
      end();
    }),
  );
  t.same(order, [1, 2, 3, 4, 5]);
  t.equal(turns.busy(), false);
});

test("who waits too long is refused as unavailable and no longer waits", async (t) => {
  const turns = openTurns(20);
  const end = await turns.take();
  const error = await turns.take().catch((refusal: unknown) => refusal);
  t.equal(failureKind(error), "unavailable");
  t.equal(turns.waiting(), 0);
  end();
  (await turns.take())();
});

test("closing refuses those who wait and waits for the holder", async (t) => {
  const turns = openTurns(60_000);
  const end = await turns.take();
  const waiting = turns.take().catch((refusal: unknown) => refusal);
  let closed = false;
  const closing = turns.close().then(() => {
    closed = true;
  });
  t.equal(failureKind(await waiting), "unavailable");
  t.equal(closed, false);
  end();
  await closing;
  await t.rejects(turns.take(), /closed/);
});
