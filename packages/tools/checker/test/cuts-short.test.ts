// The short form of `npm run check:cuts`, with a seed of its own each time.
import { test } from "tap";
import { renderCuts, runCuts } from "../src/cuts.js";

test("nothing is lost, doubled or reordered on a network that delays, stalls and cuts", {
  timeout: 500_000,
}, async (t) => {
  const report = await runCuts({
    seconds: 15,
    seed: Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31),
    perSecond: 15,
    log: (line) => t.comment(line),
  });
  for (const line of renderCuts(report).split("\n")) t.comment(line);
  if (report.differences.length > 0) t.comment(report.logs);
  t.same(report.differences, []);
  t.ok(report.wire.cuts > 20, "connections were cut");
  t.ok(report.resumes > 20, "clients came back");
  t.ok(report.entries > 100, "and received what was sent");
});
