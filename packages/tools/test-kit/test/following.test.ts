// A request is followed from HTTP through the bus to the statements, in logs and in traces; what people wrote is in neither.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBackends } from "@khui/backends/backends";
import t, { test } from "tap";
import { highLimits } from "../src/embedded.js";
import { startService } from "../src/service-process.js";
import { eventually, useSystem } from "../src/system.js";
import { startCollector } from "./collector.js";

const folder = mkdtempSync(join(tmpdir(), "khui-following-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const collector = await startCollector();
t.teardown(() => collector.close());
const backends = await startBackends(["postgres", "nats", "redis"]);
t.teardown(() => backends.stop());
const secret = randomBytes(32).toString("hex");
const environment = {
  ...highLimits,
  POSTGRES_URL: backends.postgresUrl ?? "",
  NATS_URL: backends.natsUrl ?? "",
  REDIS_URL: backends.redisUrl ?? "",
  JWT_SECRET: secret,
  MEDIA_URL_SECRET: secret,
  LOG_LEVEL: "debug",
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_BSP_SCHEDULE_DELAY: "50",
};
const logFile = (service: string) => join(folder, `${service}.log`);
const services = await Promise.all(
  ["rooms-api", "messages-api", "realtime-gateway"].map(async (service) => {
    const started = await startService({ service, environment, logFile: logFile(service) });
    t.teardown(() => started.stop());
    return started;
  }),
);
const [rooms, messages, gateway] = services.map(({ url }) => url) as [string, string, string];

const logOf = (service: string) => readFileSync(logFile(service), "utf8");
const linesOf = (service: string): Array<Record<string, unknown>> =>
  logOf(service)
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
/** What a log says of one request. */
const about = (service: string, id: string) =>
  linesOf(service).filter(
    ({ requestId, requestIds }) => requestId === id || (Array.isArray(requestIds) && requestIds.includes(id)),
  );

const people = await useSystem(t, { url: rooms, secret });
const writers = await useSystem(t, { url: messages, secret });
const sockets = await useSystem(t, { url: gateway, secret });
const marker = `marker-${randomBytes(8).toString("hex")}`;
const [alice, bob] = [people.newUser("Alice"), people.newUser("Bob")];
const aliceWrites = { ...writers.newUser(), token: alice.token };

/** A request of Alice's to messages-api. */
const send = (roomId: string, id: string, content: string) =>
  fetch(`${messages}/api/v1/chat/rooms/${roomId}/messages`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${aliceWrites.token}`,
      "content-type": "application/json",
      "x-request-id": id,
    },
    body: JSON.stringify({ content }),
  });

async function newRoom(id: string): Promise<string> {
  const { body } = await alice.post("/rooms", { type: "private", participants: [bob.id] }, { "x-request-id": id });
  return body.chatRoom._id;
}

test("one id is in the lines of both services that worked on a request, down to their statements", async (t) => {
  await newRoom("create-1");
  for (const service of ["rooms-api", "messages-api"]) {
    await eventually(() => about(service, "create-1").some(({ msg }) => msg === "statement"));
    const statements = about(service, "create-1").filter(({ msg }) => msg === "statement");
    t.match(statements[0], { requestId: "create-1", sql: /\w+/, ms: Number }, service);
  }
  await eventually(() => about("rooms-api", "create-1").some(({ msg }) => msg === "request"));
  t.pass("the line of the request itself");
});

test("a statement for several requests names them all", async (t) => {
  const roomId = await newRoom("create-2");
  const ids = Array.from({ length: 30 }, (_, i) => `send-${i}`);
  await Promise.all(ids.map(async (id) => t.equal((await send(roomId, id, `hello ${id}`)).status, 201)));
  const named = (id: string) => about("messages-api", id).some(({ sql }) => String(sql).startsWith("WITH clock"));
  // A line may be written a little after the answer.
  await eventually(() => ids.every(named)).catch(() => {});
  t.same(
    ids.filter((id) => !named(id)),
    [],
  );
  const shared = linesOf("messages-api").filter(({ requestIds }) => Array.isArray(requestIds) && requestIds.length > 1);
  t.ok(shared.length >= 1, "some went down together");
});

test("an event of a socket is a request of its own", async (t) => {
  const roomId = await newRoom("create-3");
  const before = new Set(linesOf("messages-api").map(({ requestId }) => requestId));
  const client = await sockets.newUser().connect({ auth: { token: alice.token } });
  await client.join(roomId);
  const answer = await client.ask("send_message", { chatRoomId: roomId, content: `by socket ${marker}` });
  t.equal(answer.success, true);
  const fresh = () =>
    linesOf("messages-api").filter(
      ({ sql, requestId }) => String(sql).startsWith("WITH clock") && !before.has(requestId as string),
    );
  await eventually(() => fresh().length > 0);
  const id = fresh()[0]?.requestId as string;
  await eventually(() => about("realtime-gateway", id).length > 0);
  t.match(about("realtime-gateway", id), [{ msg: "event", event: "send_message", ms: Number }]);
});

test("a trace goes from the request at one service over the bus to the statement at the other", async (t) => {
  await newRoom("create-4");
  const isServer = ({ service, name, kind }: (typeof collector.spans)[number]) =>
    service === "messages-api" && name === "messages.applyRoomChange" && kind === 2;
  const find = () => {
    for (const server of collector.spans.filter(isServer)) {
      const client = collector.spans.find(({ spanId }) => spanId === server.parentSpanId);
      const root = collector.spans.find(({ spanId }) => spanId === client?.parentSpanId);
      const statement = collector.spans.find(({ parentSpanId }) => parentSpanId === server.spanId);
      if (client && root && statement) return { root, client, server, statement };
    }
    return undefined;
  };
  await eventually(() => find() !== undefined);
  const { root, client, server, statement } = find()!;
  t.match(root, { service: "rooms-api", name: "POST /api/v1/chat/rooms", kind: 2 });
  t.match(client, { service: "rooms-api", kind: 3, traceId: root.traceId });
  t.match(server, { traceId: root.traceId });
  t.match(statement, { service: "messages-api", kind: 3, traceId: root.traceId });
  t.match(statement.name, /^[A-Z]+( messages\.\w+)?$/);
});

test("neither a token nor what people wrote is in any log or span", async (t) => {
  const roomId = await newRoom("create-5");
  const sent = await send(roomId, "send-marked", `a text with ${marker}`);
  const { data } = (await sent.json()) as { data: { _id: string } };
  await alice.post("/rooms", { type: "group", name: marker, activityId: "a" });
  await fetch(`${messages}/api/v1/chat/messages/${data._id}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${alice.token}`, "content-type": "application/json" },
    body: JSON.stringify({ content: `edited ${marker}` }),
  });
  // Faulty ones leave lines of their own.
  await send(roomId, "send-broken", `${marker} \u0000`);
  await fetch(`${messages}/api/v1/chat/rooms/${roomId}/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${alice.token}`, "content-type": "application/json" },
    body: `{"content": "${marker}`,
  });
  const badToken = `${alice.token}${marker}`;
  await fetch(`${messages}/api/v1/chat/rooms/${roomId}/messages`, { headers: { authorization: `Bearer ${badToken}` } });
  await eventually(() => about("messages-api", "send-marked").some(({ msg }) => msg === "request"));
  await eventually(() => collector.text().includes("PUT /api/v1/chat/messages/:messageId"));
  const told = {
    ...Object.fromEntries(["rooms-api", "messages-api", "realtime-gateway"].map((name) => [name, logOf(name)])),
    spans: collector.text(),
  };
  for (const [name, text] of Object.entries(told)) {
    t.ok(text.length > 500, `${name} tells something`);
    t.notOk(text.includes(marker), `${name}: what people wrote`);
    for (const token of [alice.token, bob.token]) t.notOk(text.includes(token), `${name}: a token`);
  }
});
