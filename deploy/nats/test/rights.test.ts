// What each service's NATS user may and may not do, on a server that runs with nats.conf.

import { startBackends } from "@khui/backends/backends";
import { makeSecrets, ownAddresses } from "@khui/backends/secrets";
import type { Bus } from "@khui/bus";
import { matches } from "@khui/bus/internal/subjects";
import { connectNats } from "@khui/bus/nats";
import { mediaRpc, messagesRpc, type Rpc, roomsRpc, subjects } from "@khui/contracts";
import t, { type Test, test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { tableUnder } from "../../security/test/page.js";
import { configuredRights } from "./configuration.js";
import { connectRaw } from "./raw-client.js";

const secrets = makeSecrets();
const backends = await startBackends(["nats"], { environment: {}, secrets });
t.teardown(() => backends.stop());
const address = (service: string): string => ownAddresses(service, { nats: backends.natsUrl }, secrets).NATS_URL;

interface Member {
  readonly bus: Bus;
  /** The server's refusals so far. */
  readonly refusals: string[];
}

async function join(t: Test, service: string): Promise<Member> {
  const refusals: string[] = [];
  const onError = (error: unknown) => refusals.push(String(error));
  const bus = await connectNats({ servers: address(service), name: service, onError });
  t.teardown(() => bus.close());
  return { bus, refusals };
}

const text = (data: Uint8Array): string => Buffer.from(data).toString();
const room = "0123456789abcdef01234567";
const servers: ReadonlyArray<readonly [string, Readonly<Record<string, Rpc>>]> = [
  ["rooms-api", roomsRpc],
  ["messages-api", messagesRpc],
  ["media-service", mediaRpc],
];

/** Every kind of subject, and some that do not exist. */
const places = [
  ...servers.flatMap(([, definitions]) => Object.values(definitions).map(({ subject }) => subject)),
  ...[subjects.roomLog(room), subjects.roomLive(room), subjects.userLive("u"), subjects.gatewayRelay("b00t")],
  ...serviceNames.flatMap((service) => [`_INBOX.${service}.x`, `_INBOX.${service}.x.y`, `_INBOX.${service}`]),
  ...["_INBOX.x", "khui.rpc.messages.x", "khui.rpc.x.y", "khui.room.x", "khui.x", "x"],
  ...["$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$JS.API.INFO", "_R_.x"],
];
const wide = [">", "*", "khui.>", "khui.*.*.*", "khui.rpc.>", "khui.room.>", "_INBOX.>", "_INBOX.*", "$SYS.>", "$JS.>"];
const listed = tableUnder("NATS: subjects");

for (const { name, cells } of listed) {
  test(`${name} may use the subjects in the table of docs/security.md, and no others`, async (t) => {
    const [publish = [], subscribe = []] = cells;
    const client = await connectRaw(address(name));
    t.teardown(() => client.close());
    const refused = { said: 0, heard: 0 };
    for (const subject of places) {
      const may = publish.some((pattern) => matches(pattern, subject));
      t.equal(await client.mayPublish(subject), may, `${may ? "may" : "may not"} say ${subject}`);
      if (!may) refused.said += 1;
    }
    for (const subject of new Set([...places, ...wide, ...listed.flatMap((row) => row.cells[1]!)])) {
      const [pattern = "", group] = subject.split(" ");
      for (const queue of new Set([group, undefined, ...serviceNames])) {
        const may = subscribe.some((right) => gives(right, pattern, queue));
        t.equal(
          await client.maySubscribe(pattern, queue),
          may,
          `${may ? "may" : "may not"} hear ${pattern} in ${queue}`,
        );
        if (!may) refused.heard += 1;
      }
    }
    t.ok(refused.said > 20 && refused.heard > 100, "most is refused");
  });
}

/** Whether a permission of nats.conf covers this subscription: the same pattern, or one subject that it matches. */
function gives(right: string, pattern: string, queue: string | undefined): boolean {
  const [own = "", group] = right.split(" ");
  if (group !== undefined && group !== queue) return false;
  return pattern === own || (!/[*>]/.test(pattern) && matches(own, pattern));
}

test("the table of docs/security.md matches nats.conf, and each service may reply to its callers", (t) => {
  const rights = configuredRights();
  t.same(new Map(listed.map(({ name, cells: [publish, subscribe] }) => [name, { publish, subscribe }])), rights);
  t.same([...rights.keys()], serviceNames);
  for (const [service, { publish, subscribe }] of rights) {
    const askers = serviceNames.filter((asker) => {
      const asked = rights.get(asker)!.publish.filter((subject) => /^khui\.(rpc|gateway)\./.test(subject));
      return asked.some((subject) => subscribe.some((right) => right === subject || gives(right, subject, service)));
    });
    t.same(
      publish.filter((subject) => subject.startsWith("_INBOX.")).sort(),
      askers.map((asker) => `_INBOX.${asker}.>`).sort(),
      service,
    );
  }
  t.end();
});

test("a wrong or missing password is refused", async (t) => {
  const wrong = address("rooms-api").replace(/:[^:@]+@/, ":wrong@");
  for (const servers of [wrong, backends.natsUrl ?? ""]) {
    await t.rejects(connectNats({ servers, name: "stranger", onError: () => {} }), /authorization/i);
  }
});

test("every RPC of the contracts has a service that may serve it, and one that may call it", async (t) => {
  for (const [service, definitions] of servers) {
    const one = await join(t, service);
    for (const { subject } of Object.values(definitions)) {
      const asking = serviceNames.filter((name) => mayPublish(name).includes(subject));
      t.ok(asking.length > 0, `${subject} is asked`);
      // Two members of the queue group, one of which answers; headers are passed on.
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

test("the configuration names no RPC that the contracts do not have", (t) => {
  const known = servers.flatMap(([, definitions]) => Object.values(definitions).map(({ subject }) => subject));
  for (const service of serviceNames) {
    for (const subject of mayPublish(service)) {
      if (subject.startsWith("khui.rpc.")) t.ok(known.includes(subject), subject);
    }
  }
  t.end();
});

test("room logs, live states, user events and relayed polls reach the gateways", async (t) => {
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

/** The `publish` list of a user in nats.conf. */
function mayPublish(service: string): readonly string[] {
  return configuredRights().get(service)?.publish ?? [];
}
