// The NATS adapter conforms to the port, on a real server.
import { createServer, type Socket } from "node:net";
import { conformance } from "@khui/conformance/bus";
import { until } from "@khui/conformance/bus-delivery";
import { natsServer } from "@khui/test-kit/servers/nats";
import { connect } from "nats";
import { test } from "tap";
import { SlowConsumer } from "../src/index.js";
import { connectNats } from "../src/nats.js";

test("the bus on a NATS server", async (t) => {
  const server = await natsServer();
  t.teardown(() => server.stop());
  await conformance(t, (options) => connectNats({ servers: server.url, name: "conformance", ...options }));
});

test("an answer goes to inboxes only, whatever reply subject a requester names", async (t) => {
  const server = await natsServer();
  t.teardown(() => server.stop());
  const bus = await connectNats({ servers: server.url, name: "test", onError: () => {} });
  t.teardown(() => bus.close());
  const requester = await connect({ servers: server.url });
  t.teardown(() => requester.close());
  const received: string[] = [];
  requester.subscribe(">", { callback: (_error, { subject }) => void received.push(subject) });
  bus.serve("question", async ({ data }) => data);
  bus.serve("failing", () => Promise.reject(new Error("it fails")));
  await Promise.all([bus.flush(), requester.flush()]);
  for (const subject of ["question", "failing"]) {
    for (const reply of ["elsewhere", "_INBOX_.x", "_INBOX.me.1"]) requester.publish(subject, "?", { reply });
  }
  await until(() => received.filter((subject) => subject.startsWith("_INBOX.")).length === 2);
  await bus.flush();
  await requester.flush();
  t.same(received.filter((subject) => !["question", "failing"].includes(subject)).sort(), [
    "_INBOX.me.1",
    "_INBOX.me.1",
  ]);
});

test("answers arrive at inboxes under the requester's name", async (t) => {
  const server = await natsServer();
  t.teardown(() => server.stop());
  const requester = await connectNats({ servers: server.url, name: "some-service", onError: () => {} });
  t.teardown(() => requester.close());
  const answerer = await connect({ servers: server.url });
  t.teardown(() => answerer.close());
  let reply: string | undefined;
  answerer.subscribe("question", {
    callback: (_error, message) => {
      reply = message.reply;
      message.respond();
    },
  });
  await answerer.flush();
  await requester.request("question", new Uint8Array(), { timeoutMs: 10_000 });
  t.match(reply, /^_INBOX\.some-service\.\w+\.\w+$/);
});

test("without a server connecting fails, unless waitOnFirstConnect is set", async (t) => {
  const nobody = { servers: "nats://127.0.0.1:1", name: "test", onError: () => {} };
  await t.rejects(connectNats(nobody), { code: "CONNECTION_REFUSED" });
});

/** Greets as a NATS server does, answers the first PING, then stops reading. */
async function chokedServer(): Promise<{ url: string; connects: string[]; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const connects: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    const info = { version: "2.11.0", proto: 1, headers: true, max_payload: 1024 * 1024 };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      const connect = /CONNECT (\{.*\})/.exec(text)?.[1];
      if (connect !== undefined) connects.push(connect);
      if (!text.includes("PING")) return;
      socket.write("PONG\r\n");
      socket.pause();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `nats://an%40swer:s3cret@127.0.0.1:${port}`,
    connects,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

test("a server that does not read does not make memory grow without bound", async (t) => {
  const server = await chokedServer();
  const errors: unknown[] = [];
  const bus = await connectNats({
    servers: server.url,
    name: "test",
    maxOutgoingBytes: 1_000_000,
    closeTimeoutMs: 50,
    onError: (error) => errors.push(error),
  });
  t.teardown(async () => {
    await server.stop();
    await bus.close();
  });
  let published = 0;
  await until(() => {
    bus.publish("a", new Uint8Array(100_000));
    published += 1;
    return errors.length > 0 || published > 1000;
  });
  t.equal(published, 11, "the one that would exceed the limit is dropped");
  t.ok(errors[0] instanceof SlowConsumer);
  bus.publish("a", new Uint8Array(100_000));
  t.equal(errors.length, 1, "reported once");
  await t.rejects(bus.request("a", new Uint8Array(100_000), { timeoutMs: 600_000 }), SlowConsumer);
});

test("the user and password in the URL are used", async (t) => {
  const server = await chokedServer();
  const bus = await connectNats({ servers: server.url, name: "test", closeTimeoutMs: 50, onError: () => {} });
  t.teardown(async () => {
    await server.stop();
    await bus.close();
  });
  t.match(JSON.parse(server.connects[0] ?? "{}"), { user: "an@swer", pass: "s3cret", name: "test" });
});
