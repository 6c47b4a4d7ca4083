// Builds the packages, and the tests where the loader finds them.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/**
 * Builds what has changed since the last time; `write` gets what the compiler complains of. A type error leaves
 * everything built all the same: `npm run check` is there to refuse it.
 */
export async function compile(root: string, write: (line: string) => void): Promise<void> {
  const manifest = createRequire(join(root, "package.json")).resolve("typescript/package.json");
  const compiler = join(dirname(manifest), "bin/tsc");
  for (const options of [["-b"], ["-p", "tsconfig.test.json"]]) {
    const child = spawn(process.execPath, [compiler, ...options], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    createInterface(child.stdout).on("line", write);
    await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  }
}
