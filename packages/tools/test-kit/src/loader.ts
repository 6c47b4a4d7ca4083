// For `node --import`: test files run from what `tsc -p tsconfig.test.json` made of them, on the built packages.
import { readFileSync } from "node:fs";
import { type LoadHook, type ResolveHook, register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

const root = new URL("../../../../", import.meta.url).href;
/** The `outDir` of tsconfig.test.json. */
const compiled = new URL("node_modules/.cache/khui/tests/", root).href;

// The hooks run in a thread of their own, which loads this file again: https://nodejs.org/docs/latest-v20.x/api/module.html#moduleregisterspecifier-parenturl-options
if (isMainThread) register(import.meta.url);

/** What a test file imports by a relative path is another file of the tests, or built source. */
export const resolve: ResolveHook = (specifier, context, next) => {
  const { parentURL } = context;
  if (!specifier.startsWith(".") || !parentURL?.endsWith(".ts")) return next(specifier, context);
  const { href } = new URL(specifier, parentURL);
  const url = href.includes("/test/") ? href.replace(/\.js$/, ".ts") : href.replace("/src/", "/dist/");
  return { url, format: "module", shortCircuit: true };
};

/** A test file keeps its own URL, by which it finds what lies beside it. */
export const load: LoadHook = (url, context, next) => {
  if (!url.startsWith(root) || !url.endsWith(".ts")) return next(url, context);
  const output = url.replace(root, compiled).replace(/\.ts$/, ".js");
  const source = readFileSync(fileURLToPath(output), "utf8");
  const map = `//# sourceMappingURL=${output}.map`;
  return { format: "module", source: source.replace(/\/\/# sourceMappingURL=.*\s*$/, map), shortCircuit: true };
};
