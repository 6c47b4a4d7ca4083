// What the cost test counts, when it fails, and that no service with statements is without it.
import { existsSync, readdirSync } from "node:fs";
import { sql } from "@khui/database";
import { test } from "tap";
import type { Case, Dimension } from "../src/statement-cost/cases.js";
import { excessGrowth } from "../src/statement-cost/growth.js";
import { type PlanNode, planIn, workOf } from "../src/statement-cost/plan.js";
import { sitesIn, statementSites } from "../src/statement-cost/statement-sites.js";
import { measureSuite, unlistedSites } from "../src/statement-cost/suite.js";
import { addThing, allThings, countThings, firstThing } from "./things/src/store.js";

const node = (type: string, rows: number, loops: number, more: Partial<PlanNode> = {}): PlanNode => ({
  "Node Type": type,
  "Actual Rows": rows,
  "Actual Loops": loops,
  ...more,
});

test("a plan is read from what auto_explain says, and from nothing else", async (t) => {
  const plan = { "Query Text": "select 1", Plan: node("Result", 1, 1) };
  t.same(planIn(`duration: 0.1 ms  plan:\n${JSON.stringify(plan)}`), { text: "select 1", root: plan.Plan });
  t.equal(planIn('relation "x" already exists, skipping'), undefined);
});

test("work is rows and those thrown away, times loops, over all nodes", async (t) => {
  const list = node("Materialize", 50, 100, { "Shared Hit Blocks": 3 });
  const join = node("Nested Loop", 1, 1, {
    "Rows Removed by Join Filter": 4_999,
    "Shared Hit Blocks": 10,
    "Temp Written Blocks": 2,
    Plans: [list],
  });
  t.same(workOf(join), { buffers: 12, rows: 100 * 51 + 1 + 1 + 4_999 });
});

test("a writing CTE that nobody reads is counted, one that is read is not counted twice", async (t) => {
  const writing = (name: string) =>
    node("ModifyTable", 0, 1, { "Subplan Name": `CTE ${name}`, "Shared Hit Blocks": 5 });
  const reading = node("CTE Scan", 1, 1, { "CTE Name": "read", "Shared Hit Blocks": 5 });
  const root = node("Nested Loop", 1, 1, {
    "Shared Hit Blocks": 7,
    Plans: [writing("read"), writing("unread"), reading],
  });
  t.equal(workOf(root).buffers, 7 + 5);
});

test("flat is twice at most, an answer or an input allows as much more as it grew", async (t) => {
  const cost = (buffers: number, answerRows = 1) => [
    { site: "store.ts:1", work: { buffers, rows: 0 }, answerRows, answerBytes: 10 * answerRows, root: undefined },
  ];
  t.same(excessGrowth(cost(100), cost(200), "flat", 50), []);
  t.match(excessGrowth(cost(100), cost(201), "flat", 50), [/^store\.ts:1: 100 → 201 buffers/]);
  t.same(excessGrowth(cost(100), cost(1_000, 5), "answer", 50), []);
  t.match(excessGrowth(cost(100), cost(1_001, 5), "answer", 50), [/as its answer may ×5\.0/]);
  t.same(excessGrowth(cost(100), cost(10_000), "input", 50), []);
  t.match(excessGrowth(cost(100), cost(10_001), "input", 50), [/as its input may ×50\.0/]);
  t.match(excessGrowth([], cost(200), "flat", 50), [/0 → 200/], "a statement that small amounts do not need");
});

test("statements are found wherever one is executed, and transactions are none", async (t) => {
  const source = [
    "await db.transaction().execute(async (trx) => {",
    "  await sql`SELECT 1`.execute(trx);",
    "  await sql`",
    "    SELECT 2`.execute(",
    "    trx,",
    "  );",
    '  await db.selectFrom("x").executeTakeFirst();',
  ].join("\n");
  t.same(sitesIn(source), [2, 4, 7]);
});

test("every service that has statements has a cost test", async (t) => {
  const services = new URL("../../../../services/", import.meta.url);
  const withStatements = readdirSync(services).filter(
    (name) => statementSites(new URL(`${name}/src/`, services)).length > 0,
  );
  t.ok(withStatements.length > 0);
  t.same(
    withStatements.filter((name) => !existsSync(new URL(`${name}/test/cost.test.ts`, services))),
    [],
  );
});

test("on a real Postgres, what grows is found, and what no case runs", { timeout: 110_000 }, async (t) => {
  type Scene = { readonly owner: string };
  const fill = (prefix: string, count: number) => sql`
    INSERT INTO things.things (owner, n) SELECT ${prefix}, n FROM generate_series(1, ${count}::int) n`;
  const dimension = (name: string): Dimension<Scene> => ({
    name,
    small: 20,
    large: 2_000,
    async fill(db, size) {
      const owner = name === "others" ? "nobody" : `${name} ${size}`;
      await fill(name === "others" ? "somebody" : owner, size).execute(db);
      if (name === "others") await fill(owner, 1).execute(db);
      return { owner };
    },
  });
  const cases: ReadonlyArray<Case<Scene>> = [
    { name: "firstThing", run: (db, { owner }) => firstThing(db, owner) },
    { name: "firstThing, of nobody", run: (db) => firstThing(db, "a stranger"), refused: true },
    { name: "allThings", run: (db, { owner }) => allThings(db, owner), grows: { things: "answer" } },
    { name: "countThings", run: (db, { owner }) => countThings(db, owner) },
  ];
  const suite = {
    service: "things",
    source: new URL("./things/src/", import.meta.url),
    schema: "things",
    migrations: new URL("./things/migrations/", import.meta.url),
    filledAt: 1,
    surroundings: dimension("others"),
    places: [dimension("things")],
    cases,
  };
  const measurements = await measureSuite(t, suite);
  const red = measurements.filter(({ issues }) => issues.length > 0);
  t.match(red, [{ dimension: "things", name: "countThings", issues: [/^store\.ts:19: .*rows; .*things/] }]);
  t.equal(red.length, 1, "and nothing else");
  t.same(unlistedSites(suite, measurements), ["store.ts:25"], "an insertion that no case runs");

  const [added] = await measureSuite(t, {
    ...suite,
    cases: [{ name: "addThing", run: (db, { owner }) => addThing(db, owner) }],
  });
  t.ok(added && added.small[0]!.work.buffers > 0, "what writes is counted, and undone: it runs several times over");
  const refused = { ...suite, cases: [{ name: "firstThing", run: (db: never) => firstThing(db, "a stranger") }] };
  await t.rejects(measureSuite(t, refused), /firstThing gave/, "a case that does not do what it is for proves nothing");
});
