// Opens the ports that services need on the real servers, and pings them.
import { connectS3Blobs } from "@khui/blobs/s3";
import { connectNats } from "@khui/bus/nats";
import { openPostgres } from "@khui/database/postgres";
import { connectRedisLimits } from "@khui/limits/redis";
import { connectRedisPresence } from "@khui/presence/redis";
import { type Static, type TObject, type TProperties, Type } from "typebox";
import type { Needs, PortName, Ports } from "./define.js";
import type { Closers } from "./process/closers.js";
import { instrumentBus } from "./telemetry/bus.js";
import { instrumentDatabase, observeStatements } from "./telemetry/database.js";
import { instrumentLimits } from "./telemetry/limits.js";
import type { Telemetry } from "./telemetry/telemetry.js";

interface Opening {
  /** The service's name. */
  readonly name: string;
  readonly telemetry: Telemetry;
  /** Logs lost and restored connections. */
  readonly onError: (error: unknown) => void;
}

interface RealPort<Port> {
  /** Where the server is, as environment variables. */
  readonly environment: TProperties;
  open(env: never, opening: Opening): Port | Promise<Port>;
}

function realPort<Port, Settings extends TProperties>(
  environment: Settings,
  open: (env: Static<TObject<Settings>>, opening: Opening) => Port | Promise<Port>,
): RealPort<Port> {
  return { environment, open };
}

const realPorts: { readonly [Name in PortName]: RealPort<Ports[Name]> } = {
  database: realPort(
    { POSTGRES_URL: Type.String(), POSTGRES_POOL: Type.Integer({ minimum: 2, maximum: 100, default: 10 }) },
    (env, { name, telemetry, onError }) =>
      openPostgres({
        url: env.POSTGRES_URL,
        poolSize: env.POSTGRES_POOL,
        applicationName: name,
        onError,
        onStatement: observeStatements(telemetry),
      }),
  ),
  bus: realPort({ NATS_URL: Type.String() }, (env, { name, onError }) =>
    connectNats({ servers: env.NATS_URL, name, onError }),
  ),
  limits: realPort({ REDIS_URL: Type.String() }, (env, { name, onError }) =>
    connectRedisLimits({ url: env.REDIS_URL, prefix: `khui:limits:${name}:`, onError }),
  ),
  presence: realPort({ REDIS_URL: Type.String() }, (env, { onError }) =>
    connectRedisPresence({ url: env.REDIS_URL, onError }),
  ),
  blobs: realPort(
    {
      S3_URL: Type.String({ pattern: "^https?://" }),
      S3_ACCESS_KEY: Type.String(),
      S3_SECRET_KEY: Type.String(),
      S3_BUCKET: Type.String({ default: "khui" }),
      S3_REGION: Type.String({ default: "us-east-1" }),
    },
    (env, { onError }) =>
      connectS3Blobs({
        endPoint: env.S3_URL,
        accessKey: env.S3_ACCESS_KEY,
        secretKey: env.S3_SECRET_KEY,
        bucket: env.S3_BUCKET,
        region: env.S3_REGION,
        onError,
      }),
  ),
};

const namesIn = (needs: Needs): PortName[] => Object.keys(needs) as PortName[];

/** The settings of the real servers behind these needs. */
export function portEnvironment(needs: Needs): TProperties {
  return Object.assign({}, ...namesIn(needs).map((name) => realPorts[name].environment));
}

/**
 * Opens what is needed; `closers` closes it. Rejects when NATS does not answer, and the process is started again; other servers may be
 * down, and /readyz reports them.
 */
export async function openRealPorts(
  needs: Needs,
  env: Readonly<Record<string, unknown>>,
  opening: Opening,
  closers: Closers,
): Promise<Partial<Ports>> {
  const ports: Partial<Record<PortName, Ports[PortName]>> = {};
  for (const name of namesIn(needs)) {
    const port = await realPorts[name].open(env as never, opening);
    closers.add(name, () => port.close());
    ports[name] = port;
  }
  return instrumentPorts(ports as Partial<Ports>, opening.telemetry);
}

/** The same ports, instrumented. Call once per process. */
export function instrumentPorts(ports: Partial<Ports>, telemetry: Telemetry): Partial<Ports> {
  if (ports.database) instrumentDatabase(telemetry, ports.database);
  return {
    ...ports,
    ...(ports.bus ? { bus: instrumentBus(telemetry, ports.bus) } : {}),
    ...(ports.limits ? { limits: instrumentLimits(telemetry, ports.limits) } : {}),
  };
}

/** Resolves when the port's server answers. */
export function pingPort(ports: Partial<Ports>, name: PortName): Promise<unknown> {
  if (name === "bus") return ports.bus?.flush() ?? Promise.reject(new Error("not open"));
  return ports[name]?.ping() ?? Promise.reject(new Error("not open"));
}
