// A server that is asked for more than it can do refuses at once, does nothing in vain, and keeps lanes apart.
import { createLocalBus } from "@khui/bus/local";
import { call } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import { createLanes, createRpcServer, instrumentLanes, type LaneLimits } from "@khui/service";
import { createMetrics } from "@khui/service/telemetry";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";

const narrow: LaneLimits = { maxRunning: 1, maxWaiting: 2, maxWaitingBytes: 1_000 };

/** A server with a background lane of these limits, whose handlers end when the test says so. */
function serverOn(t: Test, background: LaneLimits = narrow) {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const lanes = createLanes({ background });
  const rpc = createRpcServer(bus, "messages-api", { error: () => t.fail("nothing is logged") }, lanes);
  const metrics = createMetrics("test");
  instrumentLanes(metrics)(lanes);
  const held: Array<() => void> = [];
  const handled: string[] = [];
  rpc.background.serve(messagesRpc.filesInUse, async ({ fileIds }) => {
    handled.push(...fileIds);
    await new Promise<void>((resolve) => held.push(resolve));
    return { fileIds };
  });
  rpc.writes.serve(messagesRpc.delivered, async () => ({}));
  rpc.serve(messagesRpc.audience, async () => ({ roomIds: [] }));
  const ask = (n: number, timeoutMs = 60_000) =>
    call(bus, messagesRpc.filesInUse, { fileIds: [String(n).padStart(24, "0")] }, { timeoutMs });
  const metric = async (name: string) =>
    Number(new RegExp(`^${name}\\{lane="background".*\\} (\\d+)$`, "m").exec(await metrics.text())?.[1]);
  return { bus, lanes, held, handled, ask, metric };
}

const overloaded = { code: "service_unavailable", details: { reason: "overloaded", retryAfter: 1 } };

test("a lane runs so many at a time, lets so many wait, and refuses the others at once", async (t) => {
  const { held, handled, ask, metric } = serverOn(t);
  const asked = [0, 1, 2].map((n) => ask(n));
  await t.rejects(ask(3), overloaded);
  t.same(
    await Promise.all(
      ["running", "waiting", "overloaded_total", "expired_total"].map((it) => metric(`khui_rpc_${it}`)),
    ),
    [1, 2, 1, 0],
  );
  for (let n = 0; n < asked.length; n++) {
    await until("the next one is handled", () => held.length === n + 1);
    held[n]!();
  }
  await Promise.all(asked);
  t.same(handled.map(Number), [0, 1, 2], "the oldest first");
  t.equal(await metric("khui_rpc_running"), 0);
});

test("the bytes that wait are bounded", async (t) => {
  const { held, ask } = serverOn(t, { maxRunning: 1, maxWaiting: 100, maxWaitingBytes: 70 });
  const asked = [0, 1].map((n) => ask(n));
  await t.rejects(ask(2), overloaded);
  for (let n = 0; n < asked.length; n++) {
    await until("it is handled", () => held.length > n);
    held[n]!();
  }
  await Promise.all(asked);
});

test("what its caller has given up is not handled, and leaves its place to others", async (t) => {
  const { held, handled, ask, metric } = serverOn(t);
  const first = ask(0);
  await until("the first is handled", () => held.length === 1);
  await Promise.all([1, 2].map((n) => t.rejects(ask(n, 10), { code: "service_unavailable" })));
  const last = ask(3);
  await until("the last one waits", async () => (await metric("khui_rpc_expired_total")) === 2);
  held[0]!();
  await until("the last is handled", () => held.length === 2);
  held[1]!();
  await Promise.all([first, last]);
  t.same(handled.map(Number), [0, 3]);
});

test("a full lane does not delay the others", async (t) => {
  const { bus, held, ask } = serverOn(t);
  const asked = [0, 1, 2].map((n) => ask(n));
  await t.rejects(ask(3), overloaded);
  t.same(await call(bus, messagesRpc.audience, { userId: "a" }), { roomIds: [] });
  t.same(await call(bus, messagesRpc.delivered, { positions: [] }), {});
  for (let n = 0; n < asked.length; n++) {
    await until("it is handled", () => held.length > n);
    held[n]!();
  }
  await Promise.all(asked);
});
