// A toy service on the chassis: its ports, routes and RPC, readiness, and the order in which it is closed.
import { createLocalBus } from "@khui/bus/local";
import { call } from "@khui/bus/rpc";
import { messagesRpc, routes } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { createLocalPresence } from "@khui/presence/local";
import { defineService, environmentOf, type Service, settingsOf, startServices } from "@khui/service";
import { createClosers, createLogger, EnvironmentError, readEnvironment } from "@khui/service/process";
import { unobserved } from "@khui/service/telemetry";
import { type Test, test } from "tap";
import { Type } from "typebox";

const log = createLogger({ name: "test", level: "silent" });
const settings = { JWT_SECRET: "a secret of decent length", PORT: "0", HOST: "127.0.0.1" };

async function start(t: Test, services: Service[], environment: Record<string, string> = settings) {
  const closers = createClosers(log);
  t.teardown(() => closers.close());
  const bus = createLocalBus().connect();
  closers.add("bus", () => bus.close());
  const ports = { bus, limits: createLocalLimits(), presence: createLocalPresence() };
  const env = readEnvironment(Type.Object(settingsOf(services)), environment);
  const telemetry = unobserved(log);
  const started = await startServices(services, { env, ports, telemetry, closers, trustProxy: false });
  return { ...started, bus, presence: ports.presence, closers };
}

test("a service mounts routes, answers other services and reads its own settings", async (t) => {
  const toy = defineService({
    name: "toy",
    needs: { bus: "required", limits: "degraded" },
    environment: { GREETING: Type.String({ default: "hello" }) },
    drains: true,
    start({ mount, rpc, env }) {
      mount(routes.leaveRoom, async ({ identity }) => ({ message: `${env.GREETING} ${identity.userId}` }));
      rpc.serve(messagesRpc.filesInUse, async ({ fileIds }) => ({ fileIds }));
    },
  });
  const { url, tokens, bus } = await start(t, [toy]);
  const answer = await fetch(`${url}/api/v1/chat/rooms/5f5f5f5f5f5f5f5f5f5f5f5f/leave`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokens.sign({ sub: "ann" }, 60)}` },
  });
  t.match(await answer.json(), { success: true, message: "hello ann" });
  const fileIds = ["5f5f5f5f5f5f5f5f5f5f5f5f"];
  t.same(await call(bus, messagesRpc.filesInUse, { fileIds }), { fileIds });
});

test("readiness follows the needs: required where any service of the process requires it", async (t) => {
  const one = defineService({
    name: "one",
    needs: { bus: "degraded", limits: "degraded", presence: "degraded" },
    environment: {},
    drains: true,
    start() {},
  });
  const other = defineService({
    name: "other",
    needs: { bus: "required", limits: "degraded" },
    environment: {},
    drains: true,
    start() {},
  });
  const { url, bus, presence } = await start(t, [one, other]);
  const ready = async () => {
    const answer = await fetch(`${url}/readyz`);
    return { code: answer.status, ...((await answer.json()) as object) };
  };
  const up = { bus: "ok", limits: "ok", presence: "ok" };
  t.same(await ready(), { code: 200, status: "ready", dependencies: up });
  await presence.close();
  t.same(await ready(), { code: 200, status: "degraded", dependencies: { ...up, presence: "down" } });
  await bus.close();
  t.match(await ready(), { code: 503, status: "not ready", dependencies: { bus: "down" } });
});

test("closing first stops requests, then closes what was opened, newest first, then the ports", async (t) => {
  const closed: string[] = [];
  const toy = defineService({
    name: "toy",
    needs: { bus: "required", limits: "degraded" },
    environment: {},
    drains: true,
    start({ bus, rpc, onClose }) {
      rpc.serve(messagesRpc.filesInUse, async ({ fileIds }) => ({ fileIds }));
      onClose("first", () => closed.push(`first, with the bus ${bus.connected ? "open" : "closed"}`));
      onClose("second", async () => {
        const unanswered = await call(bus, messagesRpc.filesInUse, { fileIds: [] }).catch(({ code }) => code);
        closed.push(`second, ${unanswered}`);
      });
    },
  });
  const { closers, url } = await start(t, [toy]);
  await closers.close();
  t.same(closed, ["second, service_unavailable", "first, with the bus open"]);
  await t.rejects(fetch(`${url}/healthz`));
});

test("a service that fails to start leaves nothing open", async (t) => {
  let closed = false;
  const broken = defineService({
    name: "broken",
    needs: { bus: "required", limits: "degraded" },
    environment: {},
    drains: true,
    start({ onClose }) {
      onClose("what it opened", () => {
        closed = true;
      });
      throw new Error("a file is missing");
    },
  });
  const closers = createClosers(log);
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const env = readEnvironment(Type.Object(settingsOf([broken])), settings);
  const ports = { bus, limits: createLocalLimits() };
  const starting = startServices([broken], { env, ports, telemetry: unobserved(log), closers, trustProxy: false });
  await t.rejects(starting, { message: "a file is missing" });
  await closers.close();
  t.ok(closed);
});

test("a process reads the common settings, those of its ports and its own, and reports all that are missing", async (t) => {
  const toy = defineService({
    name: "toy",
    needs: { database: "required", bus: "required", limits: "degraded", blobs: "degraded" },
    environment: { GREETING: Type.String(), POSTGRES_POOL: Type.Integer({ default: 3 }) },
    drains: true,
    start() {},
  });
  const schema = environmentOf(toy);
  const missing = ["POSTGRES_URL", "NATS_URL", "REDIS_URL", "S3_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY", "GREETING"];
  try {
    readEnvironment(schema, {});
    t.fail("it has all it needs");
  } catch (error) {
    t.ok(error instanceof EnvironmentError);
    for (const name of missing) t.match(String(error), `${name} is missing`);
  }
  const servers = Object.fromEntries(missing.map((name) => [name, "http://127.0.0.1"]));
  t.match(readEnvironment(schema, servers), { POSTGRES_POOL: 3, S3_BUCKET: "khui", PORT: 3000 });
});

test("no time limit but that of whoever runs it ends a service that is still starting", async (t) => {
  let limit: number | undefined;
  const toy = defineService({
    name: "toy",
    needs: { bus: "required", limits: "degraded" },
    environment: {},
    drains: true,
    start({ app }) {
      limit = app.initialConfig.pluginTimeout;
    },
  });
  await start(t, [toy]);
  t.equal(limit, 0, "Fastify's own ends a process after ten seconds, and a migration with it");
});
