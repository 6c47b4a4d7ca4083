// An unmodified socket.io-client connects, exchanges events and disconnects, over every transport.

import { connect, next, type Socket, start } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import type { Handshake } from "../src/index.js";

const transports = { default: undefined, polling: ["polling"], websocket: ["websocket"] };

function echo(socket: Socket): void {
  socket.onEvent((event, args, ack) => {
    if (ack) ack(...args);
    else socket.emit(event, ...args);
  });
}

for (const [name, list] of Object.entries(transports)) {
  const options = list ? { transports: list } : {};

  test(`${name}: events and acknowledgements go both ways, in order`, async (t) => {
    const sockets: Socket[] = [];
    const { url, errors } = await start(t, {}, (socket) => {
      sockets.push(socket);
      echo(socket);
    });
    const client = connect(t, url, options);
    const got: unknown[] = [];
    client.on("n", (n) => got.push(n));
    client.on("question", (n: number, answer: (n: number) => void) => answer(n + 1));
    await next(client, "connect");
    const expected = Array.from({ length: 200 }, (_, n) => n);
    for (const n of expected) client.emit("n", n);
    t.strictSame(await client.emitWithAck("ask", { text: "ä\u2028😀" }), { text: "ä\u2028😀" });
    await until("all echoes", () => got.length === expected.length);
    t.strictSame(got, expected);
    const answer = await new Promise((resolve) => sockets[0]?.emit("question", 41, resolve));
    t.equal(answer, 42);
    t.equal(sockets[0]?.id, client.id, "the ids agree");
    t.not(client.id, client.io.engine.id, "and differ from the session id");
    t.strictSame(errors, []);
  });

  test(`${name}: binary goes both ways, in events and acknowledgements`, async (t) => {
    const { url } = await start(t, {}, echo);
    const client = connect(t, url, options);
    const big = Buffer.alloc(100_000, "x");
    const back = next(client, "file");
    client.emit("file", { name: "a", parts: [Buffer.from([0, 255, 30]), big] }, Buffer.alloc(0));
    t.strictSame(await back, [{ name: "a", parts: [Buffer.from([0, 255, 30]), big] }, Buffer.alloc(0)]);
    t.strictSame(await client.emitWithAck("ack", Buffer.from([1, 2])), Buffer.from([1, 2]));
  });

  test(`${name}: the handshake holds auth, query and headers`, async (t) => {
    const handshakes: Handshake[] = [];
    const { url } = await start(t, {}, (_socket, handshake) => handshakes.push(handshake));
    const auth = { token: "secret" };
    const extraHeaders = { "x-test": "1" };
    const client = connect(t, url, { ...options, auth, query: { room: "a b" }, extraHeaders });
    await next(client, "connect");
    const [handshake] = handshakes;
    t.strictSame(handshake?.auth, auth);
    t.equal(handshake?.query.room, "a b");
    t.equal(handshake?.headers["x-test"], "1");
    t.equal(handshake?.address, "127.0.0.1");
  });

  test(`${name}: another namespace is refused, and "/" still works`, async (t) => {
    const { url } = await start(t, {}, echo);
    const client = connect(t, url, options);
    await next(client, "connect");
    const admin = client.io.socket("/admin");
    const [error] = await next(admin, "connect_error");
    t.match(error, { message: "Invalid namespace" });
    t.equal(await client.emitWithAck("still", "here"), "here");
  });

  test(`${name}: the server is notified when the client disconnects`, async (t) => {
    const reasons: string[] = [];
    const { url, engine } = await start(t, {}, (socket) => socket.onClose((reason) => reasons.push(reason)));
    const client = connect(t, url, options);
    await next(client, "connect");
    t.equal(engine.sockets.size, 1);
    client.disconnect();
    await until("the close", () => reasons.length > 0);
    t.strictSame(reasons, ["client namespace disconnect"]);
    t.equal(engine.sockets.size, 0);
  });

  test(`${name}: after close code 4000 the client reconnects by itself`, async (t) => {
    const sockets: Socket[] = [];
    const { url } = await start(t, {}, (socket) => {
      sockets.push(socket);
      socket.emit("hello", sockets.length);
    });
    const client = connect(t, url, options);
    await next(client, "hello");
    const disconnected = next(client, "disconnect");
    sockets[0]?.close(4000, "come back");
    t.equal((await disconnected)[0], "transport close");
    t.strictSame(await next(client, "hello"), [2]);
    t.equal(sockets.length, 2);
  });

  test(`${name}: after close code 4500 the client gets what was sent before, and does not reconnect`, async (t) => {
    const sockets: Socket[] = [];
    const { url, engine } = await start(t, {}, (socket) => {
      sockets.push(socket);
      socket.emit("hello");
    });
    const client = connect(t, url, options);
    await next(client, "hello");
    const last = next(client, "last");
    const disconnected = next(client, "disconnect");
    const reasons: string[] = [];
    sockets[0]?.onClose((reason) => reasons.push(reason));
    sockets[0]?.emit("last", "words");
    sockets[0]?.close(4500, "gone");
    t.strictSame(await last, ["words"]);
    t.equal((await disconnected)[0], "io server disconnect");
    t.notOk(client.active, "the client does not reconnect");
    t.strictSame(reasons, ["gone"]);
    sockets[0]?.close(4500, "again");
    t.strictSame(reasons, ["gone"]);
    await until("no session left", () => engine.stats().sessions === 0);
  });
}

