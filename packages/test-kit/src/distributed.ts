// The distributed form: real Postgres, NATS, Redis and S3, each service its own process, and HAProxy in front of them.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Backends, startBackends } from "../../../deploy/backends/backends.js";
import { type Replicas, startEdge } from "../../../deploy/backends/edge.js";
import type { Haproxy } from "../../../deploy/backends/haproxy.js";
import { makeSecrets, ownAddresses, type Secrets } from "../../../deploy/backends/secrets.js";
import { startS3Server } from "../../blobs/test/s3-server.js";
import { highLimits } from "./embedded.js";
import { type ServiceProcess, startService } from "./service-process.js";

/** Replicas of a service are numbered from 1. */
const processes = {
  "rooms-api-1": "rooms-api",
  "messages-api-1": "messages-api",
  "messages-api-2": "messages-api",
  "media-service-1": "media-service",
  "sticker-service-1": "sticker-service",
  "realtime-gateway-1": "realtime-gateway",
  "realtime-gateway-2": "realtime-gateway",
} as const;
export type ProcessName = keyof typeof processes;
const processNames = Object.keys(processes) as ProcessName[];

export interface DistributedSystem {
  /** The edge: no stickiness. */
  readonly url: string;
  /** What tokens are signed with (HS256). */
  readonly secret: string;
  /** The gateways themselves, past the edge. */
  readonly gateways: readonly string[];
  /** To end and restart each by its name. The edge knows of it a second later. */
  readonly processes: Readonly<Record<ProcessName, ServiceProcess>>;
  readonly backends: Backends;
  /** What the private servers' users sign in with; see `ownAddresses` of deploy/backends/secrets.ts. */
  readonly secrets: Secrets;
  readonly edge: Haproxy;
  /** The end of each process's log. */
  logTails(): string;
  /** Ends everything that was started, in reverse order, and removes its data. */
  stop(): Promise<void>;
}

/**
 * Resolves when all is ready. `environment` overrides the services' settings. Every service has its own Postgres role and NATS
 * user, with the rights that deploy/ gives them; but servers that POSTGRES_URL, NATS_URL, REDIS_URL and S3_URL name in this
 * process's environment are used as they are. Rejects with the log of what failed; then nothing is left running.
 */
export async function startDistributed(environment: Readonly<Record<string, string>> = {}): Promise<DistributedSystem> {
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
      REDIS_URL: backends.redisUrl ?? "",
      MEDIA_URL_SECRET: randomBytes(32).toString("hex"),
      SCRATCH_DIR: join(folder, "uploads"),
      // Long enough for the edge to notice, on a busy machine too.
      DRAIN_SECONDS: "4",
      ...files.settings,
      ...environment,
      JWT_SECRET: secret,
    };
    const settingsOf = (service: string) => ({ ...serversOf(service, backends, secrets), ...settings });
    const started = await startAll(folder, settingsOf, closers);
    const { url, haproxy: edge } = await startEdge(replicasOf(started));
    closers.push(() => edge.stop());
    return {
      url,
      secret,
      gateways: [started["realtime-gateway-1"].url, started["realtime-gateway-2"].url],
      processes: started,
      backends,
      secrets,
      edge,
      logTails: () => processNames.map((name) => `--- ${name}\n${started[name].logTail()}`).join("\n"),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function serversOf(service: string, backends: Backends, secrets: Secrets): Record<string, string> {
  const { postgresUrl: postgres = "", natsUrl: nats = "" } = backends;
  const own = ownAddresses(service, { postgres, nats }, secrets);
  return {
    POSTGRES_URL: process.env.POSTGRES_URL ? postgres : own.POSTGRES_URL,
    NATS_URL: process.env.NATS_URL ? nats : own.NATS_URL,
  };
}

/** Where services keep files: a store of the environment's, or one of our own. */
async function storeOfFiles(): Promise<{ settings: Record<string, string>; close(): Promise<void> }> {
  const { S3_URL, S3_ACCESS_KEY = "", S3_SECRET_KEY = "" } = process.env;
  if (S3_URL) return { settings: { S3_URL, S3_ACCESS_KEY, S3_SECRET_KEY }, close: async () => {} };
  const { url, accessKey, secretKey, close } = await startS3Server();
  return { settings: { S3_URL: url, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey }, close };
}

async function startAll(
  folder: string,
  environmentOf: (service: string) => Readonly<Record<string, string>>,
  closers: Array<() => Promise<void>>,
): Promise<Record<ProcessName, ServiceProcess>> {
  const started = new Map<ProcessName, ServiceProcess>();
  closers.push(async () => {
    await Promise.all([...started.values()].map((one) => one.stop()));
  });
  const outcomes = await Promise.allSettled(
    processNames.map(async (name) => {
      const [service, logFile] = [processes[name], join(folder, `${name}.log`)];
      started.set(name, await startService({ service, environment: environmentOf(service), logFile }));
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return Object.fromEntries(started) as Record<ProcessName, ServiceProcess>;
}

function replicasOf(started: Record<ProcessName, ServiceProcess>): Replicas {
  const replicas: Record<string, string[]> = {};
  for (const name of processNames)
    replicas[processes[name]] = [...(replicas[processes[name]] ?? []), started[name].url];
  return replicas;
}
