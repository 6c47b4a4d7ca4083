// A server as a child process that never outlives its parent: a watchdog kills it when the parent is gone.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { holdTree, releaseTree } from "./process-tree.js";

const run = promisify(execFile);
const logTailLength = 2000;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The signal that asks for a quick, clean end; SIGTERM by default. */
  readonly stopSignal?: NodeJS.Signals;
  /** The container that the Docker client `file` runs: it is killed by name, since it would survive its client. */
  readonly container?: { readonly docker: string; readonly name: string; readonly volume: string };
}

export interface GuardedProcess {
  readonly pid: number;
  readonly running: boolean;
  /** The end of its output. */
  logTail(): string;
  /** Requests a clean exit, and kills it after 10 s. Resolves when it has exited. */
  stop(): Promise<void>;
  /** Crashes it (SIGKILL). Resolves when it has exited. */
  kill(): Promise<void>;
  /** Suspends it and all its child processes (SIGSTOP) until `resume`. Stopping it resumes it first. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/**
 * Starts `command`, with its output in `folder`/log. If this process dies without stopping it, even by SIGKILL, the server is
 * killed and `folder`, which has its data, is removed. Rejects when the program cannot be started.
 */
export async function startGuarded(command: Command, folder: string): Promise<GuardedProcess> {
  const logFile = join(folder, "log");
  const log = openSync(logFile, "a");
  const { file, args, uid, gid, container } = command;
  const child = spawn(file, [...args], {
    stdio: ["ignore", log, log],
    // A process group of its own, so that Ctrl-C in a terminal reaches only the parent, which stops it gracefully.
    detached: true,
    env: { ...process.env, ...command.env },
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  closeSync(log);
  await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  const pid = child.pid!;
  const disarm = startWatchdog(pid, container, folder);
  let running = true;
  const ended = new Promise<void>((resolve) =>
    child.once("exit", () => {
      running = false;
      // At once: the pid may soon be reused.
      disarm();
      resolve();
    }),
  );

  let held = false;

  async function pause(): Promise<void> {
    if (!running || held) return;
    held = true;
    if (container === undefined) await holdTree(pid);
    else await run(container.docker, ["pause", container.name]);
  }

  async function resume(): Promise<void> {
    if (!running || !held) return;
    held = false;
    if (container === undefined) releaseTree(pid);
    else await run(container.docker, ["unpause", container.name]);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    // Suspended children of a killed server would never notice that it is gone.
    await resume();
    if (running && container !== undefined && signal === "SIGKILL") {
      await run(container.docker, ["kill", container.name]).catch(() => child.kill("SIGKILL"));
    } else if (running) {
      child.kill(signal);
    }
    await ended;
  }

  return {
    pid,
    get running() {
      return running;
    },
    logTail: () => readFileSync(logFile, "utf8").slice(-logTailLength),
    async stop() {
      const force = setTimeout(() => void end("SIGKILL"), 10_000);
      // Docker's client forwards only the usual signals; the image defines how to stop its server.
      await end(container === undefined ? (command.stopSignal ?? "SIGTERM") : "SIGTERM");
      clearTimeout(force);
    },
    kill: () => end("SIGKILL"),
    pause,
    resume,
  };
}

/** The children of a server that was suspended when its parent died: they exit once they are resumed. */
const heldChildren = 'children=$(cat "/proc/$2/task/$2/children" 2>/dev/null)';

/**
 * A shell that reads from a pipe which this process keeps open: a line means that the server has exited, end of file that the
 * parent is gone. This works wherever there is a shell, unlike Linux's parent-death signal.
 */
function startWatchdog(pid: number, container: Command["container"], folder: string): () => void {
  const parts =
    container === undefined
      ? [heldChildren, 'kill -KILL "$2"', '[ -z "$children" ] || kill -CONT $children', "sleep 1", 'rm -rf "$1"']
      : ['"$2" kill "$3"', "sleep 1", '"$2" volume rm -f "$4"', 'rm -rf "$1"'];
  const values = container === undefined ? [String(pid)] : [container.docker, container.name, container.volume];
  const script = ["read -r line && exit", ...parts].join("; ");
  const watchdog: ChildProcess = spawn("/bin/sh", ["-c", script, "watchdog", folder, ...values], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without a watchdog only a crash of the parent leaves the server behind.
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  watchdog.unref();
  return () => watchdog.stdin?.end("ended\n");
}
