// Whatever a peer sends, it ends at most its own session.

import { once } from "node:events";
import { openStream, upgradeRequest } from "@khui/test-kit/socketio/raw-stream";
import {
  ask,
  connect,
  openPolling,
  openRaw,
  pollingQuery,
  type Rig,
  start,
  type Test,
  webSocketQuery,
} from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";

/** An engine that echoes, and a check that it still does. */
async function startEcho(t: Test, options = {}): Promise<Rig & { works(): Promise<boolean> }> {
  const rig = await start(t, options, (socket) => socket.onEvent((_, args, ack) => ack?.(...args)));
  const works = async () => {
    const client = connect(t, rig.url, { transports: ["websocket"] });
    const answer: unknown = await client.emitWithAck("ask", 1);
    client.disconnect();
    return answer === 1 && rig.errors.length === 0;
  };
  return { ...rig, works };
}

test("invalid requests get the same responses as from engine.io", async (t) => {
  const { url, works } = await startEcho(t);
  const root = `${url}/socket.io/`;
  const session = await openPolling(url);
  const expected: [string, string, number, string][] = [
    ["GET", root, 400, '{"code":0,"message":"Transport unknown"}'],
    ["GET", `${root}?EIO=4&transport=carrier-pigeon`, 400, '{"code":0,"message":"Transport unknown"}'],
    ["GET", `${root}?EIO=4&transport=__proto__`, 400, '{"code":0,"message":"Transport unknown"}'],
    ["GET", `${url}${pollingQuery}&sid=nobody`, 400, '{"code":1,"message":"Session ID unknown"}'],
    ["GET", `${url}${pollingQuery}&sid=__proto__`, 400, '{"code":1,"message":"Session ID unknown"}'],
    ["POST", `${url}${pollingQuery}&sid=other.nobody`, 400, '{"code":1,"message":"Session ID unknown"}'],
    ["POST", url + pollingQuery, 400, '{"code":2,"message":"Bad handshake method"}'],
    ["GET", url + webSocketQuery, 400, '{"code":3,"message":"Bad request"}'],
    ["DELETE", session, 400, '{"code":3,"message":"Bad request"}'],
    ["GET", `${root}?EIO=3&transport=polling`, 400, '{"code":5,"message":"Unsupported protocol version"}'],
    ["GET", `${root}?transport=polling`, 400, '{"code":5,"message":"Unsupported protocol version"}'],
    ["GET", `${url}/elsewhere`, 200, "host"],
  ];
  for (const [method, target, status, body] of expected) {
    t.match(await ask(target, method), { status, body }, `${method} ${target}`);
  }
  for (const query of ["?EIO=3&transport=websocket", "?EIO=4&transport=polling"]) {
    await t.rejects(openRaw(t, root + query), { message: /400/ });
  }
  t.ok(await works());
});

/** Malformed for Engine.IO already: a polling body is answered 400. */
const malformed: Record<string, string[]> = { "no packet": [""], "an unknown Engine.IO type": ["9"] };
const badPackets: Record<string, (string | Buffer)[]> = {
  ...malformed,
  "a ping from the client": ["2"],
  "an event before CONNECT": ['42["x"]'],
  "an acknowledgement before CONNECT": ["430[]"],
  "a second CONNECT": ["40", "40"],
  "CONNECT with a bad payload": ["40[1]"],
  "an unknown Socket.IO type": ["40", "47"],
  "an empty message": ["40", "4"],
  "broken JSON": ["40", '42["x"'],
  "an event that is not an array": ["40", "42{}"],
  "an event without a name": ["40", "42[]"],
  "an event of another namespace": ["40", '42/admin,["x"]'],
  "a reserved event": ["40", '42["disconnect"]'],
  CONNECT_ERROR: ["40", '44{"message":"x"}'],
  "an id beyond all numbers": ["40", `42${"9".repeat(400)}["x"]`],
  "too many attachments": ["40", '451000-["x"]'],
  "no attachments announced": ["40", '450-["x"]'],
  "an attachment without a packet": ["40", Buffer.from([1])],
  "text in place of an attachment": ["40", '451-["x",{"_placeholder":true,"num":0}]', '42["x"]'],
  "a placeholder out of range": ["40", '451-["x",{"_placeholder":true,"num":9}]', Buffer.from([1])],
  "attachments too large together": [
    "40",
    '452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
    Buffer.alloc(600),
    Buffer.alloc(600),
  ],
};

