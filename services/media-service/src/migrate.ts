// Brings the service's schema up to date and ends: run before its replicas, by a role that may change the schema.
import { migratePostgres } from "@khui/database/migrate";
import { createLogger, readEnvironment } from "@khui/service/process";
import { Type } from "typebox";
import { migrations, schema } from "./plugin.js";

const Environment = Type.Object({ POSTGRES_URL: Type.String() });

const name = "media-service";
const log = createLogger({ name, level: process.env.LOG_LEVEL || "info" });
try {
  const { POSTGRES_URL: url } = readEnvironment(Environment, process.env);
  const onPause = (error: unknown) => log.warn({ err: error }, "waiting for Postgres");
  const applicationName = `${name}-migrate`;
  const { applied } = await migratePostgres({ url, applicationName, schema, migrations, onPause });
  log.info({ schema, applied }, "the schema is up to date");
} catch (error) {
  log.fatal({ err: error }, "could not migrate");
  process.exitCode = 1;
}
