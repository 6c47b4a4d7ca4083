// Whether the cost of a statement grew more than allowed.
import type { Growth } from "./cases.js";
import { mostGrown, noWork, type PlanNode, sum, type Work } from "./plan.js";
import type { Execution } from "./recording.js";

/** The cost of one place in the source in one call. */
export interface Cost {
  readonly site: string;
  readonly work: Work;
  readonly answerRows: number;
  readonly answerBytes: number;
  /** Of its last execution. */
  readonly root: PlanNode | undefined;
}

/**
 * Figures up to these are noise of B-tree heights and of what else is on a page: the same two hundred messages were on 47 pages and on
 * 97. Growth by fifty shows in rows, which have no such noise.
 */
const floor: Work = { buffers: 64, rows: 16 };
const slack = 2;

/** The costs of one call, a site a row, sorted. */
export function costsOf(executions: readonly Execution[]): Cost[] {
  const sites = [...new Set(executions.map(({ site }) => site))].sort();
  return sites.map((site) => {
    const own = executions.filter((execution) => execution.site === site);
    return {
      site,
      work: sum(own.map(({ work }) => work)),
      answerRows: own.reduce((rows, { answerRows }) => rows + answerRows, 0),
      answerBytes: own.reduce((bytes, { answerBytes }) => bytes + answerBytes, 0),
      root: own.at(-1)?.root,
    };
  });
}

/** Messages for each cost that grew too much. `times` is how much larger the dimension is. */
export function excessGrowth(small: readonly Cost[], large: readonly Cost[], growth: Growth, times: number): string[] {
  return large.flatMap((cost) => {
    const before = small.find(({ site }) => site === cost.site);
    const allowed = slack * factorOf(growth, times, before, cost);
    const [from, to] = [before?.work ?? noWork, cost.work];
    const grown = (["buffers", "rows"] as const).filter(
      (figure) => to[figure] > allowed * Math.max(from[figure], floor[figure]),
    );
    if (grown.length === 0) return [];
    const figures = grown.map((figure) => `${from[figure]} → ${to[figure]} ${figure}`).join(", ");
    const rule = growth === "flat" ? "" : `, as its ${growth} may ×${(allowed / slack).toFixed(1)}`;
    const nodes = before?.root && cost.root ? mostGrown(before.root, cost.root) : [];
    return [[`${cost.site}: ${figures}${rule}`, ...nodes].join("; ")];
  });
}

function factorOf(growth: Growth, times: number, small: Cost | undefined, large: Cost): number {
  if (growth === "flat" || !small) return 1;
  if (growth === "input" || growth === "size") return times;
  if (growth === "square") return times ** 2;
  return Math.max(
    1,
    large.answerRows / Math.max(1, small.answerRows),
    large.answerBytes / Math.max(1, small.answerBytes),
  );
}
