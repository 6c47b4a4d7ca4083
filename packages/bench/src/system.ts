// The distributed form for a bench: real Postgres, NATS and Redis, and each service once, as its own process.
import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBackends } from "../../../deploy/backends/backends.js";
import { type GuardedProcess, startGuarded } from "../../../deploy/backends/guarded-process.js";
import { freePort, ready } from "../../../deploy/backends/probes.js";

const serviceNames = ["rooms-api", "messages-api", "realtime-gateway"] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface BenchSystem {
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly pids: Readonly<Record<ServiceName, number>>;
  readonly postgresUrl: string;
  readonly secret: string;
  stop(): Promise<void>;
}

interface Service {
  readonly name: ServiceName;
  readonly url: string;
  readonly process: GuardedProcess;
  readonly folder: string;
}

/** Resolves when every service is ready. `profileFolder`: where messages-api writes a CPU profile as it stops. */
export async function startSystem(profileFolder?: string): Promise<BenchSystem> {
  const backends = await startBackends(["postgres", "nats", "redis"]);
  const secret = randomBytes(32).toString("hex");
  const services: Service[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(services.map((service) => stopService(service)));
    await backends.stop();
  };
  const { postgresUrl = "", natsUrl = "", redisUrl = "" } = backends;
  const settings = {
    POSTGRES_URL: postgresUrl,
    NATS_URL: natsUrl,
    REDIS_URL: redisUrl,
    JWT_SECRET: secret,
    HOST: "127.0.0.1",
    LIMIT_PER_USER: "1000000000",
    LIMIT_PER_ADDRESS: "1000000000",
    LOG_LEVEL: "warn",
    NODE_ENV: "production",
  };
  try {
    for (const name of serviceNames) {
      const profiling =
        name === "messages-api" && profileFolder ? ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`] : [];
      services.push(await startService(name, settings, profiling));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const each = <T>(pick: (service: Service) => T) =>
    Object.fromEntries(services.map((service) => [service.name, pick(service)])) as Record<ServiceName, T>;
  return { urls: each(({ url }) => url), pids: each(({ process }) => process.pid), postgresUrl, secret, stop };
}

async function startService(name: ServiceName, settings: object, nodeOptions: readonly string[]): Promise<Service> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `khui-bench-${name}-`)));
  const port = await freePort();
  const main = fileURLToPath(new URL(`../../../services/${name}/dist/main.js`, import.meta.url));
  // `env` becomes node under the same pid.
  const variables = Object.entries({ ...settings, PORT: port }).map(([key, value]) => `${key}=${value}`);
  const process_ = await startGuarded(
    { file: "env", args: [...variables, process.execPath, ...nodeOptions, main] },
    folder,
  );
  const service = { name, url: `http://127.0.0.1:${port}`, process: process_, folder };
  const answers = async () => (await fetch(`${service.url}/readyz`).catch(() => undefined))?.status === 200;
  try {
    if (await ready(answers, () => process_.running, 20_000)) return service;
    throw new Error(`${name} ended`);
  } catch (cause) {
    const log = process_.logTail();
    await stopService(service);
    throw new Error(`${name} does not start:\n${log}`, { cause });
  }
}

async function stopService({ process, folder }: Service): Promise<void> {
  await process.stop();
  rmSync(folder, { recursive: true, force: true });
}
