// The distributed form for a bench: real Postgres, NATS and Redis, and each service once, as its own process.
import { randomBytes } from "node:crypto";
import { startBackends } from "@khui/backends/backends";
import { type ServerProcess, startServer } from "./server-process.js";

const serviceNames = ["rooms-api", "messages-api", "realtime-gateway"] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface BenchSystem {
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly pids: Readonly<Record<ServiceName, number>>;
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly secret: string;
  /** Another gateway beside the first, with the same settings but for `environment`. */
  addGateway(environment?: Readonly<Record<string, string>>): Promise<ServerProcess>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  /** Where messages-api writes a CPU profile as it stops. */
  readonly profileFolder?: string | undefined;
  /** Overrides the services' settings. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Resolves when every service is ready. No limit can be reached, unless the settings say otherwise. */
export async function startSystem(options: SystemOptions = {}): Promise<BenchSystem> {
  const backends = await startBackends(["postgres", "nats", "redis"]);
  const secret = randomBytes(32).toString("hex");
  const services: Array<{ name: ServiceName; server: ServerProcess }> = [];
  const stop = async (): Promise<void> => {
    await Promise.all(services.map(({ server }) => server.stop()));
    await backends.stop();
  };
  const { postgresUrl = "", natsUrl = "", redisUrl = "" } = backends;
  const environment = {
    POSTGRES_URL: postgresUrl,
    NATS_URL: natsUrl,
    REDIS_URL: redisUrl,
    JWT_SECRET: secret,
    MEDIA_URL_SECRET: secret,
    LIMIT_PER_USER: "1000000000",
    LIMIT_PER_ADDRESS: "1000000000",
    MAX_HANDSHAKES_PER_ADDRESS: "1000000000",
    LIMIT_ROOMS_CREATED: "1000000000",
    LIMIT_PEOPLE_ADDED: "1000000000",
    LOG_LEVEL: "warn",
    NODE_ENV: "production",
    ...options.environment,
  };
  const start = async (name: ServiceName, own: Readonly<Record<string, string>> = {}): Promise<ServerProcess> => {
    const nodeOptions = name === "messages-api" ? profiling(options.profileFolder) : [];
    const program = builtService(name);
    const server = await startServer({ name, program, environment: { ...environment, ...own }, nodeOptions });
    services.push({ name, server });
    return server;
  };
  try {
    for (const name of serviceNames) await start(name);
  } catch (error) {
    await stop();
    throw error;
  }
  const each = <T>(pick: (server: ServerProcess) => T) =>
    Object.fromEntries(services.map(({ name, server }) => [name, pick(server)])) as Record<ServiceName, T>;
  return {
    urls: each(({ url }) => url),
    pids: each(({ pid }) => pid),
    postgresUrl,
    redisUrl,
    secret,
    addGateway: (own) => start("realtime-gateway", own),
    stop,
  };
}

export const builtService = (name: ServiceName): URL =>
  new URL(`../../../../services/${name}/dist/main.js`, import.meta.url);

/** Node's options for a CPU profile, written into the folder as the process exits; none without a folder. */
export const profiling = (folder: string | undefined): string[] =>
  folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
