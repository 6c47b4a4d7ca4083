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

/** What services ask of the world. Each has a real adapter, and one for the one-process form. */
export interface Ports {
  readonly database: Database;
  readonly bus: Bus;
  readonly limits: Limits;
  readonly presence: Presence;
  readonly blobs: Blobs;
}

export type PortName = keyof Ports;

/** `required`: the service is not ready without it. `degraded`: it goes on with less, and /readyz says so. */
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
  /** Names this run of this process. */
  readonly instanceId: string;
  /** Signs in and limits. */
  readonly guard: Guard;
  /** Mounts a route of the contracts behind `guard`. */
  readonly mount: Mount;
  /** Answers other services. Closed before anything else of the service. */
  readonly rpc: RpcServer;
  readonly directory: Directory;
  /** What clients reach Khui by, without a slash at its end; empty where addresses are relative to it. */
  readonly publicUrl: () => string;
  /** Whose X-Forwarded-For is believed. */
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
  /** True when closing the app lets clients go by itself; others are taken out of the edge first. */
  readonly drains?: boolean;
  /** Mounts routes, serves RPC and starts what runs in the background. A failure ends the process. `options`: see `withOptions`. */
  start(context: ServiceContext<N, Settings>, options?: Options): Promise<void> | void;
}

/** Any service, for code that runs services without knowing which: a context is made for its needs, and only it looks inside. */
export type Service = Omit<ServiceDefinition<Needs, TProperties>, "start"> & {
  start(context: never): Promise<void> | void;
};

/** Defines a service; `start` sees exactly the ports of `needs` and the settings of `environment`. */
export function defineService<const N extends Needs, Settings extends TProperties, Options = unknown>(
  definition: ServiceDefinition<N, Settings, Options>,
): ServiceDefinition<N, Settings, Options> {
  return definition;
}

/** The same service, started with options that are no settings: shorter times, other folders. For tests. */
export function withOptions<N extends Needs, Settings extends TProperties, Options>(
  service: ServiceDefinition<N, Settings, Options>,
  options: Options,
): ServiceDefinition<N, Settings, Options> {
  return { ...service, start: (context) => service.start(context, options) };
}
