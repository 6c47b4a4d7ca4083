// The cost test of a service: every statement, at a size and at many times it, dimension by dimension.
import { ChatError } from "@khui/contracts";
import type { Case, CostSuite, Dimension } from "./cases.js";
import { type MeasuredDatabase, openMeasured } from "./measured-database.js";
import { statementSites } from "./statement-sites.js";
import { writeTable } from "./table.js";
import { type Cost, costsOf, faultsOf } from "./verdict.js";

/** Costs of one case where a dimension is small and where it is large. */
export interface Measurement {
  readonly dimension: string;
  readonly name: string;
  readonly small: readonly Cost[];
  readonly large: readonly Cost[];
  readonly faults: readonly string[];
}

/** The part of tap's test that is needed here. */
interface Test {
  teardown(close: () => unknown): unknown;
  test(name: string, body: (t: Test) => Promise<void>): Promise<unknown>;
  same(found: unknown, wanted: unknown, message: string): unknown;
}

/**
 * Fails for each statement that grows beyond what its case says, and for each that no case runs. Where STATEMENT_COST_FOLDER is
 * set, the figures are left there as a Markdown table.
 */
export async function checkStatementCosts<Scene>(t: Test, suite: CostSuite<Scene>): Promise<void> {
  const database = await openMeasured(suite.schema, suite.migrations);
  t.teardown(() => database.close());
  const seen = new Set<string>();
  const measurements: Measurement[] = [];
  const measure = async (dimension: Dimension<Scene>, scene: Scene) => {
    const costs: Cost[][] = [];
    for (const one of suite.cases) costs.push(await costOfCase(database, suite, one, scene, dimension.name));
    for (const { site } of costs.flat()) seen.add(site);
    return costs;
  };
  const compare = (dimension: Dimension<Scene>, small: readonly Cost[][], large: readonly Cost[][]) => {
    const input = dimension.large / dimension.small;
    for (const [n, { name, grows }] of suite.cases.entries()) {
      const faults = faultsOf(small[n]!, large[n]!, grows?.[dimension.name] ?? "flat", input);
      measurements.push({ dimension: dimension.name, name, small: small[n]!, large: large[n]!, faults });
    }
  };

  for (const dimension of suite.dimensions.filter(({ everywhere }) => everywhere)) {
    const costs: Cost[][][] = [];
    for (const size of [dimension.small, dimension.large]) {
      const scene = await dimension.fill(database.db, size);
      await database.vacuum();
      costs.push(await measure(dimension, scene));
    }
    compare(dimension, costs[0]!, costs[1]!);
  }
  const places = suite.dimensions.filter(({ everywhere }) => !everywhere);
  const scenes: Array<[Scene, Scene]> = [];
  for (const { fill, small, large } of places)
    scenes.push([await fill(database.db, small), await fill(database.db, large)]);
  await database.vacuum();
  for (const [n, dimension] of places.entries()) {
    const [small, large] = scenes[n]!;
    compare(dimension, await measure(dimension, small), await measure(dimension, large));
  }

  for (const { name } of suite.cases) {
    const faults = measurements
      .filter((measurement) => measurement.name === name)
      .flatMap(({ dimension, faults }) => faults.map((fault) => `${dimension}: ${fault}`));
    await t.test(name, async (t) => void t.same(faults, [], "costs no more than it may"));
  }
  const unlisted = statementSites(suite.source).filter((site) => !seen.has(site));
  t.same(unlisted, [], "every statement is in a case");
  writeTable(suite, measurements);
}

/** The second run counts: the first one may read catalogues and tidy pages. Throws when the case did not do what it is for. */
async function costOfCase<Scene>(
  database: MeasuredDatabase,
  { source }: CostSuite<Scene>,
  { name, run, refused = false }: Case<Scene>,
  scene: Scene,
  dimension: string,
): Promise<Cost[]> {
  const work = (db: Parameters<typeof run>[0]) => run(db, scene);
  await database.measure(source, work);
  const { outcome, executions } = await database.measure(source, work);
  if (outcome instanceof Error && !(outcome instanceof ChatError)) throw outcome;
  const done = outcome === undefined ? executions.some(({ affected }) => affected > 0) : !isRefusal(outcome);
  if (done === refused) throw new Error(`${name} (${dimension}) gave ${JSON.stringify(outcome)}`);
  return costsOf(executions);
}

/** As the stores say that something may not be, or is not there: a code, an error, nothing, or a batch of which all is refused. */
function isRefusal(outcome: unknown): boolean {
  if (Array.isArray(outcome)) return outcome.every(isRefusedResult);
  const nothing = outcome === false || outcome === null || typeof outcome === "string" || outcome instanceof Error;
  return nothing || isRefusedResult(outcome);
}

const isRefusedResult = (result: unknown): boolean =>
  typeof result === "object" && result !== null && Reflect.get(result, "kind") === "refused";
