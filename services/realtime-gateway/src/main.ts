// The realtime-gateway process: environment, connections, listen.
import { connectNats } from "@khui/bus/nats";
import { createApp, createTokens, defaultRules, keysFrom, mountHealth, mountMetrics } from "@khui/http";
import { connectRedisLimits } from "@khui/limits/redis";
import { connectRedisPresence } from "@khui/presence/redis";
import { createLogger, readEnvironment, run } from "@khui/runtime";
import { Environment } from "./environment.js";
import { realtimeGateway } from "./plugin.js";

const name = "realtime-gateway";
const log = createLogger({ name, level: process.env.LOG_LEVEL || "info" });
await run(log, async (closers) => {
  const env = readEnvironment(Environment, process.env);
  const onError = (error: unknown) => log.warn({ err: error }, "connection");
  const bus = await connectNats({ servers: env.NATS_URL, name, onError });
  closers.add("bus", () => bus.close());
  const presence = connectRedisPresence({ url: env.REDIS_URL, onError });
  closers.add("presence", () => presence.close());
  const limits = connectRedisLimits({ url: env.REDIS_URL, onError });
  closers.add("limits", () => limits.close());
  const app = await createApp({ log, trustProxy: env.TRUST_PROXY });
  closers.add("http", () => app.close());
  mountHealth(app, {}, { bus: () => bus.flush(), presence: () => presence.ping() });
  mountMetrics(app);
  const guard = { tokens: await createTokens(keysFrom(env)), limits, rules: defaultRules(env) };
  const gateway = { trustProxy: env.TRUST_PROXY, watchedRooms: env.WATCHED_ROOMS };
  const engine = { maxHandshakesPerSecond: env.MAX_HANDSHAKES_PER_SECOND };
  const drainMs = env.DRAIN_SECONDS * 1_000;
  await app.register(realtimeGateway({ bus, presence, guard, log, gateway, engine, drainMs }));
  await app.listen({ port: env.PORT, host: env.HOST });
});
