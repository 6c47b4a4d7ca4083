// The results as tables, and where they were measured.
import { cpus, release, totalmem } from "node:os";
import type { Flatness } from "./flatness.js";
import type { Latency } from "./latency.js";
import { median } from "./statistics.js";
import type { SendMeasure, Throughput } from "./throughput.js";

export interface Results {
  readonly machine: Machine;
  readonly settings: { readonly seconds: number; readonly rounds: number; readonly connections: number };
  readonly throughput?: Throughput;
  readonly latency?: Latency;
  readonly flatness?: Flatness;
}

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
}

export function describeMachine(postgres: string): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    postgres,
  };
}

/** The whole report in Markdown. */
export function toMarkdown({ machine, settings, throughput, latency, flatness }: Results): string {
  const { date, cpu, cores, memoryGb, system, node, postgres } = machine;
  const { seconds, rounds, connections } = settings;
  return [
    "# Sends, measured",
    `${date}: ${cores} × ${cpu}, ${memoryGb} GB, ${system}, Node ${node}, Postgres ${postgres}. One process of each service, ` +
      `their servers, pgbench and the load generator share the machine. ${connections} requests in flight; ` +
      `${rounds} rounds of ${seconds} s, taken in turns; medians of the rounds, with the lowest and highest in brackets.`,
    ...(throughput ? [throughputTable(throughput), cpuTable(throughput)] : []),
    ...(latency ? [latencyTable(latency)] : []),
    ...(flatness ? [flatnessTable(flatness)] : []),
  ].join("\n\n");
}

function throughputTable({ manyRooms, oneRoom, pgbench }: Throughput): string {
  const base = median(manyRooms.perSecond);
  const row = (name: string, perSecond: readonly number[], batch: number, answers?: SendMeasure) => [
    name,
    spread(perSecond, 0),
    `${Math.round((100 * median(perSecond)) / base)} %`,
    batch.toFixed(1),
    answers ? `${spread(answers.answerP50, 1)} / ${spread(answers.answerP99, 1)}` : "",
  ];
  const rows = [
    row("REST, 1,000 rooms", manyRooms.perSecond, manyRooms.batch, manyRooms),
    row("REST, one room", oneRoom.perSecond, oneRoom.batch, oneRoom),
    ...pgbench.map(({ clients, batch, perSecond }) =>
      row(`pgbench, the same statement, ${clients} ${clients === 1 ? "client" : "clients"}`, perSecond, batch),
    ),
  ];
  return table(["durable sends", "messages/s", "to 1,000 rooms", "a transaction", "answer p50 / p99, ms"], rows);
}

function cpuTable({ manyRooms, oneRoom }: Throughput): string {
  const names = [
    ...new Set([manyRooms, oneRoom].flatMap(({ cpuSecondsPerThousand }) => Object.keys(cpuSecondsPerThousand))),
  ];
  const cell = (measure: SendMeasure, name: string) => (measure.cpuSecondsPerThousand[name] ?? 0).toFixed(3);
  return table(
    ["CPU seconds per 1,000 sends", "1,000 rooms", "one room"],
    names.map((name) => [name, cell(manyRooms, name), cell(oneRoom, name)]),
  );
}

function latencyTable({ rate, rounds, idle }: Latency): string {
  const row = (name: string, pick: (round: Latency["rounds"][number]) => { p50: number; p99: number } | undefined) => [
    name,
    spread(
      rounds.map((round) => pick(round)?.p50 ?? Number.NaN),
      1,
    ),
    spread(
      rounds.map((round) => pick(round)?.p99 ?? Number.NaN),
      1,
    ),
  ];
  return table(
    [`latency at ${Math.round(rate)} messages/s`, "p50, ms", "p99, ms"],
    [
      row("request to answer", ({ answer }) => answer),
      row("request to another member's socket", ({ delivered }) => delivered),
      ["(an idle process woke late by)", idle.p50.toFixed(1), idle.p99.toFixed(1)],
    ],
  );
}

function flatnessTable({ sizes, requests }: Flatness): string {
  const [small, large] = sizes.map((size) => size.toLocaleString("en"));
  return table(
    ["median of 200, ms", `${small} messages`, `${large} messages`, "ratio"],
    Object.entries(requests).map(([name, { small, large }]) => [
      name,
      small.toFixed(2),
      large.toFixed(2),
      (large / small).toFixed(2),
    ]),
  );
}

/** The median, with the range where there are several. */
export function spread(values: readonly number[], digits: number): string {
  const middle = median(values).toFixed(digits);
  if (values.length < 2) return middle;
  return `${middle} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}

export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = head.map((cell, n) => Math.max(cell.length, ...rows.map((row) => row[n]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, n) => (n === 0 ? (cells[n] ?? "").padEnd(width) : (cells[n] ?? "").padStart(width))).join(" | ")} |`;
  const rule = `|${widths.map((width, n) => (n === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
