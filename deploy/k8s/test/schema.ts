// Checks manifests against Kubernetes' OpenAPI schema: as TypeScript literals of the types generated from it.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Manifest } from "./rendered.js";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const types = dirname(require.resolve("kubernetes-types/package.json"));
const compiler = join(dirname(require.resolve("typescript/package.json")), "lib/tsc.js");

/**
 * The faults found, one per line: unknown and missing fields, wrong types, unknown kinds.
 * Only types are checked: whether a quantity or a name is well-formed, only a cluster can tell.
 */
export async function schemaFaults(manifests: readonly Manifest[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "khui-schema-"));
  try {
    const file = join(folder, "manifests.ts");
    writeFileSync(file, manifests.map(declaration).join(""));
    const options = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--types",
      "",
      "--pretty",
      "false",
    ];
    const { stdout } = await run(process.execPath, [compiler, ...options, file], { cwd: folder }).catch(
      (error: Error & { stdout?: string }) => {
        if (!error.stdout) throw error;
        return { stdout: error.stdout };
      },
    );
    return faults(stdout, manifests);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One manifest per line, so that the line of an issue identifies it. */
function declaration(manifest: Manifest, index: number): string {
  const [version, group] = manifest.apiVersion.split("/").reverse();
  const module = `${types}/${group?.replace(/\..*/, "") ?? "core"}/${version}`;
  const type = `import(${JSON.stringify(module)}).${manifest.kind}`;
  return `export const manifest${index}: ${type} = ${JSON.stringify(manifest)};\n`;
}

function faults(output: string, manifests: readonly Manifest[]): string[] {
  const found = [...output.matchAll(/^[^\n]*manifests\.ts\((\d+),\d+\): error \w+: (.*(?:\n .*)*)/gm)];
  const unplaced = output.trim() !== "" && found.length === 0 ? [output] : [];
  return [
    ...unplaced,
    ...found.map(([, line, message]) => {
      const manifest = manifests[Number(line) - 1];
      return `${manifest?.kind} ${manifest?.metadata.name}: ${message}`;
    }),
  ];
}
