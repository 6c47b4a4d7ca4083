// Real Postgres, NATS and Redis for tests and manual work, private to the process that starts them.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type GuardedProcess, startGuarded } from "./guarded-process.js";
import { freePort, ready } from "./probes.js";
import type { Secrets } from "./secrets.js";
import { type BackendName, type Place, type Server, servers } from "./servers.js";
import { findSource, type Machine, type Source, thisMachine } from "./source.js";

export type { BackendName } from "./servers.js";

const run = promisify(execFile);
const portAttempts = 5;
const restartAttempts = 50;
const startTimeoutMs = 60_000;

export interface BackendOptions {
  /** Where POSTGRES_URL, NATS_URL and REDIS_URL are read from; process.env by default. `{}` starts private servers. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly machine?: Machine;
  /**
   * With these, private servers run under deploy/nats/nats.conf, deploy/postgres/roles.sql and deploy/redis/users.conf.
   * Without secrets there is no access control.
   */
  readonly secrets?: Secrets;
}

export interface Backends {
  /** The superuser's URL of an empty database. Set if postgres was requested. With secrets see `ownAddresses` of secrets.ts. */
  readonly postgresUrl?: string;
  /** Without a user, even with secrets. */
  readonly natsUrl?: string;
  /** The URL of a user with all rights. */
  readonly redisUrl?: string;
  /** Crashes a server (SIGKILL). Throws for one that is configured by the environment. */
  kill(name: BackendName): Promise<void>;
  /** Shuts it down gracefully, keeping its data. Throws as kill does. */
  shutDown(name: BackendName): Promise<void>;
  /** Suspends it (SIGSTOP) until `resume`, `restart` or `stop`. Throws as kill does. */
  pause(name: BackendName): Promise<void>;
  resume(name: BackendName): Promise<void>;
  /** Starts it again on its port and data, after killing it if it runs. Resolves when it answers. Throws as kill does. */
  restart(name: BackendName): Promise<void>;
  /** Stops all and removes their data. Never touches one that is configured by the environment. */
  stop(): Promise<void>;
}

