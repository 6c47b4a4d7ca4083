// The one-process form: all services on embedded ports, in one HTTP app.
import { join } from "node:path";
import { type Service, type Started, type Starting, settingsOf, startServices } from "@khui/service";
import { keepLocal } from "@khui/service/http";
import { createClosers, readEnvironment } from "@khui/service/process";
import type { Telemetry } from "@khui/service/telemetry";
import { Type } from "typebox";
import { mountDevelopmentSignIn } from "./development.js";
import { type EmbeddedPortsOptions, openEmbeddedPorts } from "./ports.js";

/** Settings that differ from those of single services, and additional ones. */
const ownEnvironment = {
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3101 }),
  HOST: Type.String({ default: "localhost" }),
  /** There is no edge that needs time to stop routing. */
  DRAIN_SECONDS: Type.Integer({ minimum: 0, maximum: 12, default: 0 }),
  /** Connections to Postgres, of all services together. */
  POSTGRES_POOL: Type.Integer({ minimum: 5, maximum: 50, default: 30 }),
  /** Answers /metrics and /readyz to other machines too. */
  EXPOSE_METRICS: Type.Boolean({ default: false }),
};

export interface EmbeddedOptions extends EmbeddedPortsOptions {
  /** The process's environment. Needs JWT_SECRET (or another key) and MEDIA_URL_SECRET. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly telemetry: Telemetry;
  /** Issues tokens to anyone on this machine. */
  readonly developmentSignIn?: boolean;
}

export interface Embedded extends Started {
  close(): Promise<void>;
}

/** Opens everything, listens, and resolves when requests are taken. Throws EnvironmentError; leaves nothing open then. */
export async function startEmbedded(services: readonly Service[], options: EmbeddedOptions): Promise<Embedded> {
  const { telemetry, developmentSignIn = false } = options;
  const schema = Type.Object({ ...settingsOf(services), ...ownEnvironment });
  const read = (more: Record<string, string>) => readEnvironment(schema, { ...more, ...options.environment });
  const { POSTGRES_POOL: poolSize } = read({});
  // Longer than the gateway takes to let its sockets go.
  const closers = createClosers(telemetry.log, 20_000);
  try {
    const { ports, folder } = await openEmbeddedPorts({ ...options, poolSize }, telemetry, closers);
    const env = read({ SCRATCH_DIR: join(folder, "uploads") });
    const started = await startServices(services, {
      env: env as Starting["env"],
      ports,
      telemetry,
      closers,
      trustProxy: false,
      publicUrl: (ownUrl) => ownUrl,
      extend(app, tokens) {
        if (!env.EXPOSE_METRICS) keepLocal(app, "/metrics", "/readyz");
        if (developmentSignIn) mountDevelopmentSignIn(app, tokens);
      },
    });
    return { ...started, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}
