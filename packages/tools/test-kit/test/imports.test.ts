// Packages are reached by their names: no relative import leaves its package, so none finds its way into another's test/.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "tap";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const skipped = new Set(["node_modules", "dist"]);

/** Folders below these are packages; `deploy` is one by itself. */
const packagesIn = ["packages/ports", "packages/tools", "packages", "services"];

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function packageOf(file: string): string {
  const path = relative(root, file).split(sep).join("/");
  const home = packagesIn.find((folder) => path.startsWith(`${folder}/`));
  return home ? `${home}/${path.slice(home.length + 1).split("/")[0]}` : (path.split("/")[0] ?? "");
}

test("no relative import leaves its package", async (t) => {
  const leaving: string[] = [];
  let imports = 0;
  for (const file of ["packages", "services", "deploy"].flatMap((folder) => sources(join(root, folder)))) {
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
      /(?:from|import|import\() ?"(\.[^"]+\.js)"/g,
    )) {
      imports++;
      if (packageOf(join(dirname(file), specifier)) !== packageOf(file))
        leaving.push(`${relative(root, file)}: ${specifier}`);
    }
  }
  t.ok(imports > 1_000, `${imports} imports were looked at`);
  t.same(leaving, []);
});
