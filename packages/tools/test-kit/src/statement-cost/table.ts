// The figures of a service as a Markdown table.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cost } from "./growth.js";
import type { Measurement } from "./measurement.js";
import { sum } from "./plan.js";

interface Sizes {
  readonly name: string;
  readonly small: number;
  readonly large: number;
}

interface Shown {
  readonly service: string;
  readonly surroundings: Sizes;
  readonly places: readonly Sizes[];
  readonly cases: ReadonlyArray<{ readonly name: string }>;
}

/** Writes SERVICE.md into the folder of STATEMENT_COST_FOLDER; does nothing where that is not set. */
export function writeTable(suite: Shown, measurements: readonly Measurement[]): void {
  const folder = process.env.STATEMENT_COST_FOLDER;
  if (folder) writeFileSync(join(folder, `${suite.service}.md`), toMarkdown(suite, measurements));
}

/** One row per call, one column per dimension; in each cell buffers / rows, as small → large where they differ. */
export function toMarkdown(
  { service, surroundings, places, cases }: Shown,
  measurements: readonly Measurement[],
): string {
  const dimensions = [surroundings, ...places];
  const number = (n: number) => n.toLocaleString("en");
  const heads = dimensions.map(({ name, small, large }) => `${name} ${number(small)} → ${number(large)}`);
  const rows = cases.map(({ name }) => [
    name,
    ...dimensions.map((dimension) => {
      const found = measurements.find((one) => one.name === name && one.dimension === dimension.name);
      return found ? cell(found) : "";
    }),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = `|---|${dimensions.map(() => "---:|").join("")}`;
  return `${[line([service, ...heads]), rule, ...rows.map(line)].join("\n")}\n`;
}

function cell({ small, large, issues }: Measurement): string {
  const [from, to] = [small, large].map((costs: readonly Cost[]) => sum(costs.map(({ work }) => work))) as [
    ReturnType<typeof sum>,
    ReturnType<typeof sum>,
  ];
  const text = (["buffers", "rows"] as const)
    .map((figure) => (from[figure] === to[figure] ? `${to[figure]}` : `${from[figure]}→${to[figure]}`))
    .join(" / ");
  return issues.length === 0 ? text : `**${text}**`;
}
