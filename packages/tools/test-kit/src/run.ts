// `npm test`: every suite, those that start whole systems, then the behaviour suites against the embedded and the distributed form.
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BackendName, startBackends } from "@khui/backends/backends";
import { startDistributed } from "./distributed.js";
import { startEmbedded } from "./embedded.js";
import { findPrograms } from "./programs.js";
import { type Counts, runTap } from "./tap-run.js";
import { isBehaviour, startsSystems, testFiles } from "./test-files.js";

const usage = `node --import=tsx packages/tools/test-kit/src/run.ts [--only unit|systems|behaviour] [--form embedded|distributed] [file ...]`;
const root = fileURLToPath(new URL("../../../../", import.meta.url));

interface Ground {
  /** What the test files find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
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
    const system = await startEmbedded();
    return { environment: addressOf("embedded", system), logs: () => system.process.logTail(), stop: system.stop };
  },
  async distributed(): Promise<Ground> {
    const system = await startDistributed();
    return { environment: addressOf("distributed", system), logs: system.logTails, stop: system.stop };
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
    options: { only: { type: "string" }, form: { type: "string" } },
  });
  const { only, form } = values;
  const known =
    [undefined, "unit", "systems", "behaviour"].includes(only) && [undefined, ...Object.keys(forms)].includes(form);
  if (!known) throw new Error(`usage: ${usage}`);
  const named = positionals.map((file) => relative(root, resolve(file)));
  const files = named.length > 0 ? named : testFiles(root);
  const behaviour = files.filter(isBehaviour);
  const others = files.filter((file) => !isBehaviour(file));
  const jobs = Math.max(2, Math.min(4, availableParallelism()));
  const phases: Phase[] = [
    { name: "unit", files: others.filter((file) => !startsSystems(file)), jobs, start: realServers },
    { name: "systems", files: others.filter(startsSystems), jobs: 1, start: realServers },
    { name: "behaviour, embedded", files: behaviour, jobs, start: forms.embedded },
    { name: "behaviour, distributed", files: behaviour, jobs, start: forms.distributed },
  ];
  return phases.filter(({ name, files }) => {
    if (only && !name.startsWith(only)) return false;
    if (form && !name.endsWith(form)) return false;
    // Files that were named belong to some phases; without names, a phase that finds none has lost its tests.
    return named.length === 0 || files.length > 0;
  });
}

const write = (line: string): void => void process.stdout.write(`${line}\n`);

async function runPhase(
  { name, files, jobs, start }: Phase,
  programs: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Counts> {
  write(`\n== ${name}: ${files.length} files`);
  const began = Date.now();
  const ground = await start();
  try {
    signal.throwIfAborted();
    const environment = { ...programs, ...ground.environment };
    const counts = files.length === 0 ? none : await runTap({ root, files, environment, jobs, signal, write });
    if (counts.failed > 0) write(ground.logs());
    const seconds = Math.round((Date.now() - began) / 1000);
    write(`== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds} s`);
    if (counts.passed + counts.failed > 0) return counts;
    write(`== ${name}: nothing ran`);
    return { passed: 0, failed: 1 };
  } finally {
    await ground.stop();
  }
}

const none: Counts = { passed: 0, failed: 0 };
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}

const programs = await findPrograms();
let total = none;
for (const phase of choosePhases()) {
  if (interrupted.signal.aborted) break;
  const counts = await runPhase(phase, programs, interrupted.signal).catch((error: unknown): Counts => {
    write(`== ${phase.name}: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 1 };
  });
  total = { passed: total.passed + counts.passed, failed: total.failed + counts.failed };
}
if (total.passed + total.failed === 0) write(`\nno test was run; usage: ${usage}`);
write(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 || interrupted.signal.aborted ? 1 : 0;
