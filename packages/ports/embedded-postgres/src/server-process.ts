// PostgreSQL as a child process that does not outlive us, however we end.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { programEnvironment } from "./program.js";
import type { ServerUser } from "./user.js";

export interface ServerPlan {
  readonly postgres: string;
  readonly args: readonly string[];
  readonly user: ServerUser | undefined;
  readonly cluster: string;
  /** Contains the socket. Removed with its contents when this process has died. */
  readonly scratch: string;
  /** Called with each line that the server writes, such as `LOG:  redo starts`. */
  readonly onLine: (line: string) => void;
}

export interface ServerProcess {
  readonly pid: number;
  /** Resolves with how it ended, when none of its processes is left. */
  readonly ended: Promise<string>;
  /** Shuts down cleanly, ending its sessions. Resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * The shell becomes the server, and leaves a guard behind: a second shell that reads from a pipe which we hold open. A line
 * means that the server has ended; the pipe's end that we have, be it by SIGKILL. It then asks the server to end, and forces it
 * after 20 s. Unlike Linux's parent-death signal this works on every Unix.
 */
const guarded = `
scratch=$1; shift
(
  (
    read -r line <&3 && exit
    kill -INT $$
    for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      kill -0 $$ || break
      sleep 1
    done
    kill -QUIT $$
    rm -rf "$scratch"
  ) >/dev/null 2>&1 &
)
exec "$@" 3<&-
`;

/** Lines of its output that are kept, for the error of a server that ends. */
const maxWritten = 10;
/** How long the fast shutdown may take before it is forced; what is forced is recovered at the next start. */
const stopMs = 8_000;

/** Resolves when the server takes connections. Rejects with what it wrote when it ends before. */
export async function startServer(plan: ServerPlan): Promise<ServerProcess> {
  const { postgres, args, user, cluster, scratch, onLine } = plan;
  const child = spawn("/bin/sh", ["-c", guarded, "khui-postgres", scratch, postgres, ...args], {
    ...user,
    cwd: cluster,
    env: programEnvironment,
    // The guard's pipe is the last one. Standard input will not do: Node closes it by itself as the child ends.
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C in a terminal reaches only us, and we end it once nothing needs it any more.
    detached: true,
  });
  const output = child.stdio[2] as Readable;
  const guard = child.stdio[3] as Writable;
  // At once: its id may soon be another process's.
  child.once("exit", () => guard.end("ended\n"));
  guard.on("error", () => {});
  // What it wrote has then been read, and its own children, who write to the same place, have ended.
  const ended = once(child, "close").then(([code, signal]) => (signal ? `by ${signal}` : `with code ${code}`));
  const written: string[] = [];
  const ready = new Promise<void>((resolve) => {
    createInterface(output).on("line", (line) => {
      onLine(line);
      written.push(line);
      if (written.length > maxWritten) written.shift();
      if (line.includes("database system is ready to accept connections")) resolve();
    });
  });
  const early = ended.then((how) => {
    throw new Error(`PostgreSQL ended ${how}:\n${written.join("\n")}`);
  });
  // Its end later on is for whoever waits for `ended`.
  early.catch(() => {});
  await Promise.race([ready, early]);
  return { pid: child.pid!, ended, stop: () => stop(child, ended) };
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  const running = child.exitCode === null && child.signalCode === null;
  // Fast and immediate shutdown: https://www.postgresql.org/docs/current/server-shutdown.html
  if (running) child.kill("SIGINT");
  const force = setTimeout(() => child.kill("SIGQUIT"), stopMs);
  await ended;
  clearTimeout(force);
}
