// A NATS server that crashes and restarts: nothing throws or accumulates, and subscriptions are restored.

import { read, text, until } from "@khui/conformance/bus-delivery";
import { mortalNatsServer } from "@khui/test-kit/servers/nats";
import { test } from "tap";
import { BusClosed, ConnectionLost, RequestTimeout } from "../src/index.js";
import { connectNats } from "../src/nats.js";

test("across a crash of the server", async (t) => {
  const server = await mortalNatsServer();
  const connect = () => connectNats({ servers: server.url, name: "test", closeTimeoutMs: 500, onError: () => {} });
  const [bus, other] = [await connect(), await connect()];
  t.teardown(async () => {
    await Promise.all([bus.close(), other.close()]);
    await server.stop();
  });
  const got: string[] = [];
  let returns = 0;
  bus.subscribe("news", (message) => void got.push(read(message)));
  bus.serve("question", async () => text("answer"));
  bus.serve("unanswered", () => new Promise<never>(() => {}));
  bus.onReconnect(() => {
    throw new Error("a handler that fails");
  });
  bus.onReconnect(() => {
    returns += 1;
  });
  const offReconnect = bus.onReconnect(() => t.fail("taken off"));
  offReconnect();
  await bus.flush();

  await t.test("while it is down, publishing does not throw and requests time out", async (t) => {
    const lost = t.rejects(other.request("unanswered", text(""), { timeoutMs: 600_000 }), ConnectionLost);
    await other.flush();
    await server.kill();
    await lost;
    await until(() => !bus.connected && !other.connected);
    other.publish("news", text("lost"));
    t.same(other.dropped, { received: 0, sent: 1 });
    await t.rejects(other.request("question", text(""), { timeoutMs: 20 }), RequestTimeout);
    bus.subscribe("made-meanwhile", (message) => void got.push(read(message)));
  });

  await t.test("after a reconnect everything works, and what was published meanwhile is lost", async (t) => {
    const flushed = bus.flush();
    const asked = other.request("question", text(""), { timeoutMs: 60_000 }).catch((error: Error) => error.name);
    await server.restart();
    await until(() => returns === 1 && other.connected);
    await flushed;
    other.publish("news", text("new"));
    other.publish("made-meanwhile", text("too"));
    await until(() => got.length === 2);
    t.same(got, ["new", "too"]);
    t.equal(read(await other.request("question", text(""), { timeoutMs: 5000 })), "answer");
    const early = await asked;
    t.ok(typeof early === "string" ? early === "NoResponders" : read(early) === "answer", "it was sent on return");
  });

  await t.test("closing while it is down ends pending requests", async (t) => {
    await server.kill();
    await until(() => !bus.connected);
    const waiting = [
      t.rejects(bus.flush(), BusClosed),
      t.rejects(bus.request("question", text(""), { timeoutMs: 600_000 }), BusClosed),
    ];
    await bus.close();
    await Promise.all(waiting);
    t.equal(returns, 1);
  });
});

test("messages published while the server is down are not buffered", async (t) => {
  const server = await mortalNatsServer();
  // The client discards its buffer when it tries to reconnect, which is later than this test.
  const slow = { servers: server.url, name: "test", reconnectWaitMs: 3000, closeTimeoutMs: 50 };
  const bus = await connectNats({ ...slow, maxOutgoingBytes: Number.MAX_SAFE_INTEGER, onError: () => {} });
  await server.kill();
  await until(() => !bus.connected);
  const held = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 1500; index += 1) bus.publish("news", new Uint8Array(1_000_000));
  t.ok(process.memoryUsage().arrayBuffers - held < 700_000_000);
  await bus.close();
  await server.stop();
});

test("with waitOnFirstConnect a process may start before its server", async (t) => {
  const server = await mortalNatsServer();
  await server.kill();
  const connecting = connectNats({ servers: server.url, name: "early", waitOnFirstConnect: true, onError: () => {} });
  await server.restart();
  const bus = await connecting;
  t.equal(bus.connected, true);
  await bus.close();
  await server.stop();
});
