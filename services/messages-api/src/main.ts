// The messages-api process: environment, connections, listen.
import { connectNats } from "@khui/bus/nats";
import { openPostgres } from "@khui/database/postgres";
import { createApp, createTokens, defaultRules, keysFrom, linkOptions, mountHealth, mountMetrics } from "@khui/http";
import { connectRedisLimits } from "@khui/limits/redis";
import { createMediaLinks } from "@khui/media-links";
import { createLogger, readEnvironment, run } from "@khui/runtime";
import { Environment } from "./environment.js";
import { messagesApi } from "./plugin.js";

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
