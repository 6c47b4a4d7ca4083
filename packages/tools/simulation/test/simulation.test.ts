// The short form of `npm run check:simulation`.

import { test } from "tap";
import type { Played } from "../src/schedule.js";
import { replay, simulate } from "../src/simulate.js";

/** From the same seeds each time. */
const schedules = 600;
/** And from seeds of its own each time. */
const fresh = 100;
const { KHUI_TEST_SEED } = process.env;

const shown = ({ seed, issues }: Played) => [`npm run check:simulation -- --replay ${seed}`, ...issues];

test("in every schedule nothing is lost, doubled, reordered or shown to those who have left", async (t) => {
  const known = await simulate({ first: 1, schedules });
  t.same(known.broken.map(shown), []);
  t.ok(known.received > 5 * schedules, "clients received entries");
  const unknown = await simulate({ first: Number(KHUI_TEST_SEED ?? Date.now() % 2 ** 31), schedules: fresh });
  t.same(unknown.broken.map(shown), []);
});

test("a seed is the same schedule every time", async (t) => {
  for (const seed of [3, 17]) {
    const [first, second] = [await replay(seed), await replay(seed)];
    t.ok(first.trace.length > 100, "something happened");
    t.ok(first.trace.join("\n") === second.trace.join("\n"), `seed ${seed} is the same, line by line`);
  }
  t.ok((await replay(3)).trace.join() !== (await replay(4)).trace.join(), "another seed is another schedule");
});
