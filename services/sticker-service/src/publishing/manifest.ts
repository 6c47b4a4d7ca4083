// Reads a set's manifest, and says all that is wrong with it.
import { createChecker, StickerManifest } from "@khui/contracts";
import { Clean } from "typebox/value";
import { type Fault, mostFaults } from "./issues.js";

export const manifestName = "manifest.json";
/** 120 stickers with all the keywords they may have. */
const mostBytes = 1024 * 1024;
const check = createChecker(StickerManifest);

/** The manifest among these files, with no field that its schema does not name; undefined with the reasons in `faults`. */
export function readManifest(files: ReadonlyMap<string, Buffer>, faults: Fault[]): StickerManifest | undefined {
  const bytes = files.get(manifestName);
  const found = bytes ? parse(bytes) : "is missing: it stands at the top, or in the one folder that holds all files";
  if (typeof found === "string") {
    faults.push({ path: manifestName, message: found });
    return undefined;
  }
  const misfits = check(found.value, mostFaults);
  if (misfits.length > 0) {
    faults.push(...misfits.map(({ path, message }) => ({ path: path || "/", message })));
    return undefined;
  }
  const manifest = Clean(StickerManifest, structuredClone(found.value)) as StickerManifest;
  faults.push(...ruleFaults(manifest, found.value as StickerManifest));
  return manifest;
}

/** Every file that the manifest names, and where it does so first. */
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

/** The value, or what is wrong with the bytes. */
function parse(bytes: Buffer): { value: unknown } | string {
  if (bytes.length > mostBytes) return `has more than ${mostBytes} bytes`;
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown };
  } catch {
    return "is not JSON in UTF-8";
  }
}

/** What a schema does not say. `given` is the manifest before it was cleaned. */
function ruleFaults(manifest: StickerManifest, given: StickerManifest): Fault[] {
  const faults: Fault[] = repeated(
    manifest.stickers.map(({ id }) => id),
    (i) => `/stickers/${i}/id`,
  );
  for (const [i, { interactive }] of manifest.stickers.entries()) {
    const path = `/stickers/${i}/interactive`;
    if (manifest.type !== "interactive" && interactive) {
      faults.push({ path, message: `is not for a set of type ${manifest.type}` });
    }
    if (manifest.type === "interactive" && !interactive) faults.push({ path, message: "is missing" });
    if (!interactive) continue;
    const outcomes = interactive.outcomes.map(({ id }) => id);
    faults.push(...repeated(outcomes, (j) => `${path}/outcomes/${j}/id`));
    for (const name of Object.keys(given.stickers[i]?.interactive?.takes ?? {})) {
      // Cleaning drops what does not match the pattern of names.
      const field = Object.hasOwn(interactive.takes, name) ? interactive.takes[name] : undefined;
      if (!field) faults.push({ path: `${path}/takes/${name}`, message: "is not a name that a field may have" });
      else if (field.type === "integer" && field.minimum > field.maximum) {
        faults.push({ path: `${path}/takes/${name}`, message: "has a minimum above its maximum" });
      } else if (field.type === "choice") {
        faults.push(...repeated(field.values, (j) => `${path}/takes/${name}/values/${j}`));
      }
    }
  }
  return faults;
}

function repeated(values: readonly string[], pathOf: (index: number) => string): Fault[] {
  return values.flatMap((value, i) =>
    values.indexOf(value) < i ? [{ path: pathOf(i), message: "is there twice" }] : [],
  );
}
