// `npm test`: every suite, those that start whole systems, then the behaviour suites against the embedded and the distributed form.
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BackendName, startBackends } from "@khui/backends/backends";
import { cpuSeconds } from "./cpu.js";
import { startDistributed } from "./distributed.js";
import { startEmbedded } from "./embedded.js";
import { findImageNode } from "./image-node.js";
import { findPrograms } from "./programs.js";
import { type Counts, type FileResult, runTap, sum } from "./tap-run.js";
import { kindOf, type TestKind, testFiles } from "./test-files.js";

const usage = `npm test -- [--only unit|systems|behaviour] [--form embedded|distributed] [file ...]
   or: npm test -- --url URL --secret SECRET [file ...]`;
const processors = availableParallelism();
const root = fileURLToPath(new URL("../../../../", import.meta.url));

interface Ground {
  /** What the test files find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Shown before the files. */
  readonly about?: string;
  /** Shown when something failed. */
  logs(): string;
  stop(): Promise<void>;
}

interface Phase {
  readonly name: string;
  readonly files: readonly string[];
  /** Files at a time. */
  readonly jobs: number;
  start(): Promise<Ground>;
}

const forms = {
  async embedded(): Promise<Ground> {
    const node = findImageNode();
    const served = `served by Node ${node ? execFileSync(node, ["--version"], { encoding: "utf8" }).trim() : process.version}`;
    const system = await startEmbedded({}, { node });
    return {
      environment: addressOf("embedded", system),
      about: node ? served : `${served}: the images' Node comes in no package for ${process.platform}-${process.arch}`,
      logs: () => system.process.logTail(),
      stop: system.stop,
    };
  },
  async distributed(): Promise<Ground> {
    // Three: with two, a request that reaches the wrong one of the others is never seen.
    const system = await startDistributed({}, { replicas: { "realtime-gateway": 3 } });
    return {
      environment: addressOf("distributed", system),
      about: `served by Node ${process.version}`,
      logs: system.logTails,
      stop: system.stop,
    };
  },
};

function addressOf(form: string, { url, secret }: { url: string; secret: string }): Record<string, string> {
  return { KHUI_TEST_FORM: form, KHUI_TEST_URL: url, KHUI_TEST_SECRET: secret };
}

async function realServers(): Promise<Ground> {
  const names: BackendName[] = ["postgres", "nats", "redis"];
  const backends = await startBackends(names);
  const { postgresUrl = "", natsUrl = "", redisUrl = "" } = backends;
  return {
    environment: { TEST_POSTGRES_URL: postgresUrl, TEST_NATS_URL: natsUrl, TEST_REDIS_URL: redisUrl },
    logs: () => "",
    stop: () => backends.stop(),
  };
}

function choosePhases(): Phase[] {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      form: { type: "string" },
      url: { type: "string" },
      secret: { type: "string" },
    },
  });
  const { only, form, url, secret } = values;
  const known =
    [undefined, "unit", "systems", "behaviour"].includes(only) && [undefined, ...Object.keys(forms)].includes(form);
  const remote = url !== undefined;
  if (!known || remote !== (secret !== undefined) || (remote && (only || form))) throw new Error(`usage: ${usage}`);
  const named = positionals.map((file) => relative(root, resolve(file)));
  const files = named.length > 0 ? named : testFiles(root);
  const of = (kind: TestKind): string[] => files.filter((file) => kindOf(file) === kind);
  const behaviour = of("behaviour");
  // Whoever asks a system waits for it half of the time.
  const [jobs, askingJobs] = [Math.max(2, Math.min(4, processors)), Math.max(4, Math.min(8, 2 * processors))];
  if (url && secret) {
    const address = { url: url.replace(/\/+$/, ""), secret };
    const ground: Ground = { environment: addressOf("remote", address), logs: () => "", stop: async () => {} };
    return [{ name: `behaviour, ${address.url}`, files: behaviour, jobs: askingJobs, start: async () => ground }];
  }
  const phases: Phase[] = [
    { name: "unit", files: of("unit"), jobs, start: realServers },
    { name: "systems", files: of("systems"), jobs: 2, start: realServers },
    { name: "systems, one at a time", files: of("alone"), jobs: 1, start: realServers },
    { name: "behaviour, embedded", files: behaviour, jobs: askingJobs, start: forms.embedded },
    { name: "behaviour, distributed", files: behaviour, jobs: askingJobs, start: forms.distributed },
  ];
  return phases.filter(({ name, files }) => {
    if (only && !name.startsWith(only)) return false;
    if (form && !name.endsWith(form)) return false;
    // Files that were named belong to some phases; without names, a phase that finds none has lost its tests.
    return named.length === 0 || files.length > 0;
  });
}

const write = (line: string): void => void process.stdout.write(`${line}\n`);

interface PhaseResult extends Counts {
  readonly name: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly files: readonly FileResult[];
}

async function runPhase(
  { name, files, jobs, start }: Phase,
  programs: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<PhaseResult> {
  write(`\n== ${name}: ${files.length} files`);
  const began = Date.now();
  const cpuBefore = totalCpuSeconds();
  let results: FileResult[] = [];
  let counts: Counts = { passed: 0, failed: 1 };
  try {
    const ground = await start();
    if (ground.about) write(`== ${name}: ${ground.about}`);
    try {
      signal.throwIfAborted();
      const environment = { ...programs, ...ground.environment };
      results = await runTap({ root, files, environment, jobs, signal, write });
      counts = sum(results);
      if (counts.failed > 0) write(ground.logs());
      if (counts.passed + counts.failed === 0) throw new Error("nothing ran");
    } finally {
      await ground.stop();
    }
  } catch (error) {
    write(`== ${name}: ${error instanceof Error ? error.message : error}`);
    counts = { passed: counts.passed, failed: Math.max(1, counts.failed) };
  }
  const seconds = (Date.now() - began) / 1000;
  return { name, ...counts, seconds, cpuSeconds: totalCpuSeconds() - cpuBefore, files: results };
}

function totalCpuSeconds(): number {
  const { own, endedChildren } = cpuSeconds();
  return own + endedChildren;
}

/** What each phase took, and which files took longest. */
function summary(phases: readonly PhaseResult[]): string[] {
  const files = phases.flatMap(({ name, files }) => files.map((file) => ({ ...file, phase: name })));
  const slowest = files.sort((a, b) => b.seconds - a.seconds).slice(0, 10);
  const total = (field: "seconds" | "cpuSeconds"): number => phases.reduce((all, phase) => all + phase[field], 0);
  const figures = (row: { seconds: number; cpuSeconds: number }): string =>
    `${row.seconds.toFixed(1).padStart(7)} s, ${row.cpuSeconds.toFixed(1).padStart(7)} s CPU`;
  return [
    ...phases.map((phase) => `${figures(phase)}  ${phase.name}: ${phase.passed} passed, ${phase.failed} failed`),
    `${figures({ seconds: total("seconds"), cpuSeconds: total("cpuSeconds") })}  in all`,
    "",
    "the slowest files:",
    ...slowest.map((file) => `${figures(file)}  ${file.file} (${file.phase})`),
  ];
}

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}

const programs = await findPrograms();
const phases: PhaseResult[] = [];
for (const phase of choosePhases()) {
  if (interrupted.signal.aborted) break;
  phases.push(await runPhase(phase, programs, interrupted.signal));
}
const total = sum(phases);
if (phases.length === 0) write(`\nno test was run; usage: ${usage}`);
else for (const line of ["", ...summary(phases)]) write(line);
write(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 || interrupted.signal.aborted ? 1 : 0;
