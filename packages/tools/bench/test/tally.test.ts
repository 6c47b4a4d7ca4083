// What the live benches count as wrong.
import { test } from "tap";
import { Tally } from "../src/tally.js";

function tallyOf(...numbers: number[]): Tally {
  const tally = new Tally(20);
  const position = { next: 1 };
  for (const number of numbers) tally.take(position, number);
  return tally;
}

test("numbers in order are right", async (t) => {
  const tally = tallyOf(1, 2, 3);
  tally.check(3);
  t.equal(tally.delivered, 3);
});

test("a number that is missing, skipped, duplicated or out of order is wrong", async (t) => {
  t.throws(() => tallyOf(1, 2).check(3), /"delivered":2/);
  t.throws(() => tallyOf(1, 3).check(2), /"missing":1/);
  t.throws(() => tallyOf(1, 2, 2).check(2), /"outOfTurn":1/);
  t.throws(() => tallyOf(1, 3, 2, 4).check(4), /"missing":1,"outOfTurn":1/);
});

test("a closed socket is wrong, even if it received everything", async (t) => {
  const tally = tallyOf(1);
  tally.broken.push("closed with 4008");
  t.throws(() => tally.check(1), /closed with 4008/);
});

test("a goal is awaited as long as there is progress", async (t) => {
  const tally = new Tally(20);
  const position = { next: 1 };
  const reached = tally.reach(3);
  for (let number = 1; number <= 3; number++) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    tally.take(position, number);
  }
  await reached;
  await tally.reach(2);
  await t.rejects(tally.reach(4), /1 of 4 deliveries are missing/);
});
