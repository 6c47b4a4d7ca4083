// The distributed form: real Postgres, NATS, Redis and S3, each service its own process, and HAProxy in front of them.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Backends, startBackends } from "@khui/backends/backends";
import { startEdge } from "@khui/backends/edge";
import type { Haproxy } from "@khui/backends/haproxy";
import { makeSecrets, ownAddresses, type Secrets } from "@khui/backends/secrets";
import { highLimits } from "./embedded.js";
import { startS3Server } from "./servers/s3.js";
import { type ServiceProcess, startService } from "./service-process.js";

/** How many replicas of each service there are; these numbers unless others are asked for. */
const standardReplicas = {
  "rooms-api": 1,
  "messages-api": 2,
  "media-service": 1,
  "sticker-service": 1,
  "realtime-gateway": 2,
} as const;
type Standard = typeof standardReplicas;
export type ServiceName = keyof Standard;
export type Replicas = Readonly<Record<ServiceName, number>>;

/** Replicas of a service are numbered from 1. */
export type ProcessName = `${ServiceName}-${number}`;
type StandardName = { [Name in ServiceName]: `${Name}-${Standard[Name] extends 2 ? 1 | 2 : 1}` }[ServiceName];
/** Those of the standard numbers are there unless fewer were asked for. */
export type Processes = Readonly<Record<StandardName, ServiceProcess> & Record<ProcessName, ServiceProcess>>;

export interface DistributedSystem {
  /** The edge. */
  readonly url: string;
  /** What tokens are signed with (HS256). */
  readonly secret: string;
  /** The gateways themselves, past the edge. */
  readonly gateways: readonly string[];
  /** To end and restart each by its name. The edge knows of it a second later. */
  readonly processes: Processes;
  readonly backends: Backends;
  /** What the private servers' users sign in with; see `ownAddresses` of packages/tools/backends/src/secrets.ts. */
  readonly secrets: Secrets;
  readonly edge: Haproxy;
  /** The end of each process's log. */
  logTails(): string;
  /** Ends everything that was started, in reverse order, and removes its data. */
  stop(): Promise<void>;
}

export interface DistributedOptions {
  readonly replicas?: Partial<Replicas>;
  /** Where the edge listens on loopback; a free one by default. */
  readonly port?: number;
  /** Where the services' logs are kept; without it they go with the data. */
  readonly logFolder?: string | undefined;
}

/**
 * Resolves when all is ready. `environment` overrides the services' settings. Every service has its own Postgres role, NATS
 * user and Redis user, with the rights that deploy/ gives them; but servers that POSTGRES_URL, NATS_URL, REDIS_URL and S3_URL name
 * in this process's environment are used as they are. Rejects with the log of what failed; then nothing is left running.
 */
export async function startDistributed(
  environment: Readonly<Record<string, string>> = {},
  { replicas, port, logFolder }: DistributedOptions = {},
): Promise<DistributedSystem> {
  const folder = mkdtempSync(join(tmpdir(), "khui-distributed-"));
  const closers = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  try {
    const secret = environment.JWT_SECRET ?? randomBytes(32).toString("hex");
    const secrets = makeSecrets();
    const backends = await startBackends(["postgres", "nats", "redis"], { secrets });
    closers.push(() => backends.stop());
    const files = await storeOfFiles();
    closers.push(files.close);
    const settings = {
      ...highLimits,
      MEDIA_URL_SECRET: randomBytes(32).toString("hex"),
      SCRATCH_DIR: join(folder, "uploads"),
      // Long enough for the edge to notice, on a busy machine too.
      DRAIN_SECONDS: "4",
      ...files.settings,
      ...environment,
      JWT_SECRET: secret,
    };
    const settingsOf = (service: string) => ({ ...serversOf(service, backends, secrets), ...settings });
    const started = await startAll(logFolder ?? folder, { ...standardReplicas, ...replicas }, settingsOf, closers);
    const { url, haproxy: edge } = await startEdge(addressesOf(started), { port });
    closers.push(() => edge.stop());
    return {
      url,
      secret,
      gateways: replicasOf(started, "realtime-gateway").map(([, gateway]) => gateway.url),
      processes: Object.fromEntries(started) as Processes,
      backends,
      secrets,
      edge,
      logTails: () => [...started].map(([name, one]) => `--- ${name}\n${one.logTail()}`).join("\n"),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function serversOf(service: string, backends: Backends, secrets: Secrets): Record<string, string> {
  const { postgresUrl: postgres = "", natsUrl: nats = "", redisUrl: redis = "" } = backends;
  const own = ownAddresses(service, { postgres, nats, redis }, secrets);
  return {
    POSTGRES_URL: process.env.POSTGRES_URL ? postgres : own.POSTGRES_URL,
    NATS_URL: process.env.NATS_URL ? nats : own.NATS_URL,
    REDIS_URL: process.env.REDIS_URL ? redis : own.REDIS_URL,
  };
}

/** Where services keep files: a store of the environment's, or one of our own. */
async function storeOfFiles(): Promise<{ settings: Record<string, string>; close(): Promise<void> }> {
  const { S3_URL, S3_ACCESS_KEY = "", S3_SECRET_KEY = "" } = process.env;
  if (S3_URL) return { settings: { S3_URL, S3_ACCESS_KEY, S3_SECRET_KEY }, close: async () => {} };
  const { url, accessKey, secretKey, close } = await startS3Server();
  return { settings: { S3_URL: url, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey }, close };
}

type Started = ReadonlyMap<ProcessName, ServiceProcess>;

async function startAll(
  folder: string,
  replicas: Replicas,
  environmentOf: (service: string) => Readonly<Record<string, string>>,
  closers: Array<() => Promise<void>>,
): Promise<Started> {
  const names = (Object.keys(replicas) as ServiceName[]).flatMap((service) =>
    Array.from({ length: replicas[service] }, (_, i) => ({ service, name: `${service}-${i + 1}` as const })),
  );
  const started = new Map<ProcessName, ServiceProcess>();
  closers.push(async () => {
    // Their data goes too, so that there is nothing to hand over in order.
    await Promise.all([...started.values()].map((one) => one.kill()));
  });
  const outcomes = await Promise.allSettled(
    names.map(async ({ service, name }) => {
      const logFile = join(folder, `${name}.log`);
      started.set(name, await startService({ service, environment: environmentOf(service), logFile }));
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return new Map(names.map(({ name }) => [name, started.get(name)!]));
}

const replicasOf = (started: Started, service: string) =>
  [...started].filter(([name]) => name.replace(/-\d+$/, "") === service);

function addressesOf(started: Started): Readonly<Record<string, string[]>> {
  const services = Object.keys(standardReplicas);
  return Object.fromEntries(
    services.map((service) => [service, replicasOf(started, service).map(([, { url }]) => url)]),
  );
}
