// The command line of bench:fanout, bench:connections and bench:latency.
import { parseArgs } from "node:util";
import { positive } from "./options.js";

/** Settings with their values; on the command line they are whole numbers from 1. */
export type Numbers<Name extends string> = Readonly<Record<Name, number>>;

export type LiveOptions<Name extends string> = Numbers<Name> & {
  /** Only checks counts, in a few seconds with few sockets; the figures mean nothing. */
  readonly short: boolean;
  /** Where to write the results: this path with .json and .md. */
  readonly out: string | undefined;
  /** Where our gateways leave their CPU profiles. */
  readonly profile: string | undefined;
  /** The parts to run. */
  readonly only: ReadonlySet<string>;
};

/**
 * `--short` puts `short`'s numbers in place of the defaults. `parts`: what `--only` can name. Throws on an unknown option, a
 * number that is none, and an unknown part.
 */
export function readLiveOptions<Name extends string>(
  args: string[],
  full: Numbers<Name>,
  short: Numbers<Name>,
  parts: readonly string[] = [],
): LiveOptions<Name> {
  const names = Object.keys(full) as Name[];
  const { values } = parseArgs({
    args,
    options: {
      ...Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
      short: { type: "boolean", default: false },
      out: { type: "string" },
      profile: { type: "string" },
      only: { type: "string", multiple: true, default: [...parts] },
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  const defaults = values.short ? short : full;
  const only = new Set(values.only);
  for (const part of only) if (!parts.includes(part)) throw new Error(`--only ${part}: there are ${parts.join(", ")}`);
  const numbers = names.map((name) => {
    const text = given[name];
    return [name, typeof text === "string" ? positive(name, text) : defaults[name]];
  });
  return {
    ...(Object.fromEntries(numbers) as Numbers<Name>),
    short: values.short === true,
    out: values.out?.replace(/\.(md|json)$/, ""),
    profile: values.profile,
    only,
  };
}
