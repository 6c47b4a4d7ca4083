// The one-process form: every service on embedded adapters, behind one port. All its wiring is on this page.
import { join } from "node:path";
import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { openPglite } from "@khui/database/pglite";
import { createApp, createTokens, type Guard, mountHealth, type TokenKeys, type Tokens } from "@khui/http";
import { createLocalLimits } from "@khui/limits/local";
import { messagesApi } from "@khui/messages-api";
import { createLocalPresence } from "@khui/presence/local";
import { type GatewayDeps, realtimeGateway } from "@khui/realtime-gateway";
import { roomsApi } from "@khui/rooms-api";
import { createClosers, type Logger } from "@khui/runtime";
import { mountDevelopmentSignIn } from "./development.js";

export interface StandaloneOptions {
  /** Where data is kept; in memory when absent. */
  readonly dataDir?: string;
  /** A file that keeps a freshly made, empty database, so that the next one in memory is there sooner. */
  readonly databaseTemplate?: string;
  readonly keys: TokenKeys;
  readonly rules: Guard["rules"];
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly log: Logger;
  /** Offers tokens to anyone on this machine. */
  readonly developmentSignIn?: boolean;
  readonly gateway?: GatewayDeps["gateway"];
  readonly engine?: GatewayDeps["engine"];
  /** Puts something between the services and the bus: tests lose messages here. */
  readonly wrapBus?: (bus: Bus) => Bus;
}

export interface Standalone {
  readonly url: string;
  readonly tokens: Tokens;
  close(): Promise<void>;
}

/** Opens everything, listens, and resolves when requests are taken. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { log } = options;
  const closers = createClosers(log);
  try {
    const database = await openPglite({
      ...(options.dataDir ? { folder: join(options.dataDir, "postgres") } : {}),
      ...(options.databaseTemplate ? { cache: options.databaseTemplate } : {}),
    });
    closers.add("database", () => database.close());
    const localBus = createLocalBus({ onError: (error) => log.warn({ err: error }, "bus") }).connect();
    closers.add("bus", () => localBus.close());
    const bus = options.wrapBus?.(localBus) ?? localBus;
    const presence = createLocalPresence();
    closers.add("presence", () => presence.close());
    const limits = createLocalLimits();
    closers.add("limits", () => limits.close());
    const tokens = await createTokens(options.keys);
    const guard: Guard = { tokens, limits, rules: options.rules };

    const app = await createApp({ log });
    closers.add("http", () => app.close());
    mountHealth(app, { database: () => database.ping() });
    await app.register(roomsApi({ database, bus, guard, log }));
    await app.register(messagesApi({ database, bus, guard, log }));
    const { gateway = {}, engine = {} } = options;
    await app.register(realtimeGateway({ bus, presence, guard, log, gateway, engine }));
    if (options.developmentSignIn) mountDevelopmentSignIn(app, tokens);
    await app.listen({ port: options.port, host: options.host });
    const [address] = app.addresses();
    const port = typeof address === "object" ? address.port : options.port;
    return { url: `http://localhost:${port}`, tokens, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}
