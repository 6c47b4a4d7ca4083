// The short form of `npm run check:faults`, with a seed of its own each time.
import { test } from "tap";
import { runCheck } from "../src/check.js";
import { faultKinds } from "../src/plan.js";
import { renderReport } from "../src/report.js";

const seconds = 30;
const { POSTGRES_URL, NATS_URL, REDIS_URL, KHUI_TEST_SEED } = process.env;
const skip = POSTGRES_URL || NATS_URL || REDIS_URL ? "servers of the environment are not ours to end" : false;

test("nothing acknowledged is lost while parts fail one after another and in pairs", {
  skip,
  timeout: 500_000,
}, async (t) => {
  const report = await runCheck({
    seconds,
    seed: Number(KHUI_TEST_SEED ?? Date.now() % 2 ** 31),
    clients: 40,
    rooms: 10,
    perSecond: 25,
    // 20 s are promised; a busy machine may stretch them.
    presenceMs: 40_000,
    given: new Set(),
    log: (line) => t.comment(line),
  });
  for (const line of renderReport(report).split("\n")) t.comment(line);
  if (report.differences.length > 0) t.comment(report.logs);
  t.same(report.differences, []);
  t.ok((report.counts.get("send") ?? 0) > 50, "people could send");
  t.ok(report.entries > 500, "and were received");
  t.ok(report.resumes > 0, "clients came back");
  t.ok(
    ["add", "remove", "role"].some((kind) => report.counts.has(kind)),
    "owners of rooms governed them",
  );
  const kinds = report.steps.flatMap(({ faults }) => faults.map(({ kind }) => kind));
  t.same([...new Set(kinds)].sort(), [...faultKinds].sort(), "parts failed in every way");
});
