// The table of a run.
import type { Tally } from "./asking.js";
import type { GapRow } from "./gaps.js";
import type { StepRecord } from "./injecting.js";
import type { PresenceResult } from "./presence.js";

export interface Report {
  readonly seed: number;
  readonly seconds: number;
  readonly clients: number;
  readonly rooms: number;
  /** Acknowledged operations by kind. */
  readonly counts: ReadonlyMap<string, number>;
  readonly tally: Tally;
  /** Log entries that clients received. */
  readonly entries: number;
  readonly resumes: number;
  readonly repaired: number | undefined;
  /** Messages that clients received without their sender's name, because it could not be looked up. */
  readonly nameless: number;
  readonly presence: PresenceResult;
  readonly steps: readonly StepRecord[];
  readonly gaps: readonly GapRow[];
  /** Empty when the run passed. */
  readonly differences: readonly string[];
  readonly logs: string;
}

const seconds = (ms: number): string => (ms === 0 ? "–" : `${(ms / 1000).toFixed(1)} s`);
const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

/** As Markdown. */
export function renderReport(report: Report): string {
  const { counts, tally, steps, presence } = report;
  const acknowledged = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const unanswered = [...tally.unanswered.values()].reduce((sum, count) => sum + count, 0);
  const faults = new Map<string, number>();
  for (const { kind } of steps.flatMap((step) => step.faults)) faults.set(kind, (faults.get(kind) ?? 0) + 1);
  const lines = [
    `${report.seconds} s of faults, seed ${report.seed}, ${report.clients} clients, ${report.rooms} rooms.`,
    "",
    "| | |",
    "|---|---|",
    `| acknowledged | ${acknowledged} (${listed(counts)}) |`,
    `| tries without an answer | ${unanswered} of ${tally.tries} (${listed(tally.unanswered)}) |`,
    `| entries delivered | ${report.entries} |`,
    `| entries that gateways had to ask for | ${report.repaired ?? "not counted"} |`,
    `| messages that came without their sender's name | ${report.nameless} |`,
    `| clients that came back and resumed | ${report.resumes} |`,
    `| faults | ${steps.reduce((sum, step) => sum + step.faults.length, 0)} (${listed(faults)}) |`,
    `| presence true, once all were connected | after ${seconds(presence.ms)} |`,
    `| differences | ${report.differences.length} |`,
    "",
    "| fault | times | longest time without an acknowledged send | longest silence for a client |",
    "|---|---|---|---|",
    ...report.gaps.map(
      (row) => `| ${row.fault} | ${row.times} | ${seconds(row.sending)} | ${seconds(row.receiving)} |`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}
