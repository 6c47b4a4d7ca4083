// One run of tap over some files, and its counts.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export interface TapRun {
  readonly root: string;
  readonly files: readonly string[];
  /** Beside this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files at a time. */
  readonly jobs: number;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/** Runs the files, showing what fails as it goes. Something that went wrong outside of any assertion counts as one failure. */
export async function runTap({ root, files, environment, jobs, signal }: TapRun): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "khui-tap-"));
  const output = join(folder, "tap");
  try {
    const options = [`--jobs=${jobs}`, "--reporter=terse", `--output-file=${output}`];
    const clean = await node(root, [await tapProgram(root, signal), "run", ...options, ...files], environment, signal);
    const counts = countsIn(existsSync(output) ? readFileSync(output, "utf8") : "");
    return { ...counts, failed: clean ? counts.failed : Math.max(1, counts.failed) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads tap's closing summary, such as `# { total: 12, pass: 10, fail: 1, skip: 1 }`. No summary: nothing passed. */
export function countsIn(tap: string): Counts {
  const summary = [...tap.matchAll(/^# \{([^}]*)\}$/gm)].at(-1)?.[1] ?? "";
  const count = (name: string): number => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail") };
}

/** Where install scripts are not run, tap's own test class is not built yet. */
async function tapProgram(root: string, signal: AbortSignal): Promise<string> {
  const manifest = createRequire(join(root, "package.json")).resolve("tap/package.json");
  const program = join(dirname(manifest), "dist/esm/run.mjs");
  try {
    createRequire(manifest).resolve("@tapjs/test");
  } catch {
    if (!(await node(root, [program, "build"], {}, signal))) throw new Error("tap build failed");
  }
  return program;
}

function node(
  cwd: string,
  args: string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: "inherit", env: { ...process.env, ...environment } });
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    child.once("error", reject).once("exit", (code) => {
      signal.removeEventListener("abort", stop);
      resolve(code === 0);
    });
  });
}
