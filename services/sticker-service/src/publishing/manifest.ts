// Reads a set's manifest, and reports all of its issues.
import { createChecker, StickerManifest } from "@khui/contracts";
import { Clean } from "typebox/value";
import { type Issue, maxIssues } from "./issues.js";

export const manifestName = "manifest.json";
/** 120 stickers with all the keywords they may have. */
const maxBytes = 1024 * 1024;
const check = createChecker(StickerManifest);

/** The manifest among these files, without fields that its schema does not name; undefined with the reasons added to `issues`. */
export function readManifest(files: ReadonlyMap<string, Buffer>, issues: Issue[]): StickerManifest | undefined {
  const bytes = files.get(manifestName);
  const found = bytes ? parse(bytes) : "is missing: it stands at the top, or in the one folder that holds all files";
  if (typeof found === "string") {
    issues.push({ path: manifestName, message: found });
    return undefined;
  }
  const mismatches = check(found.value, maxIssues);
  if (mismatches.length > 0) {
    issues.push(...mismatches.map(({ path, message }) => ({ path: path || "/", message })));
    return undefined;
  }
  const manifest = Clean(StickerManifest, structuredClone(found.value)) as StickerManifest;
  issues.push(...ruleIssues(manifest, found.value as StickerManifest));
  return manifest;
}

/** Every file that the manifest names, and where it is named first. */
export function filesNamed({ cover, stickers }: StickerManifest): Map<string, string> {
  const named = new Map<string, string>();
  const name = (file: string, path: string) => named.has(file) || named.set(file, path);
  for (const [i, { file, interactive }] of stickers.entries()) {
    name(file, `/stickers/${i}/file`);
    for (const [j, outcome] of (interactive?.outcomes ?? []).entries()) {
      name(outcome.file, `/stickers/${i}/interactive/outcomes/${j}/file`);
    }
  }
  name(cover, "/cover");
  return named;
}

/** The value, or the issue with the bytes. */
function parse(bytes: Buffer): { value: unknown } | string {
  if (bytes.length > maxBytes) return `has more than ${maxBytes} bytes`;
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown };
  } catch {
    return "is not JSON in UTF-8";
  }
}

/** The rules that a schema cannot express. `given` is the manifest before it was cleaned. */
function ruleIssues(manifest: StickerManifest, given: StickerManifest): Issue[] {
  const issues: Issue[] = repeated(
    manifest.stickers.map(({ id }) => id),
    (i) => `/stickers/${i}/id`,
  );
  for (const [i, { interactive }] of manifest.stickers.entries()) {
    const path = `/stickers/${i}/interactive`;
    if (manifest.type !== "interactive" && interactive) {
      issues.push({ path, message: `is not for a set of type ${manifest.type}` });
    }
    if (manifest.type === "interactive" && !interactive) issues.push({ path, message: "is missing" });
    if (!interactive) continue;
    const outcomes = interactive.outcomes.map(({ id }) => id);
    issues.push(...repeated(outcomes, (j) => `${path}/outcomes/${j}/id`));
    for (const name of Object.keys(given.stickers[i]?.interactive?.takes ?? {})) {
      // Cleaning drops names that do not match the pattern.
      const field = Object.hasOwn(interactive.takes, name) ? interactive.takes[name] : undefined;
      if (!field) issues.push({ path: `${path}/takes/${name}`, message: "is not a name that a field may have" });
      else if (field.type === "integer" && field.minimum > field.maximum) {
        issues.push({ path: `${path}/takes/${name}`, message: "has a minimum above its maximum" });
      } else if (field.type === "choice") {
        issues.push(...repeated(field.values, (j) => `${path}/takes/${name}/values/${j}`));
      }
    }
  }
  return issues;
}

function repeated(values: readonly string[], pathOf: (index: number) => string): Issue[] {
  return values.flatMap((value, i) =>
    values.indexOf(value) < i ? [{ path: pathOf(i), message: "is there twice" }] : [],
  );
}
