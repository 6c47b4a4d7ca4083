// Events encoded once for many sockets, and the writes they go out in.

import type { Duplex } from "node:stream";
import { connect, next, openRaw, start } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { FrameCoalescer } from "../src/connection/frame-coalescer.js";
import { binaryFrame, payloadOf, textFrame } from "../src/connection/websocket-frames.js";
import { encodePayload } from "../src/engineio/polling-payload.js";
import { createEngine, encodeEvent } from "../src/index.js";

test("an encoded event reaches every kind of socket once, in order", async (t) => {
  const { url, engine } = await start(t, {}, () => {});
  const got: unknown[][] = [];
  for (const transports of [["polling"], ["websocket"]]) {
    const client = connect(t, url, { transports });
    const list: unknown[] = [];
    got.push(list);
    client.onAny((event, ...args) => list.push([event, ...args]));
    await next(client, "connect");
  }
  const plain = await openRaw(t, `${url}/ws`);
  await until("three sockets", () => engine.sockets.size === 3);
  const frame = encodeEvent("msg", Buffer.from('{"text":"ä😀"}'));
  for (const socket of engine.sockets) {
    socket.emit("before", 1);
    socket.send(frame);
    socket.emit("after", 2);
  }
  const expected = [
    ["before", 1],
    ["msg", { text: "ä😀" }],
    ["after", 2],
  ];
  await until("all", () => got.every((list) => list.length >= 3) && plain.texts.length >= 3);
  t.strictSame(got, [expected, expected]);
  t.strictSame(plain.texts, [
    '{"event":"before","data":1}',
    '{"event":"msg","data":{"text":"ä😀"}}',
    '{"event":"after","data":2}',
  ]);
});

test("an event encoded without a body has no argument", async (t) => {
  const { url, engine } = await start(t, {}, () => {});
  const client = connect(t, url, { transports: ["websocket"] });
  await next(client, "connect");
  const plain = await openRaw(t, `${url}/ws`);
  await until("two sockets", () => engine.sockets.size === 2);
  const got = next(client, "bare");
  for (const socket of engine.sockets) socket.send(encodeEvent("bare", ""));
  t.strictSame(await got, []);
  await until("the plain one", () => plain.texts.length === 1);
  t.strictSame(plain.texts, ['{"event":"bare"}']);
});

test("everything sent within one turn goes out in one write", async (t) => {
  const { url, engine, server } = await start(t, {}, () => {});
  const streams: Duplex[] = [];
  server.on("upgrade", (_, stream) => streams.push(stream));
  const client = connect(t, url, { transports: ["websocket"] });
  await next(client, "connect");
  const [socket] = engine.sockets;
  const [stream] = streams;
  if (!socket || !stream) throw new Error("no socket");
  const writes: number[] = [];
  const write = stream.write.bind(stream);
  stream.write = (chunk: Buffer) => {
    writes.push(chunk.length);
    return write(chunk);
  };
  const before = engine.stats().writes;
  const last = next(client, "last");
  for (let n = 0; n < 16; n += 1) socket.emit("n", n);
  socket.send(encodeEvent("last", "1"));
  t.strictSame(writes, [], "nothing within the turn");
  await last;
  t.equal(writes.length, 1);
  t.equal(engine.stats().writes, before + 1);
});

test("events of every frame length arrive whole", async (t) => {
  const { url, engine } = await start(t, { maxPayload: 2_000_000 }, () => {});
  const client = connect(t, url, { transports: ["websocket"] });
  await next(client, "connect");
  const sizes = [0, 1, 115, 116, 117, 118, 65_520, 65_524, 65_525, 65_526, 65_540, 1_000_000];
  const got: unknown[] = [];
  client.on("s", (text: string) => got.push(text.length));
  for (const socket of engine.sockets) for (const size of sizes) socket.emit("s", "x".repeat(size));
  await until("all sizes", () => got.length === sizes.length);
  t.strictSame(got, sizes);
});

test("joining the same frames again returns the same buffer", (t) => {
  const coalescer = new FrameCoalescer();
  const a = textFrame("4a");
  const b = textFrame("4b");
  const first = coalescer.join([a, b], 8);
  t.strictSame(first, Buffer.concat([a, b]));
  t.equal(coalescer.join([a, b], 8), first);
  t.strictSame(coalescer.join([b, a], 8), Buffer.concat([b, a]));
  t.end();
});

test("a polling payload joins packets, with binary as base64", (t) => {
  t.equal(encodePayload([textFrame("2"), binaryFrame(Buffer.from([1, 2]))]).toString(), "2\x1ebAQI=");
  t.equal(payloadOf(textFrame("a", Buffer.from("b"), "")).toString(), "ab");
  t.end();
});

test("options and event names that cannot work throw", (t) => {
  t.throws(() => encodeEvent("disconnect", ""), { message: /reserved/ });
  t.throws(() => createEngine({ ownerId: "a.b" }, () => {}), RangeError);
  t.throws(() => createEngine({ pingInterval: 0 }, () => {}), RangeError);
  t.throws(() => createEngine({ slowConsumerCode: 5000 }, () => {}), RangeError);
  t.throws(() => createEngine({ path: "x" }, () => {}), RangeError);
  t.end();
});
