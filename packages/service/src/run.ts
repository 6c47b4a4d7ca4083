// Runs one service as a process of its own, on the real servers.
import { migratePostgres } from "@khui/database/migrate";
import { type TObject, Type } from "typebox";
import type { Service } from "./define.js";
import type { processEnvironment } from "./http/environment.js";
import { openRealPorts, portEnvironment } from "./ports.js";
import { EnvironmentError, readEnvironment } from "./process/environment.js";
import { createLogger } from "./process/logger.js";
import { run } from "./process/run.js";
import { settingsOf, startServices } from "./start.js";
import { openTelemetry } from "./telemetry/telemetry.js";

/** All that the service's process reads from its environment. */
export function environmentOf(service: Service): TObject<typeof processEnvironment> {
  return Type.Object({ ...portEnvironment(service.needs), ...settingsOf([service]) });
}

/**
 * The whole of a service's `main.ts`. Reads the environment, opens the ports, starts the service and closes everything on
 * SIGTERM. With the argument `migrate` it brings the service's schema up to date and ends: run before its replicas, by a
 * role that may change the schema.
 */
export async function runService(service: Service): Promise<void> {
  if (process.argv[2] === "migrate") return migrate(service);
  const { name } = service;
  const level = process.env.LOG_LEVEL || "info";
  const telemetry = await openTelemetry({ service: name, level, environment: process.env });
  const { log } = telemetry;
  await run(log, async (closers) => {
    const env = readEnvironment(environmentOf(service), process.env);
    closers.add("traces", () => telemetry.close());
    const onError = (error: unknown) => log.warn({ err: error }, "connection");
    const ports = await openRealPorts(service.needs, env, { name, telemetry, onError }, closers);
    await startServices([service], { env, ports, telemetry, closers, trustProxy: env.TRUST_PROXY });
  });
}

async function migrate({ name, schema }: Service): Promise<void> {
  const log = createLogger({ name, level: process.env.LOG_LEVEL || "info" });
  try {
    if (!schema) throw new Error(`${name} has no schema`);
    const { POSTGRES_URL: url } = readEnvironment(Type.Object({ POSTGRES_URL: Type.String() }), process.env);
    const onPause = (error: unknown) => log.warn({ err: error }, "waiting for Postgres");
    const applicationName = `${name}-migrate`;
    const { applied } = await migratePostgres({
      url,
      applicationName,
      schema: schema.name,
      migrations: schema.migrations,
      onPause,
    });
    log.info({ schema: schema.name, applied }, "the schema is up to date");
  } catch (error) {
    if (error instanceof EnvironmentError) log.fatal(error.message);
    else log.fatal({ err: error }, "could not migrate");
    process.exitCode = 1;
  }
}
