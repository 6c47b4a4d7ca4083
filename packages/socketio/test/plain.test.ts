// The plain JSON WebSocket.

import { openRaw, type Socket, start } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { badFramesCode, type Handshake, maxBadFrames } from "../src/index.js";

test("an event with an id gets one reply; an event without an id gets none", async (t) => {
  const sockets: Socket[] = [];
  const handshakes: Handshake[] = [];
  const events: unknown[][] = [];
  const { url, engine } = await start(t, {}, (socket, handshake) => {
    sockets.push(socket);
    handshakes.push(handshake);
    socket.onEvent((event, args, ack) => {
      events.push([event, args, ack !== undefined]);
      ack?.(...args);
      ack?.("a second answer");
    });
  });
  const raw = await openRaw(t, `${url}/ws?room=1`);
  raw.socket.send('{"event":"a","data":{"x":1},"id":7}');
  raw.socket.send('{"event":"b","data":{"reply":"mine"},"id":"z"}');
  raw.socket.send('{"event":"c","data":[1],"id":0}');
  raw.socket.send('{"event":"d","id":1}');
  raw.socket.send('{"event":"__proto__","data":{"__proto__":{"polluted":1}}}');
  await until("five events and four replies", () => events.length === 5 && raw.texts.length === 4);
  t.strictSame(
    raw.texts.map((text) => JSON.parse(text)),
    [{ x: 1, reply: 7 }, { reply: "z" }, { data: [1], reply: 0 }, { reply: 1 }],
  );
  t.strictSame(events[3], ["d", [undefined], true]);
  t.equal(events[4]?.[2], false);
  t.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  sockets[0]?.emit("hello", { text: "ä" }, "left out");
  await until("the event", () => raw.texts.length === 5);
  t.equal(raw.texts[4], '{"event":"hello","data":{"text":"ä"}}');
  t.equal(sockets[0]?.kind, "plain");
  t.equal(handshakes[0]?.query.room, "1");
  t.equal(engine.stats().sockets.plain, 1);
});

test("malformed frames are answered with an error, and the tenth closes the socket", async (t) => {
  const reasons: string[] = [];
  const { url } = await start(t, {}, (socket) => socket.onClose((reason) => reasons.push(reason)));
  const raw = await openRaw(t, `${url}/ws`);
  const bad = ["{", "null", "[]", '"x"', "{}", '{"event":1}', '{"event":""}', '{"event":"x","id":{}}', "", "1"];
  t.equal(bad.length, maxBadFrames);
  for (const text of bad) raw.socket.send(text);
  await until("the close", () => raw.closed !== undefined);
  t.equal(raw.closed, badFramesCode);
  t.equal(raw.texts.length, maxBadFrames);
  for (const text of raw.texts) t.match(JSON.parse(text), { event: "error", data: { code: "bad_frame" } });
  t.strictSame(reasons, ["bad frames"]);
});

test("a binary message closes the socket with 1003", async (t) => {
  const { url } = await start(t, {}, () => {});
  const raw = await openRaw(t, `${url}/ws`);
  raw.socket.send(Buffer.from([1]));
  await until("the close", () => raw.closed !== undefined);
  t.equal(raw.closed, 1003);
});

test("close() writes what was sent before, then its code and as much of the reason as fits", async (t) => {
  const { url } = await start(t, {}, (socket) => {
    socket.emit("last", "words");
    t.throws(() => socket.close(1005, ""), RangeError);
    socket.close(4501, "ä".repeat(100));
    socket.emit("too", "late");
    socket.onClose(() => reasons.push("told later"));
  });
  const reasons: string[] = [];
  const raw = await openRaw(t, `${url}/ws`);
  raw.socket.on("close", (_, reason) => reasons.push(String(reason)));
  await until("both", () => reasons.length === 2);
  t.equal(raw.closed, 4501);
  t.strictSame(reasons, ["told later", "ä".repeat(61)]);
  t.strictSame(raw.texts, ['{"event":"last","data":"words"}']);
});

test("plainPath: null turns the plain WebSocket off: the server's other listeners answer", async (t) => {
  const { url } = await start(t, { plainPath: null }, () => {});
  await t.rejects(openRaw(t, `${url}/ws`), { message: /Unexpected server response: 200/ });
});
