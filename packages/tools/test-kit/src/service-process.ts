// One built service as a child process: started on loopback, found ready, ended by its pid.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const startTimeoutMs = 60_000;
/** A service closes within 25 s by itself. */
const stopTimeoutMs = 30_000;
const tailLength = 4000;
/** The child's standard input is a pipe from us: its end means that we are gone, be it by SIGKILL. */
const dieWithParent = "data:text/javascript,process.stdin.on('end',()=>process.exit(1)).resume()";

export interface ServiceOptions {
  /** The folder under services/ whose dist/main.js is run. */
  readonly service: string;
  /** Beside PATH, all that the process gets; HOST and PORT are set here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where its output is appended. Made when absent, with its folder. */
  readonly logFile: string;
  /** The path of the Node that runs it; by default this process's own. */
  readonly node?: string | undefined;
}

export interface ServiceProcess {
  /** http://127.0.0.1:port; the same after a restart. */
  readonly url: string;
  readonly pid: number;
  /** False once it has ended, by itself or not, until it is started again. */
  readonly running: boolean;
  /** The end of what it wrote. */
  logTail(): string;
  /** SIGTERM, after 30 s SIGKILL. Resolves when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash. Resolves when it has ended. */
  kill(): Promise<void>;
  /** Holds it where it stands (SIGSTOP) until `resume`, or until it is ended. */
  pause(): void;
  resume(): void;
  /** Starts it again on its port, after killing it if it runs. Resolves when it is ready. */
  restart(): Promise<void>;
}

/** Resolves when /readyz answers 200. Rejects with the end of its log when it ends before, or is not ready in 60 s. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  let { child, url } = await launch(options, 0);
  const port = Number(new URL(url).port);
  let letGo: (() => void) | undefined;
  const resume = (): void => {
    letGo?.();
    letGo = undefined;
  };
  /** One that is held takes no signal but SIGKILL. */
  const finish = (signal: NodeJS.Signals): Promise<void> => {
    resume();
    return end(child, signal);
  };
  return {
    get url() {
      return url;
    },
    get pid() {
      return child.pid!;
    },
    get running() {
      return !ended(child);
    },
    logTail: () => tail(options.logFile),
    stop: () => finish("SIGTERM"),
    kill: () => finish("SIGKILL"),
    pause() {
      letGo ??= hold(child);
    },
    resume,
    async restart() {
      await finish("SIGKILL");
      ({ child, url } = await launch(options, port));
    },
  };
}

async function launch(options: ServiceOptions, port: number): Promise<{ child: ChildProcess; url: string }> {
  const { service, environment, logFile, node = process.execPath } = options;
  const log = openSync(logFile, "a");
  const written = readFileSync(logFile).length;
  const child = spawn(
    node,
    ["--enable-source-maps", `--import=${dieWithParent}`, join(root, "services", service, "dist/main.js")],
    {
      cwd: root,
      env: { PATH: process.env.PATH, HOST: "127.0.0.1", ...environment, PORT: String(port) },
      stdio: ["pipe", log, log],
      // Ctrl-C in a terminal reaches only us; we end it in order.
      detached: true,
    },
  );
  closeSync(log);
  child.stdin?.on("error", () => {});
  try {
    return { child, url: await ready(child, () => readFileSync(logFile).subarray(written).toString()) };
  } catch (error) {
    await end(child, "SIGKILL");
    throw new Error(`${service} does not start:\n${tail(logFile)}`, { cause: error });
  }
}

/** The port is read from what the service says, since one chosen beforehand may be another's by the time it listens. */
async function ready(child: ChildProcess, output: () => string): Promise<string> {
  const deadline = Date.now() + startTimeoutMs;
  while (!ended(child)) {
    const port = /(?:serving on|listening at) http:\/\/[^\s"]+?:(\d+)/i.exec(output())?.[1];
    const url = `http://127.0.0.1:${port}`;
    if (port && (await fetch(`${url}/readyz`).catch(() => null))?.status === 200) return url;
    if (Date.now() > deadline) throw new Error(`not ready in ${startTimeoutMs} ms`);
    await sleep(25);
  }
  throw new Error("it has ended");
}

/** Holds it, and returns what lets it go on. A shell does so should we die first, by the end of its pipe from us. */
function hold(child: ChildProcess): () => void {
  const script = 'read -r line && exit; kill -CONT "$1"';
  const guard = spawn("/bin/sh", ["-c", script, "guard", String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  child.kill("SIGSTOP");
  return () => {
    child.kill("SIGCONT");
    guard.stdin.end("goes on\n");
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (ended(child) || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const force = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  child.kill(signal);
  await gone;
  clearTimeout(force);
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function tail(logFile: string): string {
  return readFileSync(logFile, "utf8").slice(-tailLength);
}
