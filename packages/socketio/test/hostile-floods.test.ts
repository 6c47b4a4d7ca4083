// Peers that send too much, too slowly, or endlessly: each is limited, and other clients are not affected.

import { once } from "node:events";
import { connect as netConnect, type Socket } from "node:net";
import { openStream, rawFrame, upgradeRequest } from "@khui/test-kit/socketio/raw-stream";
import { ask, openPolling, openRaw, pollingQuery, start, webSocketQuery } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { startRoom } from "./bystanders.js";

const text = 0x81;

test("a thousand unfinished handshakes and silent connections do not affect other clients", async (t) => {
  const { url, port, engine, members, undisturbed, onlyBystandersLeft } = await startRoom(t, { connectTimeout: 2_000 });
  const half = upgradeRequest(webSocketQuery).slice(0, -2);
  const silent = await Promise.all(Array.from({ length: 500 }, () => openStream(t, port, half)));
  const upgraded = await Promise.all(
    Array.from({ length: 500 }, () => openStream(t, port, upgradeRequest(webSocketQuery))),
  );
  const ended = upgraded.map((stream) => once(stream.resume(), "close"));
  for (let batch = 0; batch < 10; batch += 1) {
    await Promise.all(Array.from({ length: 50 }, () => ask(url + pollingQuery)));
  }
  await until("many at once", () => engine.stats().handshaking > 0);
  await undisturbed();
  await Promise.all(ended);
  t.pass("those that upgraded without a CONNECT were closed");
  for (const stream of silent) stream.destroy();
  await onlyBystandersLeft();
  await undisturbed();
  t.equal(members.size, 3);
});

for (const [name, packet] of Object.entries({
  noop: "6",
  "pongs nobody asked for": "3",
  "acknowledgements of nothing": "430[]",
  events: '42["x"]',
  "broken packets": "b",
  "empty packets": "",
  namespaces: "40/x,",
})) {
  test(`a polling body of very many tiny packets does not affect other clients: ${name}`, async (t) => {
    const { url, undisturbed, onlyBystandersLeft } = await startRoom(t);
    const session = await openPolling(url);
    await ask(session, "POST", "40");
    await ask(session);
    const body = Array(Math.floor(1_000_000 / (packet.length + 1))).fill(packet);
    const [reply] = await Promise.all([ask(session, "POST", body.join("\x1e")), undisturbed()]);
    t.equal(reply.status, packet === "" ? 400 : 200);
    await ask(session, "POST", "1");
    await onlyBystandersLeft();
    await undisturbed();
  });
}

test("a polling body of many packets is handled over several turns", async (t) => {
  let handled = 0;
  let atNextTurn: number | undefined;
  const { url } = await start(t, {}, (socket) => {
    socket.onEvent(() => {
      handled += 1;
      if (handled === 1) setImmediate(() => (atNextTurn = handled));
    });
  });
  const session = await openPolling(url);
  await ask(session, "POST", "40");
  const count = 50_000;
  t.equal((await ask(session, "POST", Array(count).fill('42["x"]').join("\x1e"))).body, "ok");
  t.equal(handled, count, "all packets were handled before the response");
  t.ok((atNextTurn ?? count) < 1_000, `${atNextTurn} packets in the first turn`);
});

test("a POST slower than postTimeout is answered 408, and its session stays open", async (t) => {
  const { url, port, undisturbed, onlyBystandersLeft } = await startRoom(t, { postTimeout: 200 });
  const session = await openPolling(url);
  const { pathname, search } = new URL(session);
  const stream = await openStream(
    t,
    port,
    `POST ${pathname}${search} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`,
  );
  const trickle = setInterval(() => stream.write("4"), 20);
  const [answer] = await once(stream, "data");
  t.match(String(answer), /^HTTP\/1.1 408 /);
  t.match(String(answer), /connection: close/i);
  await once(stream, "close");
  clearInterval(trickle);
  t.equal((await ask(session, "POST", "40")).body, "ok");
  await undisturbed();
  await ask(session, "POST", "1");
  await onlyBystandersLeft();
});

