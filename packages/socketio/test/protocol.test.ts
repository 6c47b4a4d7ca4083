// What Engine.IO v4 and Socket.IO v5 say of malformed bodies, closes and heartbeats, packet by packet.
import { once } from "node:events";
import {
  ask,
  openPolling,
  openRaw,
  pollingQuery,
  type Socket,
  start,
  webSocketQuery,
} from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import type { Ack, Handshake } from "../src/index.js";

test("a malformed polling body is answered 400 and ends the session, also where it is relayed", async (t) => {
  const reasons: string[] = [];
  const { url, engine } = await start(t, {}, (socket) => socket.onClose((reason) => reasons.push(reason)));
  for (const body of ["abc", "", "\x1e", "40\x1eabc\x1e40", "4hello\x1e"]) {
    const session = await openPolling(url);
    t.equal((await ask(session, "POST", body)).status, 400, JSON.stringify(body));
    t.equal((await ask(session)).status, 400, "and the session is unknown");
  }
  const session = await openPolling(url);
  const search = new URL(session).search;
  const sid = new URLSearchParams(search).get("sid") ?? "";
  const relayed = await engine.handleRelayed({ method: "POST", sid, search, body: "abc", headers: {} });
  t.equal(relayed.status, 400);
  t.strictSame(reasons, ["parse error"], "of the one that had sent CONNECT");
  t.equal(engine.stats().sessions, 0);
});

test("a poll after the ping time-out is answered 400", async (t) => {
  const { url, engine } = await start(t, { pingInterval: 50, pingTimeout: 50 }, () => {});
  const session = await openPolling(url);
  await until("the time-out", () => engine.stats().sessions === 0);
  t.equal((await ask(session)).status, 400);
});

test("a client's close packet answers the waiting poll with a noop", async (t) => {
  const { url, server } = await start(t, {}, () => {});
  const session = await openPolling(url);
  const arrived = once(server, "request");
  const poll = ask(session);
  await arrived;
  t.equal((await ask(session, "POST", "1")).body, "ok");
  const reply = await poll;
  t.match(reply, { status: 200, body: "6" });
  t.equal((await ask(session)).status, 400);
});

test("a WebSocket with a session id in use is accepted and closed, and the session goes on", async (t) => {
  const { url } = await start(t, {}, () => {});
  const session = await openPolling(url);
  const upgrade = session.replace("transport=polling", "transport=websocket");
  const first = await openRaw(t, upgrade);
  const during = await openRaw(t, upgrade);
  await until("the close", () => during.closed !== undefined);
  t.equal(during.closed, 1000);
  first.socket.send("2probe");
  first.socket.send("5");
  first.socket.send("40");
  await until("the upgrade", () => first.texts.length === 2);
  const after = await openRaw(t, upgrade);
  await until("the close", () => after.closed !== undefined);
  t.equal(after.closed, 1000);
  first.socket.send("40/x,");
  await until("an answer", () => first.texts.length === 3);
  t.equal(first.closed, undefined);
});

test("leaving the namespace ends the socket and not the session, in which another socket may follow", async (t) => {
  const sockets: Array<{ socket: Socket; handshake: Handshake }> = [];
  const reasons: string[] = [];
  const acks: Ack[] = [];
  const { url, engine } = await start(t, { pingInterval: 100 }, (socket, handshake) => {
    sockets.push({ socket, handshake });
    socket.onClose((reason) => reasons.push(reason));
    socket.onEvent((event, args, ack) => {
      if (ack) acks.push(ack);
      else socket.emit(event, ...args);
    });
  });
  const raw = await openRaw(t, url + webSocketQuery);
  const connected = () => raw.texts.filter((text) => text.startsWith("40"));
  raw.socket.send("40");
  await until("CONNECT", () => connected().length === 1);
  raw.socket.send('420["ask"]');
  raw.socket.send("41");
  await until("the close of the socket", () => reasons.length === 1);
  t.strictSame(reasons, ["client namespace disconnect"]);
  t.match(engine.stats(), { sessions: 1, handshaking: 1, sockets: { websocket: 0 } });
  sockets[0]?.socket.emit("late");
  sockets[0]?.socket.close(4500, "late");
  const heard = raw.texts.length;
  await until("a ping", () => raw.texts.slice(heard).includes("2"));
  raw.socket.send("3");
  raw.socket.send('40{"token":"b"}');
  await until("CONNECT", () => connected().length === 2);
  t.not(connected()[0], connected()[1], "another id");
  t.match(sockets[1]?.handshake, { auth: { token: "b" }, previous: sockets[0]?.socket });
  acks[0]?.("late");
  raw.socket.send('42["hello",1]');
  await until("the echo", () => raw.texts.includes('42["hello",1]'));
  t.notOk(raw.texts.some((text) => text.includes("late")));
  t.equal(raw.closed, undefined);
});

test("a client that has left the namespace must connect again in time, and not too often", async (t) => {
  const { url, engine } = await start(t, { connectTimeout: 100 }, () => {});
  const leaving = await openRaw(t, url + webSocketQuery);
  leaving.socket.send("40");
  await until("CONNECT", () => engine.stats().handshaking === 0);
  leaving.socket.send("41");
  await until("the close", () => leaving.closed !== undefined);
  t.match(engine.stats(), { sessions: 0, handshaking: 0 });
  const restless = await openRaw(t, url + webSocketQuery);
  for (let n = 0; n < 100; n += 1) restless.socket.send(n % 2 ? "41" : "40");
  await until("the close", () => restless.closed !== undefined);
  t.equal(restless.texts.filter((text) => text.startsWith("40")).length, 10);
  t.match(engine.stats(), { sessions: 0, handshaking: 0 });
});

test("where too many handshakes wait, leaving the namespace ends the session", async (t) => {
  const { url } = await start(t, { maxHandshakes: 1 }, () => {});
  const raw = await openRaw(t, url + webSocketQuery);
  raw.socket.send("40");
  await until("CONNECT", () => raw.texts.length === 2);
  t.equal((await ask(url + pollingQuery)).status, 200);
  raw.socket.send("41");
  await until("the close", () => raw.closed !== undefined);
});
