// One run of tap over some files: a line a file, the details of what failed, and the counts.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

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
  write(line: string): void;
}

/** A whole file's, on a machine that is busy with other things too. */
const fileTimeoutSeconds = 300;

/** Runs the files; `tap build` must have been run since tap was installed. Something that went wrong outside of any assertion counts as one failure. */
export async function runTap({ root, files, environment, jobs, signal, write }: TapRun): Promise<Counts> {
  const manifest = createRequire(join(root, "package.json")).resolve("tap/package.json");
  const program = join(dirname(manifest), "dist/esm/run.mjs");
  const options = [`--jobs=${jobs}`, `--timeout=${fileTimeoutSeconds}`, "--reporter=tap", "--no-color"];
  let counts: Counts = { passed: 0, failed: 0 };
  let whole = true;
  const ended = await node(root, [program, "run", ...options, ...files], environment, signal, (line) => {
    counts = countsIn(line) ?? counts;
    whole &&= !isAfterTheEnd(line);
    if (isWorthShowing(line)) write(line);
  });
  const clean = ended && whole;
  return { ...counts, failed: clean ? counts.failed : Math.max(1, counts.failed) };
}

/** Reads tap's closing summary, such as `# { total: 12, pass: 10, fail: 1, skip: 1 }`; what tests print is indented. */
export function countsIn(line: string): Counts | undefined {
  const summary = /^# \{( total: .*)\}$/.exec(line)?.[1];
  if (summary === undefined) return undefined;
  const count = (name: string): number => Number(new RegExp(` ${name}: (\\d+)`).exec(summary)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail") };
}

/** Tests that came after their file had ended: tap says so, runs none of them, and counts no failure. */
export function isAfterTheEnd(line: string): boolean {
  return /^\s*Error: (cannot create subtest after|assertion after)/.test(line);
}

/** False for what passed inside a file, and for TAP's own frame. */
export function isWorthShowing(line: string): boolean {
  if (/^ok \d/.test(line) || line.includes("# SKIP")) return true;
  return !/^\s*(ok \d|1\.\.\d|# Subtest: |# time=|# No coverage|# \{ total|TAP version|$)/.test(line);
}

/** Resolves true when it ends with code 0. */
async function node(
  cwd: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<boolean> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const stop = () => child.kill("SIGTERM");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  for (const output of [child.stdout, child.stderr]) createInterface(output).on("line", onLine);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject).once("close", (code) => resolve(code === 0));
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
