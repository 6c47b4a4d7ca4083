// The work of a statement, counted from its plan by Postgres' auto_explain.

/** Both are deterministic: the same on every run, on any machine. */
export interface Work {
  /** Pages read, from shared buffers or disk, and those of temporary files. */
  readonly buffers: number;
  /** Rows that a node returned or discarded, plus one for each start of it, summed over all nodes. */
  readonly rows: number;
}

/** A node of `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)`. Rows are averages of the node's loops, buffers its total with its children's. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Parent Relationship"?: string;
  readonly "Subplan Name"?: string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "CTE Name"?: string;
  readonly "Function Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly Plans?: readonly PlanNode[];
  readonly [figure: string]: unknown;
}

export interface Plan {
  readonly text: string;
  readonly root: PlanNode;
}

/** Reads a message of auto_explain with `log_format = json`; undefined for any other message. */
export function planIn(message: string): Plan | undefined {
  const start = message.indexOf("plan:\n{");
  if (!message.startsWith("duration: ") || start < 0) return undefined;
  const { "Query Text": text, Plan: root } = JSON.parse(message.slice(start + "plan:\n".length));
  return { text, root };
}

export const noWork: Work = { buffers: 0, rows: 0 };

export const sum = (works: readonly Work[]): Work =>
  works.reduce((a, b) => ({ buffers: a.buffers + b.buffers, rows: a.rows + b.rows }), noWork);

/** The total work of a plan. */
export function workOf(root: PlanNode): Work {
  const nodes = nodesOf(root);
  return {
    buffers: [root, ...apart(nodes)].reduce((total, node) => total + buffersOf(node), 0),
    rows: nodes.reduce((total, node) => total + rowsOf(node), 0),
  };
}

/** The node and its descendants, in a fixed order. */
function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/**
 * Writing CTEs that are not read: they run after the rest has ended, so the root's buffers do not include theirs
 * (ExecPostprocessPlan in src/backend/executor/execMain.c).
 */
function apart(nodes: readonly PlanNode[]): PlanNode[] {
  const read = new Set(nodes.map((node) => node["CTE Name"]));
  return nodes.filter((node) => {
    const cte = /^CTE (.*)$/.exec(node["Subplan Name"] ?? "")?.[1];
    return cte !== undefined && node["Node Type"] === "ModifyTable" && !read.has(cte);
  });
}

/** Pages dirtied are among those hit or read; how many of them were clean before depends on the background writer. */
const bufferFigures = ["Shared Hit Blocks", "Shared Read Blocks", "Temp Read Blocks", "Temp Written Blocks"];
const removedFigures = ["Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"];

const figure = (node: PlanNode, name: string): number => Number(node[name] ?? 0);
const total = (node: PlanNode, names: readonly string[]) => names.reduce((sum, name) => sum + figure(node, name), 0);

/** Including those of its children. */
const buffersOf = (node: PlanNode): number => total(node, bufferFigures);

/** Of this node alone. Starts count too, since an average below 0.5 is printed as 0 rows. */
const rowsOf = (node: PlanNode): number =>
  node["Actual Loops"] * (1 + node["Actual Rows"] + total(node, removedFigures));

const conditions = ["Index Cond", "Hash Cond", "Merge Cond", "Recheck Cond", "Join Filter", "Filter"];

/** In words, such as `Index Scan of hidden by hidden_pkey, Filter: (at_seq >= $3)`. */
function describeNode(node: PlanNode): string {
  const source = node["Relation Name"] ?? node["CTE Name"] ?? node["Function Name"];
  const index = node["Index Name"];
  const name = [node["Node Type"], source && `of ${source}`, index && `by ${index}`, node["Subplan Name"]];
  const held = conditions.flatMap((condition) => (node[condition] ? [`${condition}: ${node[condition]}`] : []));
  return [name.filter((part) => part !== undefined).join(" "), ...held].join(", ");
}

/** The nodes of the same plan at two sizes whose rows grew most, the worst first; empty when the plans differ. */
export function mostGrown(small: PlanNode, large: PlanNode, count = 2): string[] {
  const [before, after] = [nodesOf(small), nodesOf(large)];
  if (before.length !== after.length) return [];
  const grown = after.map((node, n) => ({ node, from: rowsOf(before[n]!), to: rowsOf(node) }));
  const worst = grown.filter(({ from, to }) => to > from).sort((a, b) => b.to - b.from - (a.to - a.from));
  return worst.slice(0, count).map(({ node, from, to }) => `${describeNode(node)}: rows ${from} → ${to}`);
}
