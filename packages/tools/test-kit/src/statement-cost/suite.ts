// The cost test of a service: every statement, at a small and a large size of each dimension.
import { startBackends } from "@khui/backends/backends";
import { ChatError } from "@khui/contracts";
import type { TestFile } from "../test-file.js";
import type { Case, CostSuite, Dimension } from "./cases.js";
import { type Cost, costsOf, excessGrowth } from "./growth.js";
import { type MeasuredDatabase, openMeasured } from "./measured-database.js";
import type { Measurement } from "./measurement.js";
import { statementSites } from "./statement-sites.js";
import { writeTable } from "./table.js";

/** The part of tap's test that is needed here. */
interface Test extends TestFile {
  test(name: string, body: (t: Test) => Promise<void>): Promise<unknown>;
  same(found: unknown, wanted: unknown, message: string): unknown;
}

/**
 * Fails for each statement whose cost grows more than its case allows, and for each that no case runs. Runs on the server of
 * TEST_POSTGRES_URL where it is set, else on a private one. Where STATEMENT_COST_FOLDER is set, the figures are written there as a
 * Markdown table.
 */
export async function checkStatementCosts<Scene>(t: Test, suite: CostSuite<Scene>): Promise<void> {
  const measurements = await measureSuite(t, suite);
  for (const { name } of suite.cases) {
    const issues = measurements
      .filter((measurement) => measurement.name === name)
      .flatMap(({ dimension, issues }) => issues.map((issue) => `${dimension}: ${issue}`));
    await t.test(name, async (t) => void t.same(issues, [], "costs no more than it may"));
  }
  t.same(unlistedSites(suite, measurements), [], "every statement is in a case");
  writeTable(suite, measurements);
}

/** The places in the source of statements that no case has run. */
export function unlistedSites(
  { source }: Pick<CostSuite<unknown>, "source">,
  measurements: readonly Measurement[],
): string[] {
  const seen = new Set(measurements.flatMap(({ large }) => large.map(({ site }) => site)));
  return statementSites(source).filter((site) => !seen.has(site));
}

/** Fills the databases, runs every case at each size, and compares. Throws when a case does not have the expected outcome. */
export async function measureSuite<Scene>(t: TestFile, suite: CostSuite<Scene>): Promise<Measurement[]> {
  const server = await startBackends(["postgres"], {
    environment: { PATH: process.env.PATH, POSTGRES_URL: process.env.TEST_POSTGRES_URL },
  });
  const databases: MeasuredDatabase[] = [];
  t.teardown(async () => {
    for (const database of databases) await database.close();
    await server.stop();
  });
  const open = async (dimensions: ReadonlyArray<{ dimension: Dimension<Scene>; size: number }>) => {
    const scenes: Scene[] = [];
    const database = await openMeasured(server.postgresUrl ?? "", suite, async (db) => {
      for (const { dimension, size } of dimensions) scenes.push(await dimension.fill(db, size));
    });
    databases.push(database);
    await database.vacuum();
    // The first run of a statement also reads the system catalogs.
    await costsOfCases(database, suite, scenes[0]!);
    await database.vacuum();
    return (n: number) => costsOfCases(database, suite, scenes[n]!);
  };

  const { surroundings, places } = suite;
  const few = await open([{ dimension: surroundings, size: surroundings.small }]);
  const many = await open([
    { dimension: surroundings, size: surroundings.large },
    ...places.flatMap((dimension) => [dimension.small, dimension.large].map((size) => ({ dimension, size }))),
  ]);
  const measurements = compare(suite, surroundings, await few(0), await many(0));
  for (const [n, place] of places.entries()) {
    measurements.push(...compare(suite, place, await many(1 + 2 * n), await many(2 + 2 * n)));
  }
  return measurements;
}

function compare<Scene>(
  { cases }: CostSuite<Scene>,
  dimension: Dimension<Scene>,
  small: ReadonlyArray<readonly Cost[]>,
  large: ReadonlyArray<readonly Cost[]>,
): Measurement[] {
  return cases.map(({ name, grows }, n) => {
    const growth = grows?.[dimension.name] ?? "flat";
    const issues = excessGrowth(small[n]!, large[n]!, growth, dimension.large / dimension.small);
    return { dimension: dimension.name, name, small: small[n]!, large: large[n]!, issues };
  });
}

async function costsOfCases<Scene>(
  database: MeasuredDatabase,
  suite: CostSuite<Scene>,
  scene: Scene,
): Promise<Cost[][]> {
  const costs: Cost[][] = [];
  for (const one of suite.cases) costs.push(await costsOfCase(database, one, scene));
  return costs;
}

/** Throws when the case did not have the expected outcome. */
async function costsOfCase<Scene>(
  database: MeasuredDatabase,
  { name, run, refused = false }: Case<Scene>,
  scene: Scene,
): Promise<Cost[]> {
  const { outcome, executions } = await database.measure((db) => run(db, scene));
  if (outcome instanceof Error && !(outcome instanceof ChatError)) throw outcome;
  const done = outcome === undefined ? executions.some(({ affected }) => affected > 0) : !isRefusal(outcome);
  if (done === refused) throw new Error(`${name} gave ${JSON.stringify(outcome)} in ${JSON.stringify(scene)}`);
  return costsOf(executions);
}

/** Whether a store refused or found nothing: a code, an error, nothing, or a batch whose items are all refused. */
function isRefusal(outcome: unknown): boolean {
  if (Array.isArray(outcome)) return outcome.every(isRefusedResult);
  const nothing = outcome === false || outcome === null || outcome === 0;
  return nothing || typeof outcome === "string" || outcome instanceof Error || isRefusedResult(outcome);
}

const isRefusedResult = (result: unknown): boolean =>
  typeof result === "object" && result !== null && Reflect.get(result, "kind") === "refused";
