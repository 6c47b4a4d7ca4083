// The tables of docs/security.md, which tests compare with the servers' configuration.
import { readFileSync } from "node:fs";

const page = readFileSync(new URL("../../../docs/security.md", import.meta.url), "utf8");

/** The first word in backticks of the first cell, and the words in backticks of each other cell. */
export interface Row {
  readonly name: string;
  readonly cells: readonly (readonly string[])[];
}

/** The rows of the only table under this heading. Throws if there is none. */
export function tableUnder(heading: string): Row[] {
  const section = page.split(/^(?=#+ )/m).find((part) => part.replace(/^#+ /, "").startsWith(`${heading}\n`));
  const lines = section?.split("\n").filter((line) => line.startsWith("| `")) ?? [];
  if (lines.length === 0) throw new Error(`docs/security.md has no table under "${heading}"`);
  return lines.map((line) => {
    const words = line
      .split("|")
      .slice(1, -1)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word));
    const [[name = ""] = [], ...cells] = words;
    return { name, cells };
  });
}
