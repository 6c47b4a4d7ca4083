// A server of a bench: a Node program in a process of its own, with a folder for its files.
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startGuarded } from "@khui/backends/guarded-process";
import { freePort, ready } from "@khui/backends/probes";
import type { Reading } from "./server-probe.js";

export interface ServerPlan {
  readonly name: string;
  /** The program, built; its HTTP server listens at HOST and PORT and answers /readyz with 200. */
  readonly program: URL;
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

export interface ServerProcess {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** The report of `server-probe.ts`, where the server was started with it. */
  read(): Promise<Reading>;
  /** Resolves when it has exited and its folder is removed. */
  stop(): Promise<void>;
}

const startMs = 20_000;
const readingMs = 30_000;

/** Resolves when it is ready. Throws the end of its output when it does not start. */
export async function startServer({
  name,
  program,
  environment,
  nodeOptions = [],
}: ServerPlan): Promise<ServerProcess> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `khui-bench-${name}-`)));
  const port = await freePort();
  const probe = join(folder, "probe");
  const place = { HOST: "127.0.0.1", PORT: String(port), BENCH_PROBE: probe };
  // `env` becomes node under the same pid.
  const variables = Object.entries({ ...environment, ...place }).map(([key, value]) => `${key}=${value}`);
  const child = await startGuarded(
    { file: "env", args: [...variables, process.execPath, ...nodeOptions, program.pathname] },
    folder,
  );
  const server: ServerProcess = {
    name,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    async read() {
      const before = linesOf(probe).length;
      process.kill(child.pid, "SIGUSR2");
      for (const deadline = performance.now() + readingMs; performance.now() < deadline; await sleep(10)) {
        const line = linesOf(probe)[before];
        if (line !== undefined) return JSON.parse(line) as Reading;
        if (!child.running) throw new Error(`${name} ended:\n${child.logTail()}`);
      }
      throw new Error(`${name} gives no reading`);
    },
    async stop() {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const answers = async () => (await fetch(`${server.url}/readyz`).catch(() => undefined))?.status === 200;
  try {
    if (await ready(answers, () => child.running, startMs)) return server;
    throw new Error(`${name} ended`);
  } catch (cause) {
    const log = child.logTail();
    await server.stop();
    throw new Error(`${name} does not start:\n${log}`, { cause });
  }
}

/** Whole lines only. */
function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  } catch {
    return []; // Nothing is written yet.
  }
}