test("missing attachments hold no memory after their session has ended", async (t) => {
  const { url, members, undisturbed, onlyBystandersLeft } = await startRoom(t);
  const waiting = [];
  for (let n = 0; n < 100; n += 1) {
    const raw = await openRaw(t, url + webSocketQuery);
    raw.socket.send("40");
    raw.socket.send('452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    raw.socket.send(Buffer.alloc(10_000));
    waiting.push(raw.socket);
  }
  await until("all are there", () => members.size === 103);
  await undisturbed();
  for (const socket of waiting) socket.terminate();
  await onlyBystandersLeft();
  await undisturbed();
});

test("a flood of tiny frames does not affect other clients", async (t) => {
  const { port, undisturbed, onlyBystandersLeft } = await startRoom(t);
  const stream = await openStream(t, port, upgradeRequest(webSocketQuery));
  stream.resume();
  stream.write(rawFrame(text, "40"));
  const chunk = Buffer.concat(Array(5_000).fill(rawFrame(text, '42["x"]')));
  for (let n = 0; n < 50; n += 1) {
    if (!stream.write(chunk)) await once(stream, "drain");
    if (n % 10 === 0) await undisturbed();
  }
  stream.destroy();
  await onlyBystandersLeft();
});

test("a client that never reads is closed, and other clients are not affected", async (t) => {
  const { port, members, broadcast, undisturbed, onlyBystandersLeft } = await startRoom(t, { sendBudget: 2_000_000 });
  const unread = await openStream(t, port, upgradeRequest(webSocketQuery));
  unread.pause();
  unread.write(rawFrame(text, "40"));
  await until("it is there", () => members.size === 4);
  while (members.size === 4) {
    broadcast("x".repeat(20_000));
    await undisturbed();
  }
  await onlyBystandersLeft();
  t.equal(members.size, 3);
});

test("unknown session ids, and those of other engines without a relay, are refused", async (t) => {
  const { url, engine, undisturbed, onlyBystandersLeft } = await startRoom(t, { ownerId: "here" });
  for (const sid of ["x", "here.x", "there.x", "here.", ".", "__proto__", "constructor", "x".repeat(5_000)]) {
    for (const method of ["GET", "POST"]) {
      const reply = await ask(`${url}${pollingQuery}&sid=${encodeURIComponent(sid)}`, method, "1");
      t.match(
        reply,
        { status: 400, body: '{"code":1,"message":"Session ID unknown"}' },
        `${method} ${sid.slice(0, 20)}`,
      );
    }
  }
  t.equal(engine.stats().sessions, 2);
  await undisturbed();
  await onlyBystandersLeft();
});

test("after an early response the rest of the request body is not read for long", async (t) => {
  const { server, port, url } = await start(t, { cors: { origin: true }, maxPayload: 1000 }, () => {});
  let accepted: Socket | undefined;
  server.on("connection", (socket) => {
    accepted = socket;
  });
  const session = new URL(await openPolling(url));
  const targets = [
    ["POST", `${pollingQuery}&sid=nobody`],
    ["POST", pollingQuery],
    ["POST", session.pathname + session.search],
    ["GET", pollingQuery],
    ["OPTIONS", pollingQuery],
    ["DELETE", "/socket.io/"],
  ];
  for (const [method, target] of targets) {
    const what = `${method} ${target}`;
    const socket = netConnect(port, "127.0.0.1");
    t.teardown(() => socket.destroy());
    let answer = "";
    socket
      .on("error", () => {})
      .on("data", (chunk) => {
        answer += chunk;
      });
    socket.write(`${what} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n`);
    const chunk = Buffer.alloc(65_536, "x");
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on("drain", more);
    more();
    await new Promise((closed) => socket.once("close", closed));
    t.match(answer, /^HTTP\/1.1 (200|204|400|413) /, what);
    t.match(answer, /^connection: close\r$/im, what);
    t.ok(accepted!.bytesRead < 1_000_000, `${what}: ${accepted?.bytesRead} bytes were read`);
  }
});

test("an upgrade that is refused behind responses that nobody reads is dropped all the same", async (t) => {
  const { server, port } = await start(t, {}, () => {});
  server.removeAllListeners("request");
  // More than the kernel takes.
  server.on("request", (_, response) => response.end("x".repeat(20_000_000)));
  const accepted: Socket[] = [];
  server.on("connection", (socket) => accepted.push(socket));
  for (const headers of ["", "Sec-WebSocket-Version: 1\r\n"]) {
    const path = headers === "" ? "/socket.io/?EIO=3&transport=websocket" : "/ws";
    const stream = await openStream(t, port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.pause();
    await until("an unread response", () => (accepted.at(-1)?.writableLength ?? 0) > 0);
    stream.write(upgradeRequest(path, headers));
    await until("the refusal behind it", () => accepted.at(-1)?.writableEnded === true);
  }
  await until("both are dropped", () => accepted.length === 2 && accepted.every(({ destroyed }) => destroyed));
  t.pass();
});
