// What each service's NATS user may and may not do, asked of a server that runs under nats.conf.
import { readFileSync } from "node:fs";
import t, { type Test, test } from "tap";
import type { Bus } from "../../../packages/bus/src/index.js";
import { connectNats } from "../../../packages/bus/src/nats.js";
import { mediaRpc, messagesRpc, type Rpc, roomsRpc, subjects } from "../../../packages/contracts/src/index.js";
import { startBackends } from "../../backends/backends.js";
import { makeSecrets, ownAddresses } from "../../backends/secrets.js";
import { until } from "../../backends/test/children.js";

const services = ["rooms-api", "messages-api", "media-service", "sticker-service", "realtime-gateway"] as const;
type Service = (typeof services)[number];

const secrets = makeSecrets();
const backends = await startBackends(["nats"], { environment: {}, secrets });
t.teardown(() => backends.stop());
const address = (service: Service): string =>
  ownAddresses(service, { postgres: "", nats: backends.natsUrl ?? "" }, secrets).NATS_URL;

interface Member {
  readonly bus: Bus;
  /** What the server has refused so far, in its words. */
  readonly refusals: string[];
}

async function join(t: Test, service: Service): Promise<Member> {
  const refusals: string[] = [];
  const onError = (error: unknown) => refusals.push(String(error));
  const bus = await connectNats({ servers: address(service), name: service, onError });
  t.teardown(() => bus.close());
  return { bus, refusals };
}

const text = (data: Uint8Array): string => Buffer.from(data).toString();
const room = "0123456789abcdef01234567";
const servers: ReadonlyArray<readonly [Service, Readonly<Record<string, Rpc>>]> = [
  ["rooms-api", roomsRpc],
  ["messages-api", messagesRpc],
  ["media-service", mediaRpc],
];

test("nobody may say or hear what is not theirs", async (t) => {
  const forbidden: ReadonlyArray<readonly [Service, string, (bus: Bus) => unknown]> = [
    ["realtime-gateway", "write in a room's log", (bus) => bus.publish(subjects.roomLog(room), Buffer.from("x"))],
    ["realtime-gateway", "speak to one user", (bus) => bus.publish(subjects.userLive("u"), Buffer.from("x"))],
    ["realtime-gateway", "pose as messages-api", (bus) => serve(bus, messagesRpc.openRoom.subject, "messages-api")],
    ["realtime-gateway", "hear everything", (bus) => bus.subscribe(">", () => {})],
    ["rooms-api", "write in a room's log", (bus) => bus.publish(subjects.roomLog(room), Buffer.from("x"))],
    ["rooms-api", "hear a room", (bus) => bus.subscribe(subjects.roomLog(room), () => {})],
    ["rooms-api", "hear others' answers", (bus) => bus.subscribe("_INBOX.messages-api.>", () => {})],
    ["rooms-api", "hear requests outside of its queue group", (bus) => bus.subscribe("khui.rpc.rooms.*", () => {})],
    ["messages-api", "hear a room", (bus) => bus.subscribe(subjects.roomLive(room), () => {})],
    ["messages-api", "relay a poll", (bus) => bus.publish(subjects.gatewayRelay("0"), Buffer.from("x"))],
    ["media-service", "change a room", (bus) => bus.publish(messagesRpc.applyRoomChange.subject, Buffer.from("x"))],
    ["media-service", "hear a user", (bus) => bus.subscribe(subjects.userLive("u"), () => {})],
    ["sticker-service", "remove a file", (bus) => bus.publish(mediaRpc.remove.subject, Buffer.from("x"))],
    ["sticker-service", "serve anything", (bus) => serve(bus, roomsRpc.lookupUsers.subject, "rooms-api")],
    ["sticker-service", "answer what nobody asked", (bus) => bus.publish("_INBOX.rooms-api.x", Buffer.from("x"))],
  ];
  for (const [service, what, act] of forbidden) {
    const { bus, refusals } = await join(t, service);
    act(bus);
    await until(() => refusals.length > 0);
    t.match(refusals, [/permissions.violation/i], `${service} may not ${what}`);
  }
});

function serve(bus: Bus, subject: string, queue: string): void {
  bus.serve(subject, async () => Buffer.from(""), { queue });
}

test("a password that is wrong, or none, is refused", async (t) => {
  const wrong = address("rooms-api").replace(/:[^:@]+@/, ":wrong@");
  for (const servers of [wrong, backends.natsUrl ?? ""]) {
    await t.rejects(connectNats({ servers, name: "stranger", onError: () => {} }), /authorization/i);
  }
});

test("every question of the contracts is heard by who serves it, and asked by somebody", async (t) => {
  for (const [service, definitions] of servers) {
    const one = await join(t, service);
    for (const { subject } of Object.values(definitions)) {
      const asking = services.filter((name) => mayPublish(name).includes(subject));
      t.ok(asking.length > 0, `${subject} is asked`);
      // Two members of the queue group, of which one answers; headers go along.
      one.bus.serve(subject, async ({ headers }) => Buffer.from(headers["x-request-id"] ?? ""), { queue: service });
      for (const name of asking) {
        const { bus, refusals } = await join(t, name);
        await one.bus.flush();
        const headers = { "x-request-id": `by ${name}` };
        const answer = await bus.request(subject, Buffer.from("?"), { timeoutMs: 10_000, headers });
        t.equal(text(answer.data), `by ${name}`, `${name} asks ${subject}`);
        t.same(refusals, []);
        await bus.close();
      }
    }
    t.same(one.refusals, []);
  }
});

test("the configuration names no question that the contracts do not have", (t) => {
  const known = servers.flatMap(([, definitions]) => Object.values(definitions).map(({ subject }) => subject));
  for (const service of services) {
    for (const subject of mayPublish(service)) {
      if (subject.startsWith("khui.rpc.")) t.ok(known.includes(subject), subject);
    }
  }
  t.end();
});

test("rooms' logs, live states, users and relayed polls reach the gateways", async (t) => {
  const [messages, one, other] = await Promise.all([
    join(t, "messages-api"),
    join(t, "realtime-gateway"),
    join(t, "realtime-gateway"),
  ]);
  const heard: string[] = [];
  for (const subject of [subjects.roomLog(room), subjects.roomLive(room), subjects.userLive("ก.*")]) {
    one.bus.subscribe(subject, ({ subject }) => void heard.push(subject));
  }
  one.bus.serve(subjects.gatewayRelay("b00t"), async ({ data }) => data);
  await one.bus.flush();
  messages.bus.publish(subjects.roomLog(room), Buffer.from("x"));
  messages.bus.publish(subjects.userLive("ก.*"), Buffer.from("x"));
  await messages.bus.flush();
  other.bus.publish(subjects.roomLive(room), Buffer.from("x"));
  const relayed = await other.bus.request(subjects.gatewayRelay("b00t"), Buffer.from("poll"), { timeoutMs: 10_000 });
  t.equal(text(relayed.data), "poll");
  await one.bus.flush();
  t.same(heard, [subjects.roomLog(room), subjects.userLive("ก.*"), subjects.roomLive(room)]);
  t.same([messages.refusals, one.refusals, other.refusals], [[], [], []]);
});

/** The `publish` list of a user, as nats.conf has it. */
function mayPublish(service: Service): string[] {
  const configuration = readFileSync(new URL("../nats.conf", import.meta.url), "utf8");
  const user = configuration.slice(configuration.indexOf(`user: "${service}"`));
  const list = /publish: \[([^\]]*)\]/.exec(user)?.[1] ?? "";
  return [...list.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
}
