// The version of Node that the images run, from the npm package that brings it.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The path of that Node; undefined on a platform whose package is not among our dependencies. */
export function findImageNode(platform: string = process.platform, arch: string = process.arch): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${arch}/package.json`);
    const path = join(dirname(manifest), "bin/node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
