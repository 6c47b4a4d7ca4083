// What the runner makes of tap's output.
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { countsIn, isAfterTheEnd, isWorthShowing, runTap } from "../src/tap-run.js";
import { isBehaviour, testFiles } from "../src/test-files.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

test("counts come from the closing summary, not from what a test prints", (t) => {
  t.same(countsIn("# { total: 12, pass: 10, fail: 1, skip: 1 }"), { passed: 10, failed: 1 });
  t.same(countsIn("# { total: 2, pass: 2 }"), { passed: 2, failed: 0 });
  t.equal(countsIn("    # { total: 9, pass: 9 }"), undefined);
  t.equal(countsIn("ok 1 - # { total: 9, pass: 9 }"), undefined);
  t.end();
});

test("a line a file is shown, what failed, and what was left out", (t) => {
  const shown = [
    "ok 1 - a.test.ts # time=5ms",
    "not ok 2 - b.test.ts",
    "    not ok 1 - inner",
    "      ---",
    "    ok 2 - x # SKIP",
  ];
  const hidden = ["TAP version 14", "", "1..3", "    ok 1 - should be equal", "# Subtest: a.test.ts", "    # time=1ms"];
  t.same([...hidden, ...shown].filter(isWorthShowing), shown);
  t.end();
});

test("tests that came too late to run are known by what tap says of them", (t) => {
  t.ok(isAfterTheEnd("Error: cannot create subtest after parent test ends"));
  t.ok(isAfterTheEnd("    Error: assertion after automatic end"));
  t.notOk(isAfterTheEnd("    # Error: a comment of a test"));
  t.end();
});

test("an interrupted run is a failed one", async (t) => {
  const files = ["packages/tools/test-kit/test/event-check.test.ts"];
  const run = { root, files, environment: {}, jobs: 1, write: () => {} };
  t.same(await runTap({ ...run, signal: AbortSignal.abort() }), { passed: 0, failed: 1 });
});

test("every test file is found, and those that ask a whole system are told apart", (t) => {
  const files = testFiles(root);
  t.ok(files.includes("packages/tools/test-kit/test/tap-run.test.ts"));
  t.ok(files.some((file) => file.startsWith("packages/tools/backends/test/")));
  t.notOk(files.some((file) => file.includes("node_modules")));
  t.ok(isBehaviour("packages/acceptance/test/rooms.test.ts"));
  t.notOk(isBehaviour("services/standalone/test/model/rooms.test.ts"));
  t.end();
});
