// The messages-api process: environment, connections, listen.
import { connectNats } from "@khui/bus/nats";
import { openPostgres } from "@khui/database/postgres";
import {
  createApp,
  createTokens,
  defaultRules,
  keysFrom,
  linkEnvironment,
  linkOptions,
  mountHealth,
  mountMetrics,
  serviceEnvironment,
} from "@khui/http";
import { connectRedisLimits } from "@khui/limits/redis";
import { createMediaLinks } from "@khui/media-links";
import { createLogger, readEnvironment, run } from "@khui/runtime";
import { Type } from "typebox";
import { messagesApi } from "./plugin.js";

const Environment = Type.Object({
  ...serviceEnvironment,
  ...linkEnvironment,
  POSTGRES_URL: Type.String(),
  POSTGRES_POOL: Type.Integer({ minimum: 2, maximum: 100, default: 10 }),
  LOG_RETENTION_DAYS: Type.Integer({ minimum: 1, maximum: 3650, default: 7 }),
});

const name = "messages-api";
const log = createLogger({ name, level: process.env.LOG_LEVEL || "info" });
await run(log, async (closers) => {
  const env = readEnvironment(Environment, process.env);
  const onError = (error: unknown) => log.warn({ err: error }, "connection");
  const database = openPostgres({ url: env.POSTGRES_URL, poolSize: env.POSTGRES_POOL, applicationName: name, onError });
  closers.add("database", () => database.close());
  const bus = await connectNats({ servers: env.NATS_URL, name, onError });
  closers.add("bus", () => bus.close());
  const limits = connectRedisLimits({ url: env.REDIS_URL, onError });
  closers.add("limits", () => limits.close());
  const app = await createApp({ log, trustProxy: env.TRUST_PROXY });
  closers.add("http", () => app.close());
  mountHealth(app, { database: () => database.ping() }, { bus: () => bus.flush(), limits: () => limits.ping() });
  mountMetrics(app);
  const guard = { tokens: await createTokens(keysFrom(env)), limits, rules: defaultRules(env) };
  await app.register(
    messagesApi({
      database,
      bus,
      guard,
      log,
      links: createMediaLinks(linkOptions(env)),
      retentionDays: env.LOG_RETENTION_DAYS,
    }),
  );
  await app.listen({ port: env.PORT, host: env.HOST });
});
