// What a service is: its name, the ports it needs, its settings, its schema, and how it starts.
import type { Blobs } from "@khui/blobs";
import type { Bus } from "@khui/bus";
import type { Database } from "@khui/database";
import type { Directory } from "@khui/directory";
import type { Limits } from "@khui/limits";
import type { Presence } from "@khui/presence";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Static, TObject, TProperties } from "typebox";
import type { Guard, Mount } from "./http/mount.js";
import type { RpcServer } from "./rpc.js";
import type { Telemetry } from "./telemetry/telemetry.js";

/** The ports that services may need. Each has an adapter for a real server, and one for the one-process form. */
export interface Ports {
  readonly database: Database;
  readonly bus: Bus;
  readonly limits: Limits;
  readonly presence: Presence;
  readonly blobs: Blobs;
}

export type PortName = keyof Ports;

/** `required`: the service is not ready without it. `degraded`: it keeps working in part, and /readyz reports it. */
export type Need = "required" | "degraded";

/** Every service needs the bus (names of users, RPC) and limits (every route is limited). */
export type Needs = Partial<Record<PortName, Need>> & { readonly bus: Need; readonly limits: Need };

/** The Postgres schema that is a service's own, and the folder of its numbered migrations. */
export interface Schema {
  readonly name: string;
  readonly migrations: URL;
}

/** What a service is started with: the ports that it needs, and what is built on them. */
export type ServiceContext<N extends Needs, Settings extends TProperties> = Pick<Ports, keyof N & PortName> & {
  /** Routes and hooks added here are the service's own, also where one process holds several services. */
  readonly app: FastifyInstance;
  readonly env: Static<TObject<Settings>>;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  /** Identifies this run of this process; new with each start. */
  readonly instanceId: string;
  /** Authenticates and rate-limits requests. */
  readonly guard: Guard;
  /** Mounts a route of the contracts behind `guard`. */
  readonly mount: Mount;
  /** Serves RPC to other services. Closed before anything else of the service. */
  readonly rpc: RpcServer;
  readonly directory: Directory;
  /** The URL by which clients reach Khui, without a trailing slash; empty where links are relative to it. */
  readonly publicUrl: () => string;
  /** The peers whose X-Forwarded-For is trusted. */
  readonly trustProxy: string | false;
  /** Closes what the service has opened, when the process ends: newest first, while the ports are still open. */
  onClose(name: string, close: () => unknown): void;
};

export interface ServiceDefinition<N extends Needs, Settings extends TProperties, Options = unknown> {
  /** The folder below services/, the image, the queue of its RPC, its name in logs and metrics. */
  readonly name: string;
  readonly needs: N;
  /** Settings beside those of every process and of the ports, as environment variables. One of the same name replaces theirs. */
  readonly environment: Settings;
  /** Brought up to date before `start`. */
  readonly schema?: Schema;
  /** True when closing the app disconnects clients by itself; other services are removed from the edge first. */
  readonly drains?: boolean;
  /** Mounts routes, serves RPC and starts what runs in the background. A failure ends the process. `options`: see `withOptions`. */
  start(context: ServiceContext<N, Settings>, options?: Options): Promise<void> | void;
}

/** Any service, for code that is generic over services: the context is made for the service's needs. */
export type Service = Omit<ServiceDefinition<Needs, TProperties>, "start"> & {
  start(context: never): Promise<void> | void;
};

/** Defines a service; `start` sees exactly the ports of `needs` and the settings of `environment`. */
export function defineService<const N extends Needs, Settings extends TProperties, Options = unknown>(
  definition: ServiceDefinition<N, Settings, Options>,
): ServiceDefinition<N, Settings, Options> {
  return definition;
}

/** The same service, started with options that are not settings, such as shorter times or other folders. For tests. */
export function withOptions<N extends Needs, Settings extends TProperties, Options>(
  service: ServiceDefinition<N, Settings, Options>,
  options: Options,
): ServiceDefinition<N, Settings, Options> {
  return { ...service, start: (context) => service.start(context, options) };
}
