// The live benches in their short forms: every message reaches every socket once and in order, ours and the peers'.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "tap";

/** Runs a bench as its npm script does. Resolves with its exit code and all that it wrote. */
async function run(file: string): Promise<{ code: number; output: string }> {
  const program = fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
  const child = spawn(process.execPath, ["--enable-source-maps", program, "--short"]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}

const verdicts = {
  "fanout.js": "every message was received once, in order, by every socket",
  "latency-live.js": "every message was received once, in order, by every member",
  "connections.js": "every connection was held, and received the message once",
};

test("each counts right", { timeout: 250_000 }, async (t) => {
  const files = Object.entries(verdicts);
  // At once, since what they measure does not matter here.
  const outcomes = await Promise.all(files.map(([file]) => run(file)));
  for (const [i, [file, verdict]] of files.entries()) t.same(outcomes[i], { code: 0, output: `${verdict}\n` }, file);
});
