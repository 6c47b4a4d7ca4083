// Figures and their tables.
import { test } from "tap";
import { readOptions } from "../src/options.js";
import { spread, table } from "../src/report.js";
import { median, percentile } from "../src/statistics.js";

test("percentiles are nearest ranks, in any order", async (t) => {
  const values = [5, 1, 4, 2, 3];
  t.equal(median(values), 3);
  t.equal(percentile(values, 0.99), 5);
  t.equal(percentile(values, 0), 1);
  t.equal(percentile([7], 0.5), 7);
  t.ok(Number.isNaN(median([])));
  t.same(values, [5, 1, 4, 2, 3], "they are left as they were");
});

test("a spread shows the range where there are several values", async (t) => {
  t.equal(spread([10, 30, 20], 0), "20 (10–30)");
  t.equal(spread([1.25], 1), "1.3");
});

test("a table lines up", async (t) => {
  t.equal(
    table(
      ["a", "bbb"],
      [
        ["long", "1"],
        ["x", "22"],
      ],
    ),
    ["| a    | bbb |", "|------|----:|", "| long |   1 |", "| x    |  22 |"].join("\n"),
  );
});

test("options are checked", async (t) => {
  t.match(readOptions(["--out", "figures.md", "--only", "latency"]), { out: "figures", short: false, rounds: 3 });
  t.same([...readOptions([]).only], ["throughput", "latency", "flatness"]);
  t.throws(() => readOptions(["--seconds", "0"]), /whole number/);
  t.throws(() => readOptions(["--only", "speed"]), /throughput, latency, flatness/);
  t.throws(() => readOptions(["--sed"]));
});
