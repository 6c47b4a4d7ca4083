// The command line of bench:send.
import { parseArgs } from "node:util";

export interface Options {
  /** Length of one measured stretch. */
  readonly seconds: number;
  /** How often each contender is measured, alternating. */
  readonly rounds: number;
  /** Requests in flight, each on a connection of its own. */
  readonly connections: number;
  /** Messages in the large room of the flatness part. */
  readonly largeRoom: number;
  /** Only checks counts, in a few seconds. */
  readonly short: boolean;
  /** Where to write the results: this path with .json and .md. */
  readonly out: string | undefined;
  /** Where messages-api writes its CPU profile. */
  readonly profile: string | undefined;
  /** The parts to run. */
  readonly only: ReadonlySet<Part>;
}

const parts = ["throughput", "latency", "flatness"] as const;
export type Part = (typeof parts)[number];

/** Throws on an unknown option, a number that is none, and an unknown part. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      connections: { type: "string", default: "64" },
      "large-room": { type: "string", default: "1000000" },
      short: { type: "boolean", default: false },
      out: { type: "string" },
      profile: { type: "string" },
      only: { type: "string", multiple: true, default: [...parts] },
    },
  });
  const unknown = values.only.find((part) => !isPart(part));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${parts.join(", ")}`);
  return {
    seconds: positive("seconds", values.seconds),
    rounds: positive("rounds", values.rounds),
    connections: positive("connections", values.connections),
    largeRoom: positive("large-room", values["large-room"]),
    short: values.short,
    out: values.out?.replace(/\.(md|json)$/, ""),
    profile: values.profile,
    only: new Set(values.only.filter(isPart)),
  };
}

const isPart = (name: string): name is Part => (parts as readonly string[]).includes(name);

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1`);
  return value;
}
