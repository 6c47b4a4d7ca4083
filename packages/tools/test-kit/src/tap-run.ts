// Runs test files, each in a process of its own, and reads the TAP that they print.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cpuSeconds } from "./cpu.js";
import { timeoutSecondsOf } from "./test-files.js";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** What became of one file. */
export interface FileResult extends Counts {
  readonly file: string;
  readonly seconds: number;
  /** See `cpuSeconds`. Two files that end within a millisecond may be taken for one. */
  readonly cpuSeconds: number;
}

export interface TapRun {
  readonly root: string;
  /** Paths from `root`. */
  readonly files: readonly string[];
  /** Beside this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files at a time. */
  readonly jobs: number;
  /** Ends the run early. */
  readonly signal: AbortSignal;
  write(line: string): void;
}

/** For one that is past it to say what it was at. */
const graceSeconds = 10;
const loader = new URL("./loader.js", import.meta.url).href;
const nodeOptions = ["--enable-source-maps", `--import=${loader}`];

/**
 * Runs the files as `npm run check` compiled them, and writes of each a line and the details of what failed once it has ended.
 * Something that went wrong outside of any assertion counts as one failure; files that `signal` left out are one failure each.
 */
export async function runTap(run: TapRun): Promise<FileResult[]> {
  const { files, jobs } = run;
  const results: FileResult[] = [];
  let next = 0;
  let cpuOfEnded = cpuSeconds().endedChildren;
  const takeCpu = (): number => {
    const before = cpuOfEnded;
    cpuOfEnded = cpuSeconds().endedChildren;
    return cpuOfEnded - before;
  };
  const work = async (): Promise<void> => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      const { lines, ...result } = await runFile(run, file, takeCpu);
      results.push(result);
      const { passed, failed, seconds } = result;
      run.write(
        `${failed > 0 ? "not ok" : "ok"} ${results.length} - ${file} # ${passed} passed, ${seconds.toFixed(1)} s`,
      );
      for (const line of lines) run.write(`    ${line}`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

/** All of the files together. */
export function sum(results: readonly Counts[]): Counts {
  return results.reduce((all, one) => ({ passed: all.passed + one.passed, failed: all.failed + one.failed }), {
    passed: 0,
    failed: 0,
  });
}

async function runFile(
  { root, environment, signal }: TapRun,
  file: string,
  takeCpu: () => number,
): Promise<FileResult & { lines: readonly string[] }> {
  const lines: string[] = [];
  if (signal.aborted) return { file, passed: 0, failed: 1, seconds: 0, cpuSeconds: 0, lines: ["not run"] };
  const began = performance.now();
  const timeoutSeconds = timeoutSecondsOf(file);
  const child = spawn(process.execPath, [...nodeOptions, file], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TAP_TIMEOUT: String(timeoutSeconds), ...environment },
  });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const force = setTimeout(() => child.kill("SIGKILL"), (timeoutSeconds + graceSeconds) * 1000);
  let counts: Counts | undefined;
  let whole = true;
  for (const output of [child.stdout, child.stderr]) {
    createInterface(output).on("line", (line) => {
      counts = countsIn(line) ?? counts;
      whole &&= !isAfterTheEnd(line);
      if (isWorthShowing(line)) lines.push(line);
    });
  }
  let cpu = 0;
  const ending = await new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => {
      cpu = takeCpu();
    });
    child.once("close", (code, signal) => resolve(signal ?? code ?? "?"));
  }).finally(() => {
    clearTimeout(force);
    signal.removeEventListener("abort", stop);
  });
  if (ending !== 0) lines.push(`ended with ${ending}`);
  if (!counts) lines.push("ended without a summary");
  const { passed, failed } = counts ?? { passed: 0, failed: 0 };
  const clean = ending === 0 && counts !== undefined && whole;
  const seconds = (performance.now() - began) / 1000;
  return { file, passed, failed: clean ? failed : Math.max(1, failed), seconds, cpuSeconds: cpu, lines };
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
  return /^\s*Error: ((cannot create )?subtest after|(test )?assertion after)/.test(line);
}

/** False for what passed, and for TAP's own frame. */
export function isWorthShowing(line: string): boolean {
  if (line.includes("# SKIP")) return true;
  return !/^\s*(ok \d|1\.\.\d|# Subtest: |# time=|# \{ total|TAP version|$)/.test(line);
}
