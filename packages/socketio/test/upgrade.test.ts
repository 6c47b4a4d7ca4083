// A client that starts on polling upgrades to WebSocket, and loses nothing.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  ask,
  connect,
  next,
  openPolling,
  openRaw,
  type Socket,
  start,
  type Test,
  webSocketQuery,
} from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { createEngine } from "../src/index.js";

/** A server that handles upgrades once `ready` holds, so that one happens in the middle of what the test does. */
async function startLate(t: Test, ready: () => boolean, onSocket: (socket: Socket) => void): Promise<string> {
  const engine = createEngine({}, onSocket);
  const server = createServer((request, response) => engine.handleRequest(request, response));
  server.on("upgrade", async (request, stream, head) => {
    await until("the moment to upgrade", ready);
    engine.handleUpgrade(request, stream, head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const start of [0, 1, 50, 200, 1000]) {
  test(`nothing is lost or reordered by an upgrade in a stream of messages, from the ${start}th on`, async (t) => {
    const toServer: unknown[] = [];
    const toClient: unknown[] = [];
    const sockets: Socket[] = [];
    const url = await startLate(
      t,
      () => toServer.length >= start,
      (socket) => {
        sockets.push(socket);
        socket.onEvent((_, [n]) => toServer.push(n));
      },
    );
    const client = connect(t, url);
    client.on("n", (n) => toClient.push(n));
    await next(client, "connect");
    let sent = 0;
    for (let after = 0; after < 20; after += sockets[0]?.transport === "websocket" ? 1 : 0) {
      for (let burst = 0; burst < 10; burst += 1) {
        client.emit("n", sent);
        sockets[0]?.emit("n", sent);
        sent += 1;
      }
      await until("room for more", () => sent - Math.min(toServer.length, toClient.length) < 300);
      await new Promise(setImmediate);
    }
    await until("all arrived", () => toServer.length === sent && toClient.length === sent);
    const expected = Array.from({ length: sent }, (_, n) => n);
    t.strictSame(toServer, expected);
    t.strictSame(toClient, expected);
    t.equal(sockets.length, 1, "on one connection");
  });
}

for (const steps of [0, 1, 2, 3, 5, 8, 13]) {
  test(`a final close during an upgrade reaches the client (${steps} turns after the upgrade request)`, async (t) => {
    const sockets: Socket[] = [];
    let arrived = false;
    const url = await startLate(
      t,
      () => {
        arrived = true;
        return true;
      },
      (socket) => sockets.push(socket),
    );
    const client = connect(t, url);
    await until("an upgrade", () => arrived && sockets.length === 1);
    for (let turn = 0; turn < steps; turn += 1) await new Promise(setImmediate);
    const gone = next(client, "disconnect");
    const last = next(client, "last");
    sockets[0]?.emit("last", "words");
    sockets[0]?.close(4500, "gone");
    t.strictSame(await last, ["words"]);
    t.equal((await gone)[0], "io server disconnect");
    t.notOk(client.active);
  });
}

test("polling requests of an upgraded session are refused, and it stays open", async (t) => {
  const { url } = await start(t, {}, (socket) => socket.onEvent((_, args, ack) => ack?.(...args)));
  const client = connect(t, url);
  await new Promise((resolve) => client.io.engine.once("upgrade", resolve));
  const session = `${url}/socket.io/?EIO=4&transport=polling&sid=${client.io.engine.id}`;
  t.match(await ask(session), { status: 400, body: '{"code":3,"message":"Bad request"}' });
  t.match(await ask(session, "POST", "42[1]"), { status: 400 });
  t.equal(await client.emitWithAck("still", "here"), "here");
});

test("an upgrade that does not finish within upgradeTimeout is cancelled, and the session stays on polling", async (t) => {
  const { url, engine } = await start(t, { upgradeTimeout: 2_000 }, () => {});
  const session = await openPolling(url);
  const sid = new URL(session).searchParams.get("sid");
  const probe = await openRaw(t, `${url}${webSocketQuery}&sid=${sid}`);
  probe.socket.send("2probe");
  await until("the answer", () => probe.texts.length === 1);
  t.strictSame(probe.texts, ["3probe"]);
  t.match(await ask(session), { status: 200, body: "6" }, "a waiting poll is released while probing");
  await until("the end of the probe", () => probe.closed !== undefined);
  t.equal((await ask(session, "POST", "40")).body, "ok");
  await until("a socket", () => engine.sockets.size === 1);
  t.equal([...engine.sockets][0]?.transport, "polling");
});

test("only one upgrade at a time, and only for a known session", async (t) => {
  const { url } = await start(t, {}, () => {});
  const sid = new URL(await openPolling(url)).searchParams.get("sid");
  await openRaw(t, `${url}${webSocketQuery}&sid=${sid}`);
  const second = await openRaw(t, `${url}${webSocketQuery}&sid=${sid}`);
  await until("its close", () => second.closed !== undefined);
  await t.rejects(openRaw(t, `${url}${webSocketQuery}&sid=nobody`), { message: /400/ });
  await t.rejects(openRaw(t, `${url}/elsewhere`), { message: /200/ }, "the host's own answer");
});
