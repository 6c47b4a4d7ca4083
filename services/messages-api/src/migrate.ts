// Brings the service's schema up to date and ends: run before its replicas, by a role that may change the schema.
import { openPostgres } from "@khui/database/postgres";
import { createLogger, readEnvironment } from "@khui/runtime";
import { Type } from "typebox";
import { migrations, schema } from "./plugin.js";

const Environment = Type.Object({ POSTGRES_URL: Type.String() });

const name = "messages-api";
const log = createLogger({ name, level: process.env.LOG_LEVEL || "info" });
try {
  const env = readEnvironment(Environment, process.env);
  const database = openPostgres({ url: env.POSTGRES_URL, poolSize: 1, applicationName: `${name}-migrate` });
  try {
    const { applied } = await database.migrate(schema, migrations);
    log.info({ schema, applied }, "the schema is up to date");
  } finally {
    await database.close();
  }
} catch (error) {
  log.fatal({ err: error }, "could not migrate");
  process.exitCode = 1;
}
