// `npm run check:simulation`, as it is run by hand: in a process of its own, since tap's tracing makes promises three times as slow.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "tap";
import { replay } from "../src/simulate.js";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
/** From the same seeds each time. */
const schedules = 9_000;
/** And from seeds of its own each time. */
const fresh = 1_000;
const { KHUI_TEST_SEED } = process.env;

/** What the program prints. Rejects with that when a promise was broken. */
async function play(seed: number, count: number): Promise<string> {
  const args = ["--enable-source-maps", program, "--seed", `${seed}`, "--schedules", `${count}`];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

test("in every schedule nothing is lost, doubled, reordered or shown to those who have left", async (t) => {
  const [, received] = /(\d+) entries received/.exec(await play(1, schedules)) ?? [];
  t.ok(Number(received) > 5 * schedules, "clients received entries");
  t.match(await play(Number(KHUI_TEST_SEED ?? Date.now() % 2 ** 31), fresh), `${fresh} schedules`);
});

test("a seed is the same schedule every time", async (t) => {
  for (const seed of [3, 17]) {
    const [first, second] = [await replay(seed), await replay(seed)];
    t.ok(first.trace.length > 100, "something happened");
    t.ok(first.trace.join("\n") === second.trace.join("\n"), `seed ${seed} is the same, line by line`);
  }
  t.ok((await replay(3)).trace.join() !== (await replay(4)).trace.join(), "another seed is another schedule");
});