interface Backend {
  readonly url: string;
  kill(): Promise<void>;
  shutDown(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the named servers, each on a free port of 127.0.0.1 with data in a folder of its own, and resolves when all
 * answer. Throws an error with what is missing, or with the end of a server's log; then nothing is left running.
 */
export async function startBackends(which: readonly BackendName[], options: BackendOptions = {}): Promise<Backends> {
  const machine = options.machine ?? thisMachine({ PATH: process.env.PATH, ...(options.environment ?? process.env) });
  const started = new Map<BackendName, Backend>();
  const stop = async (): Promise<void> => {
    await Promise.all([...started.values()].map((backend) => backend.stop()));
  };
  const outcomes = await Promise.allSettled(
    [...new Set(which)].map(async (name) => {
      const source = await findSource(servers[name], machine);
      started.set(
        name,
        source.kind === "url" ? given(name, source.url) : await startPrivate(name, source, options.secrets),
      );
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const backend = (name: BackendName): Backend => {
    const found = started.get(name);
    if (found === undefined) throw new Error(`${name} was not started`);
    return found;
  };
  return {
    ...(started.has("postgres") ? { postgresUrl: backend("postgres").url } : {}),
    ...(started.has("nats") ? { natsUrl: backend("nats").url } : {}),
    ...(started.has("redis") ? { redisUrl: backend("redis").url } : {}),
    kill: async (name) => backend(name).kill(),
    shutDown: async (name) => backend(name).shutDown(),
    pause: async (name) => backend(name).pause(),
    resume: async (name) => backend(name).resume(),
    restart: async (name) => backend(name).restart(),
    stop,
  };
}

function given(name: BackendName, url: string): Backend {
  const refuse = async (): Promise<never> => {
    throw new Error(`${name} is configured by ${servers[name].variable}, so it is not ours to stop`);
  };
  return { url, kill: refuse, shutDown: refuse, pause: refuse, resume: refuse, restart: refuse, stop: async () => {} };
}

type PrivateSource = Exclude<Source, { kind: "url" }>;

async function startPrivate(name: BackendName, source: PrivateSource, secrets: Secrets | undefined): Promise<Backend> {
  const server = servers[name];
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `khui-${name}-`)));
  const volume = `khui-${name}-${randomBytes(6).toString("hex")}`;
  const remove = async (): Promise<void> => {
    rmSync(folder, { recursive: true, force: true });
    if (source.kind === "docker") await run(source.docker, ["volume", "rm", "--force", volume]).catch(() => undefined);
  };
  const launch = (port: number): Promise<GuardedProcess> =>
    source.kind === "docker"
      ? launchContainer(server, source, { folder, port, secrets }, volume)
      : launchBinary(server, source, { folder, port, secrets });
  try {
    if (source.kind === "binary") await server.prepare(source.path, { folder, secrets });
    let port = await freePort();
    let current = await launch(port);
    // Another process can take the port between the choice and its use.
    for (let attempt = 1; !current.running && attempt < portAttempts; attempt += 1) {
      port = await freePort();
      current = await launch(port);
    }
    mustRun(name, current);
    if (source.kind === "binary") await initialized(server, source, { folder, port, secrets }, current);
    return {
      url: server.url(port, secrets),
      kill: () => current.kill(),
      shutDown: () => current.stop(),
      pause: () => current.pause(),
      resume: () => current.resume(),
      async restart() {
        await current.stop();
        current = await launch(port);
        // After a crash, Postgres's sessions keep its shared memory for a moment, and Docker the port.
        for (let attempt = 1; !current.running && attempt < restartAttempts; attempt += 1) {
          await sleep(100);
          current = await launch(port);
        }
        mustRun(name, current);
      },
      async stop() {
        await current.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function initialized(
  server: Server,
  { path }: Extract<Source, { kind: "binary" }>,
  place: Place,
  started: GuardedProcess,
): Promise<void> {
  try {
    await server.initialize(path, place);
  } catch (error) {
    await started.kill();
    throw error;
  }
}

function mustRun(name: BackendName, started: GuardedProcess): void {
  if (!started.running) throw new Error(`${name} does not start:\n${started.logTail()}`);
}

/** Resolves when it answers or has exited. */
async function launchBinary(
  server: Server,
  { path }: Extract<Source, { kind: "binary" }>,
  place: Place,
): Promise<GuardedProcess> {
  const started = await startGuarded(server.command(path, place), place.folder);
  return waitUntilReady(started, () => server.answers(path, place), startTimeoutMs);
}

/** A container with a new name each time: a killed one may keep its name for a moment. The volume keeps the data. */
async function launchContainer(
  server: Server,
  { docker, image }: Extract<Source, { kind: "docker" }>,
  place: Place,
  volume: string,
): Promise<GuardedProcess> {
  const name = `${volume}-${randomBytes(3).toString("hex")}`;
  const { folder, port, secrets } = place;
  const options = server.imageOptions(secrets);
  const args = [
    ...["run", "--rm", "--name", name, "--publish", `127.0.0.1:${port}:${server.imagePort}`],
    ...["--volume", `${volume}:${server.imageData}`, ...options, image, ...server.imageArgs(secrets)],
  ];
  const command = { file: docker, args, container: { docker, name, volume } };
  const started = await startGuarded(command, folder);
  return waitUntilReady(started, () => server.containerAnswers(docker, name, place), startTimeoutMs);
}

async function waitUntilReady(
  started: GuardedProcess,
  answers: () => Promise<boolean>,
  timeoutMs: number,
): Promise<GuardedProcess> {
  try {
    await ready(answers, () => started.running, timeoutMs);
    return started;
  } catch (error) {
    await started.kill();
    throw new Error(`a server does not answer:\n${started.logTail()}`, { cause: error });
  }
}
