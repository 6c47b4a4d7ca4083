// An instrumented bus counts failures, and propagates a request's id and span to the server.
import { NoResponders, RemoteError, RequestTimeout } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { recordedTelemetry } from "@khui/test-kit/recorded-telemetry";
import { type Test, test } from "tap";
import { instrumentBus, type Scope } from "../../src/telemetry/index.js";

const data = Buffer.from("x");

function rig(t: Test, active = true) {
  const telemetry = recordedTelemetry({ active });
  const plain = createLocalBus({ closeTimeoutMs: 1 }).connect();
  t.teardown(() => plain.close());
  return { telemetry, plain, bus: instrumentBus(telemetry, plain) };
}

test("the server works in the scope of the request, with a child span of the client's", async (t) => {
  const { telemetry, bus } = rig(t);
  const { scopes, spans } = telemetry;
  let seen: Scope | undefined;
  bus.serve("khui.rpc.things.get", async () => {
    seen = scopes.current();
    return data;
  });
  const scope = { requestIds: ["mine"], parents: [] };
  await scopes.run(scope, () => bus.request("khui.rpc.things.get", data, { timeoutMs: 5000 }));
  t.same(seen?.requestIds, ["mine"]);
  const [client, server] = spans;
  t.match(client, { name: "things.get", kind: "client", ended: true });
  t.match(server, { name: "things.get", kind: "server", parents: [client?.traceparent], ended: true });
  t.same(seen?.parents, [server?.traceparent]);
});

test("the first sixteen ids of a batch are sent, and given headers are kept", async (t) => {
  const { telemetry, plain, bus } = rig(t);
  let headers: Readonly<Record<string, string>> = {};
  plain.serve("khui.rpc.things.get", async (message) => {
    headers = message.headers;
    return data;
  });
  const requestIds = Array.from({ length: 40 }, (_, i) => `id-${i}`);
  const ask = () => bus.request("khui.rpc.things.get", data, { timeoutMs: 5000, headers: { own: "1" } });
  await telemetry.scopes.run({ requestIds, parents: [] }, ask);
  t.equal(headers["x-request-id"], requestIds.slice(0, 16).join(","));
  t.equal(headers.own, "1");
});

test("outside of a request, and with inactive scopes, the bus sends only its own header", async (t) => {
  for (const active of [true, false]) {
    const { telemetry, plain, bus } = rig(t, active);
    let headers: Readonly<Record<string, string>> | undefined;
    plain.serve("khui.rpc.things.get", async (message) => {
      headers = message.headers;
      return data;
    });
    await bus.request("khui.rpc.things.get", data, { timeoutMs: 5000 });
    t.same(headers, { "khui-timeout-ms": "5000" });
    t.same(telemetry.spans, []);
  }
});

test("a malformed traceparent is ignored", async (t) => {
  const { telemetry, plain, bus } = rig(t);
  bus.serve("khui.rpc.things.get", async () => data);
  await plain.request("khui.rpc.things.get", data, { timeoutMs: 5000, headers: { traceparent: "00-xyz" } });
  t.match(telemetry.spans, [{ kind: "server", parents: [] }]);
});

test("failures are counted by RPC and reason, and end their spans", async (t) => {
  const { telemetry, bus } = rig(t);
  bus.serve("khui.rpc.things.fail", async () => {
    throw new Error("no");
  });
  bus.serve("khui.rpc.things.hang", () => new Promise(() => undefined));
  const ask = (name: string, timeoutMs: number) =>
    telemetry.scopes.run({ requestIds: ["a"], parents: [] }, () => bus.request(name, data, { timeoutMs }));
  await t.rejects(ask("khui.rpc.things.fail", 5000), RemoteError);
  await t.rejects(ask("khui.rpc.things.hang", 1), RequestTimeout);
  await t.rejects(ask("khui.rpc.things.nowhere", 5000), NoResponders);
  await t.rejects(ask("khui.gateway.0123abc.relay", 5000), NoResponders);
  const text = await telemetry.metrics.text();
  for (const [rpc, reason] of [
    ["things.fail", "failed"],
    ["things.hang", "timeout"],
    ["things.nowhere", "no_responders"],
    ["relay", "no_responders"],
  ])
    t.match(text, `khui_bus_request_failures_total{rpc="${rpc}",reason="${reason}",service="test"} 1`);
  t.notMatch(text, /0123abc/, "one gateway more is not one label more");
  t.ok(telemetry.spans.filter(({ kind }) => kind === "client").every(({ failure }) => failure !== undefined));
});

test("dropped messages are counted, and the connection state is a metric", async (t) => {
  const telemetry = recordedTelemetry();
  const plain = createLocalBus({ maxPending: 2 }).connect();
  const bus = instrumentBus(telemetry, plain);
  bus.subscribe("things", () => undefined);
  for (let i = 0; i < 5; i++) bus.publish("things", data);
  t.match(await telemetry.metrics.text(), 'khui_bus_dropped_messages_total{direction="received",service="test"} 3');
  t.match(await telemetry.metrics.text(), 'khui_bus_connected{service="test"} 1');
  await bus.close();
  t.match(await telemetry.metrics.text(), 'khui_bus_connected{service="test"} 0');
});
