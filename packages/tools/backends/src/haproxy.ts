// A private HAProxy for tests: the one URL in front of several replicas.
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type GuardedProcess, startGuarded } from "./guarded-process.js";
import { accepts, ready } from "./probes.js";
import { findSource, type Machine, thisMachine } from "./source.js";

const run = promisify(execFile);
const startTimeoutMs = 15_000;

export interface Haproxy {
  /** The end of its output. */
  logTail(): string;
  /** Stops it and removes its configuration. */
  stop(): Promise<void>;
  /** Crashes it (SIGKILL). */
  kill(): Promise<void>;
  /** Shuts it down gracefully, keeping its configuration. */
  shutDown(): Promise<void>;
  /** Suspends it (SIGSTOP) until `resume`, `restart` or `stop`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts it again with the same configuration, after killing it if it runs. */
  restart(): Promise<void>;
  /** Reloads its configuration: a new process takes new connections, the old one keeps those it has. Throws unless reloadable. */
  reload(): void;
}

export interface HaproxyOptions {
  readonly machine?: Machine;
  /** Environment variables for the configuration, added to this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs it as a master with workers, as deployed. `kill` then kills the master, and the worker may outlive it for a moment. */
  readonly reloadable?: boolean;
}

/**
 * Runs HAProxy with this configuration and resolves when every `bind` with a port accepts connections. Ports are the
 * caller's choice (`freePort` of probes.ts). Throws HAProxy's own error messages for an invalid configuration.
 */
export async function startHaproxy(configText: string, options: HaproxyOptions = {}): Promise<Haproxy> {
  const { machine = thisMachine(process.env), environment = {}, reloadable = false } = options;
  // Not from an image: a container cannot reach the loopback ports of the replicas.
  const source = await findSource({ binary: "haproxy", debianPackages: ["haproxy"] }, machine);
  if (source.kind !== "binary") throw new Error("HAProxy runs only as a program of this machine");
  const { path } = source;
  const folder = mkdtempSync(join(tmpdir(), "khui-haproxy-"));
  const config = join(folder, "haproxy.cfg");
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const ports = [...configText.matchAll(/^\s*bind\s+\S*:(\d+)/gm)].map((match) => Number(match[1]));

  async function launch(): Promise<GuardedProcess> {
    const args = [...(reloadable ? ["-W"] : []), "-db", "-f", config];
    const started = await startGuarded({ file: path, args, env: environment }, folder);
    const allAccept = async (): Promise<boolean> =>
      (await Promise.all(ports.map((port) => accepts(port)))).every((accepted) => accepted);
    const up = await ready(allAccept, () => started.running, startTimeoutMs).catch(() => false);
    if (!up) {
      await started.kill();
      throw new Error(`haproxy does not start:\n${started.logTail()}`);
    }
    return started;
  }

  try {
    writeFileSync(config, configText);
    chmodSync(folder, 0o755);
    await run(path, ["-c", "-f", config], { env: { ...process.env, ...environment } }).catch(
      (error: Error & { stderr?: string }) => {
        throw new Error(`haproxy refuses its configuration:\n${error.stderr ?? error.message}`);
      },
    );
    let current = await launch();
    return {
      logTail: () => current.logTail(),
      async stop() {
        await current.stop();
        remove();
      },
      kill: () => current.kill(),
      shutDown: () => current.stop(),
      pause: () => current.pause(),
      resume: () => current.resume(),
      async restart() {
        await current.stop();
        current = await launch();
      },
      reload() {
        // Without a master the signal would end it.
        if (!reloadable) throw new Error("this HAProxy was started without a master");
        process.kill(current.pid, "SIGUSR2");
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
