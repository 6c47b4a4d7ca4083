// Starts services in one HTTP app on opened ports: one service in a process of its own, or all of them in one.
import { createDirectory } from "@khui/directory";
import type { FastifyInstance } from "fastify";
import type { Static, TObject, TProperties } from "typebox";
import type { Need, Needs, PortName, Ports, Service, ServiceContext } from "./define.js";
import { createApp } from "./http/app.js";
import { defaultRules, keysFrom, processEnvironment, tokenRulesFrom } from "./http/environment.js";
import { gracefulShutdown } from "./http/graceful-shutdown.js";
import { mountHealth } from "./http/health.js";
import { mountMetrics } from "./http/metrics.js";
import { mounter } from "./http/mount.js";
import { createTokens, type Tokens } from "./http/tokens.js";
import { createLanes, instrumentLanes, type Lanes } from "./lanes.js";
import { pingPort } from "./ports.js";
import { type Closers, createClosers } from "./process/closers.js";
import { createRpcServer } from "./rpc.js";
import type { Telemetry } from "./telemetry/telemetry.js";

/** The settings that every process has, as `readEnvironment` gives them. */
export type ProcessSettings = Static<TObject<typeof processEnvironment>>;

export interface Starting {
  /** What `readEnvironment` made of `settingsOf(services)`. */
  readonly env: ProcessSettings & { readonly PUBLIC_URL?: string };
  readonly ports: Partial<Ports>;
  readonly telemetry: Telemetry;
  readonly closers: Closers;
  readonly trustProxy: string | false;
  /** Computes the public URL from the process's own address, where PUBLIC_URL is not set and links must not be relative. */
  readonly publicUrl?: (ownUrl: string) => string;
  /** Adds routes and hooks that belong to no service, before the app listens. */
  readonly extend?: (app: FastifyInstance, tokens: Tokens) => void;
}

export interface Started {
  /** `http://localhost:PORT` */
  readonly url: string;
  readonly tokens: Tokens;
}

/** The settings of a process that runs these services, without those of its ports. */
export function settingsOf(services: readonly Service[]): typeof processEnvironment {
  return Object.assign({}, processEnvironment, ...services.map(({ environment }) => environment));
}

/** Brings schemas up to date, starts each service, listens, and resolves when requests are taken. */
export async function startServices(services: readonly Service[], starting: Starting): Promise<Started> {
  const { env, ports, telemetry, closers, trustProxy } = starting;
  const { log } = telemetry;
  const app = await createApp({ log, telemetry, trustProxy });
  const drains = services.some((service) => service.drains);
  closers.add("http", () => (drains ? app.close() : gracefulShutdown(app)));
  mountHealth(app, needsOf(services), (name) => pingPort(ports, name));
  mountMetrics(app, telemetry.metrics);
  const tokens = await createTokens(keysFrom(env), tokenRulesFrom(env));
  starting.extend?.(app, tokens);
  let url = "";
  const publicUrl = () => env.PUBLIC_URL || starting.publicUrl?.(url) || "";
  const instanceId = crypto.randomUUID().replaceAll("-", "");
  const onLanes = instrumentLanes(telemetry.metrics);
  for (const service of services) {
    await app.register(async (own) =>
      start(service, { ...starting, app: own, tokens, publicUrl, instanceId, onLanes }),
    );
  }
  await app.listen({ port: env.PORT, host: env.HOST, backlog });
  const [address] = app.addresses();
  url = `http://localhost:${typeof address === "object" ? address.port : env.PORT}`;
  return { url, tokens };
}

/**
 * Connections that the kernel keeps until we accept them; it may allow fewer. Node's own 511 is soon full when a gateway has died and
 * its clients come to this one: their next attempts would be after one, three and seven seconds.
 */
const backlog = 8_192;

interface Place extends Omit<Starting, "publicUrl"> {
  readonly app: FastifyInstance;
  readonly tokens: Tokens;
  readonly publicUrl: () => string;
  readonly instanceId: string;
  readonly onLanes: (lanes: Lanes) => void;
}

async function start(service: Service, place: Place): Promise<void> {
  const { app, env, ports, telemetry, tokens, publicUrl, instanceId, trustProxy } = place;
  const { bus, limits } = ports;
  if (!bus || !limits) throw new Error(`${service.name} needs the bus and limits`);
  const { log } = telemetry;
  const directory = createDirectory(bus, { onError: (error) => log.warn({ err: error }, "directory") });
  const guard = { tokens, limits, rules: defaultRules(env), onIdentity: directory.learn };
  // Each service has its own: handlers call other services of this process, which must not wait for them.
  const lanes = createLanes();
  place.onLanes(lanes);
  const rpc = createRpcServer(bus, service.name, log, lanes);
  const closers = createClosers(log);
  app.addHook("onClose", async () => {
    rpc.close();
    await closers.close();
  });
  if (service.schema) await ports.database?.migrate(service.schema.name, service.schema.migrations);
  const context: Omit<ServiceContext<Needs, TProperties>, PortName> & Partial<Ports> = {
    ...ports,
    app,
    env,
    log,
    telemetry,
    instanceId,
    guard,
    mount: mounter(app, guard),
    rpc,
    directory,
    publicUrl,
    trustProxy,
    onClose: closers.add,
  };
  await service.start(context as never);
}

/** The needs of one process: a port is required if one of its services requires it. */
function needsOf(services: readonly Service[]): Map<PortName, Need> {
  const needs = new Map<PortName, Need>();
  for (const service of services) {
    for (const [name, need] of Object.entries(service.needs) as Array<[PortName, Need]>) {
      if (needs.get(name) !== "required") needs.set(name, need);
    }
  }
  return needs;
}