test("invalid packets close their own session, and no other", async (t) => {
  const { url, works, engine } = await startEcho(t, { maxPayload: 1000 });
  for (const [name, messages] of Object.entries(badPackets)) {
    const raw = await openRaw(t, url + webSocketQuery);
    for (const message of messages) raw.socket.send(message);
    await until(name, () => raw.closed !== undefined);
    t.equal(raw.closed, 1000, name);

    const body = messages.map((message) => (Buffer.isBuffer(message) ? `b${message.toString("base64")}` : message));
    if (Buffer.byteLength(body.join("\x1e")) > 1000) continue;
    const session = await openPolling(url);
    t.equal((await ask(session, "POST", body.join("\x1e"))).status, name in malformed ? 400 : 200, name);
    await until(`${name}, polling`, () => engine.sockets.size === 0);
    let last = name in malformed ? "1" : "";
    while (last !== "1") last = (await ask(session)).body;
    t.equal((await ask(session)).status, 400, `${name}: the session is gone`);
  }
  t.equal(engine.stats().sessions, 0);
  t.ok(await works());
});

test("hostile but valid packets do no harm", async (t) => {
  const { url, works } = await startEcho(t);
  const raw = await openRaw(t, url + webSocketQuery);
  raw.socket.send('40{"__proto__":{"polluted":1}}');
  raw.socket.send('421["__proto__",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]');
  raw.socket.send("43999[1]");
  raw.socket.send("3");
  raw.socket.send("6");
  raw.socket.send(`42["deep",${"[".repeat(100_000)}${"]".repeat(100_000)}]`);
  raw.socket.send('422["still"]');
  await until("the last answer", () => raw.texts.some((text) => text.startsWith("432")));
  t.notOk(Object.hasOwn(Object.prototype, "polluted"));
  t.ok(await works());
});

test("invalid WebSocket data closes its connection: junk bytes, oversize, endless fragments, no mask", async (t) => {
  const { url, port, works, engine } = await startEcho(t, { maxPayload: 10_000 });
  const oversize = await openRaw(t, url + webSocketQuery);
  oversize.socket.send(`4${"x".repeat(10_000)}`);
  await until("the close of the oversize frame", () => oversize.closed !== undefined);
  t.equal(oversize.closed, 1009);

  for (const path of ["/ws", webSocketQuery]) {
    const fragments = await openRaw(t, url + path);
    for (let n = 0; n < 2000; n += 1) fragments.socket.send("", { fin: false });
    await until("the close of the fragments", () => fragments.closed !== undefined);
    t.equal(fragments.closed, 1008);
    const large = await openRaw(t, url + path);
    for (let n = 0; n < 20; n += 1) large.socket.send("x".repeat(1000), { fin: false });
    await until("the close of large fragments", () => large.closed !== undefined);
    t.equal(large.closed, 1009);

    const upgrade = upgradeRequest(path);
    for (const junk of ["\x81\x05hello", "\xff\xff\xff\xff\xff\xff\xff\xff", "GET / HTTP/1.1\r\n\r\n"]) {
      const stream = await openStream(t, port, upgrade);
      stream.write(Buffer.from(junk, "latin1"));
      stream.resume();
      await once(stream, "close");
    }
    const noKey = await openStream(t, port, upgrade.replace(/Sec-WebSocket-Key.*\r\n/, ""));
    const [answer] = await once(noKey, "data");
    t.match(String(answer), /^HTTP\/1.1 400/);
  }
  await until("all gone", () => engine.sockets.size === 0);
  t.ok(await works());
});

test("a POST beyond maxPayload is answered 413, with and without a content-length", async (t) => {
  const { url, works } = await startEcho(t, { maxPayload: 1000 });
  const session = await openPolling(url);
  t.equal((await ask(session, "POST", `4${"x".repeat(1000)}`)).status, 413);
  const chunked = { "transfer-encoding": "chunked" };
  t.equal((await ask(session, "POST", `4${"x".repeat(100_000)}`, chunked)).status, 413);
  t.equal((await ask(session, "POST", "40")).body, "ok", "the session lives on");
  t.ok(await works());
});

