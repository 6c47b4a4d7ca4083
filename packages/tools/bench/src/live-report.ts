// The figures of a live bench as a table: ours, its peer's, and the targets.
import { writeFileSync } from "node:fs";
import type { Contender, ContenderKind } from "./contenders.js";
import { describeMachine, spread, table } from "./report.js";
import { median } from "./statistics.js";

export interface Figure {
  readonly name: string;
  readonly digits: number;
  /** One value per round; the rounds of the contenders alternate. */
  readonly values: Partial<Record<ContenderKind, readonly number[]>>;
  readonly aims: readonly Aim[];
}

/** An upper limit for our figure, or for our figure divided by another contender's. */
export interface Aim {
  readonly atMost: number;
  readonly to?: ContenderKind;
}

const titles: Record<ContenderKind, string> = { ours: "ours", peer: "socket.io", floor: "bare loop" };

export interface LiveResults {
  readonly title: string;
  /** What was measured how, in a sentence or two. */
  readonly setting: string;
  readonly figures: readonly Figure[];
  /** CPU seconds per second that other programs on the machine used meanwhile: shows how far to trust the figures. */
  readonly elsewhere: number;
}

/** Prints the results, and writes them to `out` where it is given. */
export function printResults({ title, setting, figures, elsewhere }: LiveResults, out: string | undefined): void {
  const machine = describeMachine("");
  const { date, cpu, cores, memoryGb, system, node } = machine;
  const kinds = (["ours", "peer", "floor"] as const).filter((kind) => figures.some(({ values }) => values[kind]));
  const others = kinds.filter((kind) => kind !== "ours");
  const rows = figures.map((figure) => [
    figure.name,
    ...kinds.map((kind) => (figure.values[kind] ? spread(figure.values[kind], figure.digits) : "")),
    ...others.map((kind) => (figure.values[kind] ? ratio(figure, kind).toFixed(2) : "")),
    figure.aims.map((aim) => judge(figure, aim)).join("; "),
  ]);
  const markdown = [
    `# ${title}`,
    `${date}: ${cores} × ${cpu}, ${memoryGb} GB, ${system}, Node ${node}. ${setting} Medians of the rounds, with the lowest ` +
      `and highest in brackets. Other programs used ${elsewhere.toFixed(2)} of the cores meanwhile.`,
    table(["", ...kinds.map((kind) => titles[kind]), ...others.map((kind) => `ours / ${titles[kind]}`), "aim"], rows),
  ].join("\n\n");
  console.log(markdown);
  if (out === undefined) return;
  writeFileSync(`${out}.md`, `${markdown}\n`);
  writeFileSync(`${out}.json`, `${JSON.stringify({ machine, setting, figures, elsewhere }, null, 2)}\n`);
}

/** The median of each round's ratio, since the two values of a round were measured one after the other. */
export function ratio({ values }: Figure, to: ContenderKind): number {
  const other = values[to] ?? [];
  return median((values.ours ?? []).map((value, round) => value / (other[round] ?? Number.NaN)));
}

function judge(figure: Figure, { atMost, to }: Aim): string {
  const reached = to ? ratio(figure, to) : median(figure.values.ours ?? []);
  const what = to ? `× ${titles[to]}` : "";
  return `≤ ${atMost}${what && ` ${what}`}: ${reached <= atMost ? "met" : "MISSED"}`;
}

/** Collects each round's values by kind. */
export class Rounds {
  readonly #values = new Map<string, Map<ContenderKind, number[]>>();

  add(name: string, { kind }: Pick<Contender, "kind">, value: number): void {
    const kinds = this.#values.get(name) ?? new Map<ContenderKind, number[]>();
    this.#values.set(name, kinds.set(kind, [...(kinds.get(kind) ?? []), value]));
  }

  figure(name: string, digits: number, ...aims: Aim[]): Figure {
    return { name, digits, values: Object.fromEntries(this.#values.get(name) ?? []), aims };
  }
}
