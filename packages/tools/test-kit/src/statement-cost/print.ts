// Runs the cost test of every service, and prints its figures as Markdown.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTap, sum } from "../tap-run.js";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));
const files = readdirSync(join(root, "services"))
  .map((name) => `services/${name}/test/cost.test.ts`)
  .filter((file) => existsSync(join(root, file)));
const folder = mkdtempSync(join(tmpdir(), "khui-statement-cost-"));
try {
  const results = await runTap({
    root,
    files,
    environment: { STATEMENT_COST_FOLDER: folder },
    jobs: 1,
    signal: new AbortController().signal,
    write: (line) => void process.stderr.write(`${line}\n`),
  });
  for (const name of readdirSync(folder).sort()) process.stdout.write(`${readFileSync(join(folder, name), "utf8")}\n`);
  process.exitCode = sum(results).failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
