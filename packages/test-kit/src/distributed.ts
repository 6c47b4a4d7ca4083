// The distributed form: real Postgres, NATS, Redis and S3, each service its own process, and HAProxy in front of them.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Backends, startBackends } from "../../../deploy/backends/backends.js";
import { type Haproxy, startHaproxy } from "../../../deploy/backends/haproxy.js";
import { freePort } from "../../../deploy/backends/probes.js";
import { startS3Server } from "../../blobs/test/s3-server.js";
import { highLimits } from "./embedded.js";
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

const edgeConfiguration = fileURLToPath(new URL("../../../deploy/edge/haproxy.cfg", import.meta.url));
const edgeAttempts = 5;

export interface DistributedSystem {
  /** The edge: plain round robin, no stickiness. */
  readonly url: string;
  /** What tokens are signed with (HS256). */
  readonly secret: string;
  /** The gateways themselves, past the edge. */
  readonly gateways: readonly string[];
  /** To end and restart each by its name. The edge knows of it a second later. */
  readonly processes: Processes;
  readonly backends: Backends;
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
 * Resolves when all is ready. `environment` overrides the services' settings. Servers that POSTGRES_URL, NATS_URL,
 * REDIS_URL and S3_URL name in this process's environment are used as they are. Rejects with the log of what failed;
 * then nothing is left running.
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
    const backends = await startBackends(["postgres", "nats", "redis"]);
    closers.push(() => backends.stop());
    const files = await storeOfFiles();
    closers.push(files.close);
    const settings = {
      ...highLimits,
      POSTGRES_URL: backends.postgresUrl ?? "",
      NATS_URL: backends.natsUrl ?? "",
      REDIS_URL: backends.redisUrl ?? "",
      MEDIA_URL_SECRET: randomBytes(32).toString("hex"),
      SCRATCH_DIR: join(folder, "uploads"),
      // Long enough for the edge to notice, on a busy machine too.
      DRAIN_SECONDS: "4",
      ...files.settings,
      ...environment,
      JWT_SECRET: secret,
    };
    const started = await startAll(logFolder ?? folder, { ...standardReplicas, ...replicas }, settings, closers);
    const { url, edge } = await startEdge(started, port);
    closers.push(() => edge.stop());
    return {
      url,
      secret,
      gateways: replicasOf(started, "realtime-gateway").map(([, gateway]) => gateway.url),
      processes: Object.fromEntries(started) as Processes,
      backends,
      edge,
      logTails: () => [...started].map(([name, one]) => `--- ${name}\n${one.logTail()}`).join("\n"),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
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
  environment: Readonly<Record<string, string>>,
  closers: Array<() => Promise<void>>,
): Promise<Started> {
  const names = (Object.keys(replicas) as ServiceName[]).flatMap((service) =>
    Array.from({ length: replicas[service] }, (_, i) => ({ service, name: `${service}-${i + 1}` as const })),
  );
  const started = new Map<ProcessName, ServiceProcess>();
  closers.push(async () => {
    await Promise.all([...started.values()].map((one) => one.stop()));
  });
  const outcomes = await Promise.allSettled(
    names.map(async ({ service, name }) => {
      const logFile = join(folder, `${name}.log`);
      started.set(name, await startService({ service, environment, logFile }));
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return new Map(names.map(({ name }) => [name, started.get(name)!]));
}

const replicasOf = (started: Started, service: string) =>
  [...started].filter(([name]) => name.replace(/-\d+$/, "") === service);

async function startEdge(started: Started, wanted: number | undefined): Promise<{ url: string; edge: Haproxy }> {
  const template = readFileSync(edgeConfiguration, "utf8");
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    try {
      const edge = await startHaproxy(edgeFor(template, port, started));
      return { url: `http://127.0.0.1:${port}`, edge };
    } catch (error) {
      // Another process can take the port between the choice and its use.
      if (wanted !== undefined || attempt === edgeAttempts) throw error;
    }
  }
}

/** The edge's configuration with these replicas' addresses in place of those that Docker's DNS would give. */
function edgeFor(template: string, port: number, started: Started): string {
  return template
    .replace(/^( *)bind .*$/m, `$1bind 127.0.0.1:${port}`)
    .replace(/^resolvers docker\n(?: .*\n)*/m, "")
    .replace(/^( *)server-template (.+)- .*$/gm, (_line, indent: string, service: string) =>
      replicasOf(started, service)
        .map(([name, { url }]) => `${indent}server ${name} ${new URL(url).host}`)
        .join("\n"),
    );
}
