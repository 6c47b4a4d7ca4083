// Where in a service's source statements are issued.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A transaction's own `execute` runs a function, not a statement. */
const statement = /(?<!\.(?:transaction|startTransaction|connection)\(\))\.(?:execute\w*|stream)\(/g;

/** Every `.execute(` and its kin in the TypeScript files under `source`, as `store/send.ts:166`, sorted. */
export function statementSites(source: URL): string[] {
  const folder = fileURLToPath(source);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files
    .flatMap((file) => sitesIn(readFileSync(join(folder, file), "utf8")).map((line) => `${file}:${line}`))
    .sort();
}

/** The lines on which statements are issued, from 1. */
export function sitesIn(text: string): number[] {
  return [...text.matchAll(statement)].map(({ index }) => text.slice(0, index).split("\n").length);
}