test("close() ends every session and leaves the HTTP server to its host", async (t) => {
  const { url, engine } = await start(t, {}, () => {});
  const clients = [["polling"], ["websocket"]].map((list) =>
    connect(t, url, { transports: list, reconnection: false }),
  );
  await Promise.all(clients.map((client) => next(client, "connect")));
  const gone = Promise.all(clients.map((client) => next(client, "disconnect")));
  await engine.close();
  await gone;
  t.match(engine.stats(), { sessions: 0, handshaking: 0, sockets: { polling: 0, websocket: 0, plain: 0 } });
  t.equal(await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text(), "host");
});

test("drain() closes sockets a few at a time, and each works until it is closed", async (t) => {
  const { url, engine } = await start(t, {}, (socket) => {
    socket.onEvent((_name, _args, ack) => ack?.("here"));
  });
  const clients = Array.from({ length: 12 }, () => connect(t, url, { transports: ["websocket"], reconnection: false }));
  await Promise.all(clients.map((client) => next(client, "connect")));
  const closed: Array<{ left: number; at: number }> = [];
  const gone = clients.map((client) =>
    next(client, "disconnect").then(() => closed.push({ left: engine.sockets.size, at: performance.now() })),
  );
  const closing = engine.drain(3_000, 4000, "going away");
  await until("the first few are gone", () => closed.length >= 3);
  const rest = clients.filter((client) => client.connected);
  t.ok(rest.length > 0 && rest.length <= 9, `${rest.length} are left`);
  t.equal(await rest.at(-1)?.emitWithAck("still"), "here");
  await closing;
  await Promise.all(gone);
  t.ok((closed.at(-1)?.at ?? 0) - (closed[0]?.at ?? 0) >= 200, "over some time");
  const late = connect(t, url, { reconnection: false });
  await next(late, "connect_error");
});

test("handshakes beyond maxHandshakesPerSecond are answered 503, and succeed when they are retried", async (t) => {
  const { url, engine } = await start(t, { maxHandshakesPerSecond: 5 }, () => {});
  const asked = await Promise.all(
    Array.from({ length: 20 }, () => fetch(`${url}/socket.io/?EIO=4&transport=polling`).then(({ status }) => status)),
  );
  const admitted = asked.filter((status) => status === 200).length;
  t.ok(admitted >= 5 && admitted < 10, `${admitted} of 20`);
  t.equal(asked.filter((status) => status === 503).length, 20 - admitted);
  t.equal(engine.stats().refusedHandshakes, 20 - admitted);
  for (const transports of [["polling"], ["websocket"]]) {
    await next(connect(t, url, { transports }), "connect");
  }
  t.ok(engine.stats().sessions >= admitted + 2);
});

test("an error thrown or rejected by a handler goes to onError and closes nothing", async (t) => {
  const { url, errors } = await start(t, {}, (socket) => {
    socket.onEvent(async (event) => {
      if (event === "reject") throw new Error("rejected");
    });
    socket.onClose(() => {
      throw new Error("in close");
    });
    throw new Error("in onSocket");
  });
  const client = connect(t, url, { transports: ["websocket"] });
  client.emit("reject");
  await until("two reports", () => errors.length === 2);
  t.ok(client.connected);
  client.disconnect();
  await until("the third", () => errors.length === 3);
  t.strictSame(
    errors.map((error) => error.message),
    ["in onSocket", "rejected", "in close"],
  );
});
