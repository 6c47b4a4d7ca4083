// The messages-api process: environment, connections, listen.
import { connectNats } from "@khui/bus/nats";
import { openPostgres } from "@khui/database/postgres";
import { connectRedisLimits } from "@khui/limits/redis";
import { createMediaLinks } from "@khui/media-links";
import {
  createApp,
  createTokens,
  defaultRules,
  keysFrom,
  leave,
  linkOptions,
  mountHealth,
  mountMetrics,
} from "@khui/service/http";
import { readEnvironment, run } from "@khui/service/process";
import { observeStatements, openTelemetry, watchBus, watchDatabase, watchLimits } from "@khui/service/telemetry";
import { Environment } from "./environment.js";
import { messagesApi } from "./plugin.js";

const name = "messages-api";
const level = process.env.LOG_LEVEL || "info";
const telemetry = await openTelemetry({ service: name, level, environment: process.env });
const { log } = telemetry;
await run(log, async (closers) => {
  const env = readEnvironment(Environment, process.env);
  closers.add("traces", () => telemetry.close());
  const onError = (error: unknown) => log.warn({ err: error }, "connection");
  const database = openPostgres({
    url: env.POSTGRES_URL,
    poolSize: env.POSTGRES_POOL,
    applicationName: name,
    onError,
    onStatement: observeStatements(telemetry),
  });
  closers.add("database", () => database.close());
  watchDatabase(telemetry, database);
  const bus = watchBus(telemetry, await connectNats({ servers: env.NATS_URL, name, onError }));
  closers.add("bus", () => bus.close());
  const limits = watchLimits(
    telemetry,
    connectRedisLimits({ url: env.REDIS_URL, prefix: `khui:limits:${name}:`, onError }),
  );
  closers.add("limits", () => limits.close());
  const app = await createApp({ log, telemetry, trustProxy: env.TRUST_PROXY });
  closers.add("http", () => leave(app));
  mountHealth(app, { database: () => database.ping() }, { bus: () => bus.flush(), limits: () => limits.ping() });
  mountMetrics(app, telemetry.metrics);
  const guard = { tokens: createTokens(keysFrom(env)), limits, rules: defaultRules(env) };
  await app.register(
    messagesApi({
      database,
      bus,
      guard,
      log,
      telemetry,
      links: createMediaLinks(linkOptions(env)),
      retentionDays: env.LOG_RETENTION_DAYS,
    }),
  );
  await app.listen({ port: env.PORT, host: env.HOST });
});
