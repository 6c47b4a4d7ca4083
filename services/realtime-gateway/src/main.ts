// The realtime-gateway process: environment, connections, listen.
import { connectNats } from "@khui/bus/nats";
import { connectRedisLimits } from "@khui/limits/redis";
import { connectRedisPresence } from "@khui/presence/redis";
import { createApp, createTokens, defaultRules, keysFrom, mountHealth, mountMetrics } from "@khui/service/http";
import { readEnvironment, run } from "@khui/service/process";
import { openTelemetry, watchBus, watchLimits } from "@khui/service/telemetry";
import { Environment, gatewayOptions } from "./environment.js";
import { realtimeGateway } from "./plugin.js";

const name = "realtime-gateway";
const level = process.env.LOG_LEVEL || "info";
const telemetry = await openTelemetry({ service: name, level, environment: process.env });
const { log } = telemetry;
await run(log, async (closers) => {
  const env = readEnvironment(Environment, process.env);
  closers.add("traces", () => telemetry.close());
  const onError = (error: unknown) => log.warn({ err: error }, "connection");
  const bus = watchBus(telemetry, await connectNats({ servers: env.NATS_URL, name, onError }));
  closers.add("bus", () => bus.close());
  const presence = connectRedisPresence({ url: env.REDIS_URL, onError });
  closers.add("presence", () => presence.close());
  const limits = watchLimits(
    telemetry,
    connectRedisLimits({ url: env.REDIS_URL, prefix: `khui:limits:${name}:`, onError }),
  );
  closers.add("limits", () => limits.close());
  const app = await createApp({ log, telemetry, trustProxy: env.TRUST_PROXY });
  closers.add("http", () => app.close());
  mountHealth(app, {}, { bus: () => bus.flush(), presence: () => presence.ping() });
  mountMetrics(app, telemetry.metrics);
  const guard = { tokens: createTokens(keysFrom(env)), limits, rules: defaultRules(env) };
  const engine = { maxHandshakesPerSecond: env.MAX_HANDSHAKES_PER_SECOND };
  const drainMs = env.DRAIN_SECONDS * 1_000;
  await app.register(
    realtimeGateway({ bus, presence, guard, log, telemetry, gateway: gatewayOptions(env), engine, drainMs }),
  );
  await app.listen({ port: env.PORT, host: env.HOST });
});
