// Heartbeats, and the send budget: peers that do not answer, and peers that do not read.

import { randomBytes } from "node:crypto";
import { createConnection } from "node:net";
import { openStream, rawFrame, upgradeRequest } from "@khui/test-kit/socketio/raw-stream";
import {
  ask,
  connect,
  next,
  openPolling,
  openRaw,
  type Socket,
  start,
  webSocketQuery,
} from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { encodeEvent } from "../src/index.js";

test("a client that answers pings stays connected, on every transport", async (t) => {
  const reasons: string[] = [];
  const timing = { pingInterval: 40, pingTimeout: 5000 };
  const { url, engine } = await start(t, timing, (socket) => socket.onClose((reason) => reasons.push(reason)));
  const polling = connect(t, url, { transports: ["polling"] });
  const webSocket = connect(t, url, { transports: ["websocket"] });
  const plain = await openRaw(t, `${url}/ws`);
  let pings = 0;
  plain.socket.on("ping", () => (pings += 1));
  for (const client of [polling, webSocket]) client.io.on("ping", () => (pings += 1));
  await until("many heartbeats", () => pings > 30);
  t.strictSame(reasons, []);
  t.match(engine.stats().sockets, { polling: 1, websocket: 1, plain: 1 });
});

test("a client that does not answer pings is closed at the ping timeout, on every transport", async (t) => {
  const reasons: string[] = [];
  const timing = { pingInterval: 1_500, pingTimeout: 500 };
  const { url, engine } = await start(t, timing, (socket) => socket.onClose((reason) => reasons.push(reason)));
  const webSocket = await openRaw(t, url + webSocketQuery);
  webSocket.socket.send("40");
  const polling = await openPolling(url);
  await ask(polling, "POST", "40");
  const plain = await openRaw(t, `${url}/ws`);
  plain.socket.pause();
  await until("three time-outs", () => reasons.length === 3);
  t.strictSame(new Set(reasons), new Set(["ping timeout"]));
  await until("the close frame", () => webSocket.closed !== undefined);
  t.ok(webSocket.texts.includes("2"), "a ping was sent");
  t.equal(engine.sockets.size, 0);
});

for (const [kind, path, connectText, pong] of [
  ["socketio", webSocketQuery, "40", rawFrame(0x81, "3")],
  ["plain", "/ws", undefined, rawFrame(0x8a)],
] as const) {
  test(`${kind}: pongs for pings that were not read keep no client connected`, async (t) => {
    const reasons: string[] = [];
    const timing = { pingInterval: 300, pingTimeout: 300, sendBudget: 100_000_000 };
    const { port } = await start(t, timing, (socket) => {
      // More than the kernel takes.
      for (let n = 0; n < 200; n += 1) socket.emit("flood", "x".repeat(100_000));
      socket.onClose((reason) => reasons.push(reason));
    });
    const stream = await openStream(t, port, upgradeRequest(path));
    stream.pause();
    if (connectText) stream.write(rawFrame(0x81, connectText));
    await until("its end", () => {
      if (reasons.length === 0) stream.write(pong);
      return reasons.length > 0;
    });
    t.strictSame(reasons, ["ping timeout"]);
  });
}

test("polling: pongs for pings that were not polled keep no client connected", async (t) => {
  const reasons: string[] = [];
  const timing = { pingInterval: 300, pingTimeout: 300, pollTimeout: 60_000 };
  const { url } = await start(t, timing, (socket) => socket.onClose((reason) => reasons.push(reason)));
  const session = await openPolling(url);
  await ask(session, "POST", "40");
  while (reasons.length === 0) await ask(session, "POST", "3");
  t.strictSame(reasons, ["ping timeout"]);
});

/** A client that upgrades, sends `text` if any, and never reads again. */
function openUnread(t: { teardown(run: () => unknown): void }, port: number, path: string, text?: string): void {
  const socket = createConnection(port, "127.0.0.1");
  t.teardown(() => socket.destroy());
  socket.on("error", () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  // A mask of zeroes leaves the text as it is.
  if (text) socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
  socket.pause();
}

for (const [kind, path, text] of [
  ["socketio", webSocketQuery, "40"],
  ["plain", "/ws", undefined],
] as const) {
  test(`${kind}: a client that never reads is closed once it exceeds the send budget`, async (t) => {
    const reasons: string[] = [];
    const sockets: Socket[] = [];
    const sendBudget = 1_000_000;
    const { port, engine } = await start(t, { sendBudget }, (socket) => {
      sockets.push(socket);
      socket.onClose((reason) => reasons.push(reason));
    });
    openUnread(t, port, path, text);
    await until("the socket", () => sockets.length === 1);
    const frame = encodeEvent("flood", JSON.stringify("x".repeat(50_000)));
    let most = 0;
    while (reasons.length === 0) {
      sockets[0]?.send(frame);
      most = Math.max(most, sockets[0]?.bufferedBytes ?? 0);
      await new Promise(setImmediate);
    }
    t.strictSame(reasons, ["slow consumer"]);
    t.ok(most <= sendBudget + 51_000, `held ${most} bytes: the budget and the frame that broke it`);
    t.equal(engine.sockets.size, 0);
  });
}

test("polling: a client that never polls is closed once it exceeds the send budget", async (t) => {
  const reasons: string[] = [];
  const { url, engine } = await start(t, { sendBudget: 10_000 }, (socket) => {
    socket.onClose((reason) => reasons.push(reason));
    for (let n = 0; n < 20; n += 1) socket.emit("flood", "x".repeat(1000));
    t.ok(socket.bufferedBytes <= 10_000);
    t.strictSame(reasons, [], "emit does not call back");
  });
  const session = await openPolling(url);
  await ask(session, "POST", "40");
  await until("the close", () => reasons.length > 0);
  t.strictSame(reasons, ["slow consumer"]);
  t.equal((await ask(session)).body, "1");
  t.equal(engine.stats().sessions, 0);
});

test("a slow consumer is closed with slowConsumerCode", async (t) => {
  const { url } = await start(t, { sendBudget: 1000, slowConsumerCode: 4321 }, (socket) => {
    socket.onEvent(() => {
      // More in one turn than the kernel takes, whatever its buffers are.
      for (let n = 0; n < 1000; n += 1) socket.emit("flood", "x".repeat(100_000));
    });
  });
  const raw = await openRaw(t, `${url}/ws`);
  raw.socket.send('{"event":"go"}');
  await until("the code", () => raw.closed !== undefined);
  t.equal(raw.closed, 4321);
});

test("a burst beyond the send budget closes nothing if the kernel takes it", async (t) => {
  const { url } = await start(t, { sendBudget: 20_000 }, (socket) => {
    for (let n = 0; n < 50; n += 1) socket.emit("n", n, "x".repeat(1000));
  });
  const got: unknown[] = [];
  const client = connect(t, url, { transports: ["websocket"] });
  client.on("n", (n) => got.push(n));
  await until("all of it", () => got.length === 50);
  t.ok(client.connected);
});

test("a client that leaves too many acknowledgements unanswered is closed", async (t) => {
  const reasons: string[] = [];
  const { url } = await start(t, {}, (socket) => {
    socket.onClose((reason) => reasons.push(reason));
    for (let n = 0; n < 1001; n += 1) socket.emit("q", () => {});
  });
  const client = connect(t, url, { transports: ["websocket"], reconnection: false });
  await next(client, "disconnect");
  t.strictSame(reasons, ["slow consumer"]);
});
