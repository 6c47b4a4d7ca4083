// Replicas behind a load balancer without sticky sessions.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openStream } from "@khui/test-kit/socketio/raw-stream";
import { ask, connect, next, pollingQuery, start, type Test } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { createEngine, type Engine, type EngineOptions, encodeEvent, type Socket } from "../src/index.js";
import { maxRelayedBytes } from "../src/relay/body-budget.js";

interface Pair {
  url: string;
  sockets: Socket[];
  engines: Engine[];
  relayed: number;
  refusedUpgrades: number;
  errors: Error[];
}

/** Two engines that take turns at the requests of one port. An upgrade always goes to the engine that does not own it. */
async function startPair(t: Test, options: EngineOptions = {}): Promise<Pair> {
  const engines = new Map<string, Engine>();
  const pair: Pair = { url: "", sockets: [], engines: [], relayed: 0, refusedUpgrades: 0, errors: [] };
  for (const ownerId of ["one", "two"]) {
    const engine = createEngine(
      {
        ownerId,
        onError: (error) => pair.errors.push(error),
        relay: async (request, owner) => {
          pair.relayed += 1;
          const answer = await engines.get(owner)?.handleRelayed(JSON.parse(JSON.stringify(request)));
          if (!answer) throw new Error(`no engine ${owner}`);
          return JSON.parse(JSON.stringify(answer));
        },
        ...options,
      },
      (socket) => {
        pair.sockets.push(socket);
        socket.onEvent((event, args, ack) => (ack ? ack(...args) : socket.emit(event, ...args)));
      },
    );
    engines.set(ownerId, engine);
    pair.engines.push(engine);
  }
  let turn = 0;
  const nextEngine = () => pair.engines[turn++ % 2];
  const server = createServer((request, response) => nextEngine()?.handleRequest(request, response));
  server.on("upgrade", (request, stream, head) => {
    const sid = new URL(request.url ?? "", "http://x").searchParams.get("sid") ?? "";
    const other = pair.engines.find((_, index) => !sid.startsWith(["one", "two"][index] ?? ""));
    pair.refusedUpgrades += 1;
    other?.handleUpgrade(request, stream, head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    for (const engine of pair.engines) await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  pair.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return pair;
}

for (const [name, options] of Object.entries({ default: {}, polling: { transports: ["polling"] } })) {
  test(`${name}: a client whose requests alternate between two engines works as with one`, async (t) => {
    const pair = await startPair(t);
    const client = connect(t, pair.url, options);
    const got: unknown[] = [];
    client.on("n", (n) => got.push(n));
    await next(client, "connect");
    if (name === "default") {
      await new Promise((resolve) => {
        client.io.engine.once("upgradeError", resolve);
        if (pair.refusedUpgrades > 0) resolve(undefined);
      });
    }
    const expected = Array.from({ length: 50 }, (_, n) => n);
    for (const n of expected) {
      client.emit("n", n);
      await until(`the echo of ${n}`, () => got.length === n + 1);
    }
    t.strictSame(got, expected);
    t.strictSame(await client.emitWithAck("file", Buffer.from([1, 2, 3])), Buffer.from([1, 2, 3]));
    const shared = next(client, "shared");
    pair.sockets[0]?.send(encodeEvent("shared", '"ä😀"'));
    t.strictSame(await shared, ["ä😀"]);
    t.equal(client.io.engine.transport.name, "polling");
    t.equal(pair.refusedUpgrades, name === "default" ? 1 : 0);
    t.ok(pair.relayed > 10, `${pair.relayed} requests were relayed`);
    t.equal(pair.sockets.length, 1);
    t.strictSame(pair.errors, []);
    client.disconnect();
    await until("its end", () => pair.engines.every((engine) => engine.sockets.size === 0));
  });
}

test("a relayed response has the CORS headers of the owner", async (t) => {
  const pair = await startPair(t, { cors: { origin: ["http://app.example"] } });
  const headers = { origin: "http://app.example" };
  const opened = await ask(pair.url + pollingQuery, "GET", undefined, headers);
  const { sid }: { sid: string } = JSON.parse(opened.body.slice(1));
  const reply = await ask(`${pair.url}${pollingQuery}&sid=${sid}`, "POST", "40", headers);
  t.equal(pair.relayed, 1);
  t.match(reply, { status: 200, body: "ok", headers: { "access-control-allow-origin": "http://app.example" } });
});

test("a draining engine relays for other engines' sessions until it closes, with connection: close", async (t) => {
  const pair = await startPair(t);
  const [draining, other] = pair.engines as [Engine, Engine];
  const handshake = async (): Promise<string> => {
    const opened = await ask(pair.url + pollingQuery);
    const { sid }: { sid: string } = JSON.parse(opened.body.slice(1));
    return `${pair.url}${pollingQuery}&sid=${sid}`;
  };
  // Taking turns: the first is one's, the second two's, and so on.
  const [mine, theirs] = [await handshake(), await handshake()];
  t.match([mine, theirs], [/sid=one\./, /sid=two\./]);
  t.equal((await ask(theirs, "POST", "40")).body, "ok", "relayed by one");
  await ask(theirs);
  const waiting = ask(theirs);
  await until("a poll waits at one", () => pair.relayed === 2);
  const ended = draining.drain(300);
  pair.sockets[0]?.emit("n", 1);
  t.match(await waiting, { status: 200, body: '42["n",1]', headers: { connection: "close" } });
  await ended;
  await ask(theirs, "POST", "6");
  pair.sockets[0]?.emit("n", 2);
  t.match(
    await ask(theirs),
    { status: 200, body: '42["n",2]', headers: { connection: "close" } },
    "when it is over too",
  );
  await ask(theirs, "POST", "6");
  t.match(await ask(mine), { status: 400, headers: { connection: "close" } }, "its own are gone");
  t.match(await ask(pair.url + pollingQuery), { status: 200 }, "two takes new ones");
  t.match(await ask(pair.url + pollingQuery), { status: 503, headers: { connection: "close" } }, "one does not");
  t.equal(draining.stats().sessions, 0);
  t.equal(other.stats().sessions, 2);
});

test("a failing relay, or an unknown owner, is answered as an unknown session", async (t) => {
  const pair = await startPair(t, { relay: () => Promise.reject(new Error("no such subject")) });
  for (const sid of ["one.x", "two.x", "three.x", "a b.x", "..x", `${"o".repeat(65)}.x`, "x"]) {
    const reply = await ask(`${pair.url}${pollingQuery}&sid=${encodeURIComponent(sid)}`);
    t.match(reply, { status: 400, body: '{"code":1,"message":"Session ID unknown"}' }, sid);
  }
  t.ok(pair.errors.length > 0 && pair.errors.every((error) => error.message === "no such subject"));
});

test("a relayed request is held to the same limits, and never relayed further", async (t) => {
  const pair = await startPair(t, { maxPayload: 100 });
  const opened = await ask(pair.url + pollingQuery);
  const { sid }: { sid: string } = JSON.parse(opened.body.slice(1));
  const owner = pair.engines[sid.startsWith("one") ? 0 : 1];
  const other = pair.engines[sid.startsWith("one") ? 1 : 0];
  const post = { method: "POST", sid, search: "?EIO=4&transport=polling", body: "x".repeat(101), headers: {} } as const;
  t.match(await owner?.handleRelayed(post), { status: 413 });
  t.match(await owner?.handleRelayed({ ...post, search: "" }), { status: 400, body: /"code":0/ });
  t.match(await other?.handleRelayed({ ...post, body: "40" }), { status: 400, body: /"code":1/ });
  t.equal(pair.relayed, 0);
});

test("CORS headers: any origin reflected, a fixed one, a listed one, and a preflight", async (t) => {
  const headers = { origin: "http://a.example", "access-control-request-headers": "x-test" };
  const reflecting = await startPair(t, { cors: { origin: true } });
  const preflight = await ask(reflecting.url + pollingQuery, "OPTIONS", undefined, headers);
  t.match(preflight, {
    status: 204,
    headers: {
      "access-control-allow-origin": "http://a.example",
      "access-control-allow-methods": "GET,POST",
      "access-control-allow-headers": "x-test",
    },
  });
  const fixed = await startPair(t, { cors: { origin: "*" } });
  t.equal((await ask(fixed.url + pollingQuery, "GET", undefined, headers)).headers["access-control-allow-origin"], "*");
  const listed = await startPair(t, { cors: { origin: ["http://b.example"] } });
  const refused = await ask(listed.url + pollingQuery, "GET", undefined, headers);
  t.equal(refused.headers["access-control-allow-origin"], undefined);
});

test("bodies for other engines are read only so far for one address, which takes nothing from others", async (t) => {
  const relayed: string[] = [];
  const { url, port, engine } = await start(
    t,
    {
      ownerId: "here",
      clientAddress: ({ headers }) => String(headers.from),
      relay: async ({ body }) => {
        relayed.push(body);
        return { status: 200, headers: {}, body: "ok" };
      },
    },
    () => {},
  );
  const target = `${pollingQuery}&sid=there.session`;
  const head = `POST ${target} HTTP/1.1\r\nHost: x\r\nFrom: junk\r\nContent-Length: 900000\r\n\r\n`;
  const unfinished = [];
  for (let bytes = 900_000; bytes <= maxRelayedBytes; bytes += 900_000) {
    unfinished.push(await openStream(t, port, head));
  }
  const post = async (from: string) => (await ask(url + target, "POST", "x".repeat(900_000), { from })).status;
  await until("too many", async () => (await post("junk")) === 503);
  relayed.length = 0;
  t.equal(await post("honest"), 200);
  t.equal(relayed.length, 1);
  for (const stream of unfinished) stream.destroy();
  await until("what was reserved is released", async () => (await post("junk")) === 200);
  t.equal(engine.stats().sessions, 0);
});
