// Runs a bench as its npm script does.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** `program`: a built file and its options. Resolves with its exit code and all that it wrote. */
export async function runProgram(program: string): Promise<{ code: number; output: string }> {
  const [file, ...options] = program.split(" ");
  const path = fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
  const child = spawn(process.execPath, ["--enable-source-maps", path, ...options]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}
