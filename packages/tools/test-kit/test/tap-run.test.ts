// What the runner makes of test files and of what they print.
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { countsIn, isAfterTheEnd, isWorthShowing, runTap, sum } from "../src/tap-run.js";
import { kindOf, testFiles } from "../src/test-files.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

const run = {
  root,
  files: ["packages/tools/test-kit/test/event-check.test.ts"],
  environment: {},
  jobs: 1,
  signal: new AbortController().signal,
  write: () => {},
};

test("counts come from the closing summary, not from what a test prints", (t) => {
  t.same(countsIn("# { total: 12, pass: 10, fail: 1, skip: 1 }"), { passed: 10, failed: 1 });
  t.same(countsIn("# { total: 2, pass: 2 }"), { passed: 2, failed: 0 });
  t.equal(countsIn("    # { total: 9, pass: 9 }"), undefined);
  t.equal(countsIn("ok 1 - # { total: 9, pass: 9 }"), undefined);
  t.end();
});

test("what failed is shown, and what was left out", (t) => {
  const shown = ["not ok 2 - a message", "    not ok 1 - inner", "      ---", "    ok 2 - x # SKIP"];
  const hidden = [
    "TAP version 14",
    "",
    "1..3",
    "    ok 1 - should be equal",
    "ok 1 - a message",
    "# Subtest: a message",
    "# time=1ms",
  ];
  t.same([...hidden, ...shown].filter(isWorthShowing), shown);
  t.end();
});

test("tests that came too late to run are known by what tap says of them", (t) => {
  t.ok(isAfterTheEnd("Error: cannot create subtest after parent test ends"));
  t.ok(isAfterTheEnd("Error: subtest after parent test end()"));
  t.ok(isAfterTheEnd("    Error: assertion after automatic end"));
  t.ok(isAfterTheEnd("Error: test assertion after end() was called"));
  t.notOk(isAfterTheEnd("    # Error: a comment of a test"));
  t.end();
});

test("an interrupted run is a failed one", async (t) => {
  t.same(sum(await runTap({ ...run, signal: AbortSignal.abort() })), { passed: 0, failed: 1 });
});

test("every file has its counts, its time and its line, and one that cannot run is a failure", async (t) => {
  const files = [...run.files, "packages/tools/test-kit/test/not-there.test.ts"];
  const lines: string[] = [];
  const results = await runTap({ ...run, files, write: (line) => lines.push(line) });
  t.match(results, [
    { file: files[0], passed: 8, failed: 0 },
    { file: files[1], passed: 0, failed: 1 },
  ]);
  t.ok(results.every(({ seconds }) => seconds > 0));
  t.ok(results.every(({ cpuSeconds }) => cpuSeconds > 0 || process.platform !== "linux"));
  t.match(lines, [/^ok 1 - .*event-check/, /^not ok 2 - .*not-there/]);
  t.match(lines.join("\n"), /Cannot find module[\s\S]*ended with 1\n.*ended without a summary/);
});

test("every test file is found, and what it runs on is known", (t) => {
  const files = testFiles(root);
  t.ok(files.includes("packages/tools/test-kit/test/tap-run.test.ts"));
  t.ok(files.some((file) => file.startsWith("packages/tools/backends/test/")));
  t.notOk(files.some((file) => file.includes("node_modules")));
  t.equal(kindOf("packages/acceptance/test/rooms.test.ts"), "behaviour");
  t.equal(kindOf("services/standalone/test/model/rooms.test.ts"), "unit");
  t.equal(kindOf("services/standalone/test/media/refusals.test.ts"), "systems");
  t.equal(kindOf("services/standalone/test/media/memory.test.ts"), "alone");
  t.end();
});