test("an aborted POST has no effect", async (t) => {
  const { url, port, works, engine } = await startEcho(t);
  const session = await openPolling(url);
  const { pathname, search } = new URL(session);
  const stream = await openStream(
    t,
    port,
    `POST ${pathname}${search} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n40`,
  );
  stream.destroy();
  const posted = async () => (await ask(session, "POST", "40")).status;
  // Until the server has seen the break, the second POST is one too many.
  t.ok([200, 400].includes(await posted()));
  t.ok(engine.sockets.size <= 1);
  t.ok(await works());
});

test("two concurrent polls, or two concurrent POSTs, close the session", async (t) => {
  const { url, port, works, engine } = await startEcho(t);
  const session = await openPolling(url);
  await ask(session, "POST", "40");
  t.match((await ask(session)).body, /^40/);
  const first = ask(session);
  const second = ask(session);
  t.strictSame(new Set([(await first).status, (await second).status]), new Set([200, 400]));
  t.equal(engine.sockets.size, 0);

  const other = await openPolling(url);
  const { pathname, search } = new URL(other);
  const before = engine.stats().sessions;
  await openStream(t, port, `POST ${pathname}${search} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n`);
  const statuses: number[] = [];
  await until("the overlap", () => {
    if (statuses.length === 0) ask(other, "POST", "6").then((reply) => statuses.push(reply.status));
    return statuses.includes(400);
  });
  t.equal((await ask(other)).body, "1");
  t.equal(engine.stats().sessions, before - 1);
  t.ok(await works());
});

test("an aborted poll closes the session", async (t) => {
  const { url, port, engine } = await startEcho(t);
  const session = await openPolling(url);
  const { pathname, search } = new URL(session);
  const stream = await openStream(t, port, `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\n\r\n`);
  t.equal(engine.stats().sessions, 1);
  await until("its end", () => {
    stream.destroy();
    return engine.stats().sessions === 0;
  });
  t.equal(engine.stats().handshaking, 0);
});

test("pending handshakes are limited by maxHandshakes", async (t) => {
  const { url, engine } = await startEcho(t, { maxHandshakes: 400 });
  const statuses: number[] = [];
  for (let batch = 0; batch < 20; batch += 1) {
    const replies = await Promise.all(Array.from({ length: 50 }, () => ask(url + pollingQuery)));
    statuses.push(...replies.map((reply) => reply.status));
  }
  t.equal(statuses.filter((status) => status === 200).length, 400);
  t.equal(statuses.filter((status) => status === 503).length, 600);
  await t.rejects(openRaw(t, url + webSocketQuery), { message: /503/ });
  t.equal(engine.stats().handshaking, 400);
});

test("pending handshakes end after connectTimeout, and free their places", async (t) => {
  const { url, works, engine } = await startEcho(t, { maxHandshakes: 10, connectTimeout: 300 });
  const webSocket = await openRaw(t, url + webSocketQuery);
  await Promise.all(Array.from({ length: 20 }, () => ask(url + pollingQuery)));
  await until("their end", () => engine.stats().handshaking === 0);
  t.equal(engine.stats().sessions, 0);
  await until("the close", () => webSocket.closed !== undefined);
  t.ok(await works());
});

test("a flood of CONNECTs to other namespaces ends the session, on every transport", async (t) => {
  const { url, works, engine } = await startEcho(t);
  const session = await openPolling(url);
  t.equal((await ask(session, "POST", Array(2000).fill("40/x,").join("\x1e"))).body, "ok");
  t.equal((await ask(session)).body.split("\x1e").length, 10, "ten are answered CONNECT_ERROR");
  t.equal((await ask(session)).body, "1");
  const raw = await openRaw(t, url + webSocketQuery);
  for (let n = 0; n < 2000; n += 1) raw.socket.send("40/x,");
  await until("the close", () => raw.closed !== undefined);
  t.equal(raw.closed, 1000);
  t.equal(raw.texts.filter((text) => text.startsWith("44/x,")).length, 10);
  t.match(engine.stats(), { sessions: 0, handshaking: 0 });
  t.ok(await works());
});
