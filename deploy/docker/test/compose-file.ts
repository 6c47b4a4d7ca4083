// docker-compose.yml as Compose reads it: anchors merged, variables substituted.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** The folder of the compose file, with a trailing slash. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface ComposeService {
  readonly image?: string;
  readonly build?: { context: string; dockerfile: string; args: Record<string, string> };
  readonly environment?: Record<string, string>;
  readonly profiles?: readonly string[];
  readonly depends_on?: Record<string, { condition: string }>;
  readonly [key: string]: unknown;
}

export interface Compose {
  readonly services: Record<string, ComposeService>;
  readonly networks: Record<string, { internal?: boolean } | null>;
  readonly volumes: Record<string, unknown>;
}

export const composeText = readFileSync(`${root}docker-compose.yml`, "utf8");

/** Throws, as Compose does, if a required variable is missing. */
export function compose(variables: Readonly<Record<string, string>>): Compose {
  return interpolated(parse(composeText, { merge: true }), variables) as Compose;
}

/** .env.example with lines that a user has added, and its empty secrets filled in by the script that it names. */
export function filledVariables(...added: string[]): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "khui-env-"));
  try {
    return environmentFile(fill(folder, added));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The script's output for .env.example with lines that a user has added; it writes its other files to `folder`. */
export function fill(folder: string, added: readonly string[] = [], earlier: readonly string[] = []): string {
  const example = [readFileSync(`${root}.env.example`, "utf8"), ...added].join("\n");
  const args = [`${root}deploy/docker/fill-env.sh`, ...earlier];
  return execFileSync("sh", args, { input: example, encoding: "utf8", cwd: folder });
}

/** The variables of an environment file as Compose reads it; in quoted values, only line breaks are escaped. */
export function environmentFile(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/^(\w+)=(?:"(.*)"|(.*))$/gm)];
  return Object.fromEntries(
    pairs.map(([, name = "", quoted, plain = ""]) => [name, quoted?.replaceAll("\\n", "\n") ?? plain]),
  );
}

function interpolated(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((item) => interpolated(item, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolated(item, variables)]));
}

/** The forms that the file uses: ${A}, ${A:-default}, ${A-default}, ${A:?message}, ${A?message}, and $$ for a dollar. */
function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\{(\w+)(?:(:?[-?])([^{}]*))?\}|.?)/g, (form, name?: string, how?: string, rest = "") => {
    if (form === "$$") return "$";
    if (name === undefined) throw new Error(`not a form of a variable: ${form}`);
    const value = variables[name];
    const given = how?.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
    if (given || how === undefined) return value ?? "";
    if (how.endsWith("?")) throw new Error(`${name} ${rest}`);
    return rest;
  });
}
