// An upgrade that reaches another engine than the session's: that one takes the session over, and nothing is lost or repeated.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  ask,
  type Client,
  connect,
  next,
  openRaw,
  pollingQuery,
  type Raw,
  type Test,
  webSocketQuery,
} from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type HandoverHost,
  type Socket,
  type TakeoverAnswer,
  type TakeoverRequest,
} from "../src/index.js";

const names = ["one", "two", "three"];

/** What the hosts of these tests keep of a client, wherever it is. */
interface Kept {
  /** What the client has sent. */
  readonly got: unknown[];
  /** Engines that have had it. */
  readonly engines: string[];
}

interface Cluster {
  readonly url: string;
  readonly engines: readonly Engine[];
  readonly errors: Error[];
  sockets(): Socket[];
  /** Upgrades are handled once it holds. */
  readyToUpgrade: () => boolean;
  /** Whether upgrades go to any engine but the session's. */
  elsewhere: boolean;
  /** Called with each socket that has come to a host, from a client or from another engine. */
  onSocket: (socket: Socket) => void;
  /** How often the hosts were asked to offer a socket. */
  offers: number;
  /** Handled events that have not come to an end: each ends when its promise does. */
  busy: Promise<void> | undefined;
  /** Expected sockets that have neither come nor been cancelled. */
  readonly expected: Set<object>;
  /** Called with each request between engines; what it throws is what the receiver gets instead of an answer. */
  onAsk: (request: TakeoverRequest, answer: () => Promise<TakeoverAnswer>) => Promise<TakeoverAnswer>;
}

const keptBy = (socket: Socket) => socket.data as Kept;

/** Three engines behind a plain round robin, whose hosts keep what each client sends and send it back. */
async function startCluster(t: Test, options: EngineOptions = {}): Promise<Cluster> {
  const engines = new Map<string, Engine>();
  const errors: Error[] = [];
  const cluster: Cluster = {
    url: "",
    engines: [],
    errors,
    sockets: () => [...engines.values()].flatMap(({ sockets }) => [...sockets]),
    readyToUpgrade: () => true,
    elsewhere: false,
    onSocket: () => {},
    offers: 0,
    busy: undefined,
    expected: new Set(),
    onAsk: (_, answer) => answer(),
  };
  const ask = async (request: TakeoverRequest, owner: string): Promise<TakeoverAnswer> => {
    const engine = engines.get(owner);
    if (!engine) throw new Error(`no engine ${owner}`);
    const answer = () => engine.handleTakeover(JSON.parse(JSON.stringify(request)));
    return JSON.parse(JSON.stringify(await cluster.onAsk(request, answer)));
  };
  for (const ownerId of names) {
    const enter = (socket: Socket, kept: Kept) => {
      socket.data = kept;
      kept.engines.push(ownerId);
      socket.onEvent(async (event, args, ack) => {
        await cluster.busy;
        kept.got.push(args[0]);
        if (ack) ack(...args);
        else socket.emit(event, ...args);
      });
      cluster.onSocket(socket);
    };
    const host: HandoverHost = {
      async offer() {
        cluster.offers += 1;
        await cluster.busy;
        return { from: ownerId };
      },
      give: keptBy,
      keep: () => {},
      async expect() {
        const expectation = {};
        cluster.expected.add(expectation);
        return {
          adopt(socket, state) {
            cluster.expected.delete(expectation);
            enter(socket, state as Kept);
          },
          cancel: () => cluster.expected.delete(expectation),
        };
      },
    };
    const engine = createEngine(
      {
        ownerId,
        onError: (error) => errors.push(error),
        relay: async (request, owner) => {
          const answer = await engines.get(owner)?.handleRelayed(request);
          if (!answer) throw new Error(`no engine ${owner}`);
          return answer;
        },
        takeover: { ask, host },
        ...options,
      },
      (socket) => enter(socket, { got: [], engines: [] }),
    );
    engines.set(ownerId, engine);
  }
  let turn = 0;
  const inTurn = [...engines.values()];
  const nextEngine = () => inTurn[turn++ % inTurn.length];
  const server = createServer((request, response) => nextEngine()?.handleRequest(request, response));
  server.on("upgrade", async (request, stream, head) => {
    const owner = /sid=(\w+)/.exec(request.url ?? "")?.[1] ?? "";
    if (cluster.elsewhere && names[turn % names.length] === owner) turn += 1;
    const engine = nextEngine();
    await until("the moment to upgrade", cluster.readyToUpgrade);
    engine?.handleUpgrade(request, stream, head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    for (const engine of inTurn) await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(cluster, { url, engines: inTurn });
}

const transportOf = ({ io }: Client): string => io.engine.transport.name;

test("sixty clients with default settings all end on WebSocket behind a plain round robin", async (t) => {
  const cluster = await startCluster(t);
  const clients = Array.from({ length: 60 }, () => connect(t, cluster.url, { reconnection: false }));
  await until("all are on WebSocket", () =>
    clients.every((client) => client.connected && transportOf(client) === "websocket"),
  );
  const echoes = await Promise.all(clients.map((client, n) => client.emitWithAck("n", n)));
  t.strictSame(echoes, Array.from(clients.keys()));
  const takenOver = cluster.engines.reduce((sum, engine) => sum + engine.stats().takenOver, 0);
  t.ok(takenOver > 20, `${takenOver} moved`);
  t.equal(cluster.sockets().length, 60);
  t.strictSame(
    cluster
      .sockets()
      .map(({ id }) => id)
      .sort(),
    clients.map(({ id }) => id).sort(),
    "each keeps its id",
  );
  t.equal(cluster.expected.size, 0);
  t.strictSame(cluster.errors, []);
});

for (const start of [0, 1, 50, 200]) {
  test(`nothing is lost or reordered by a takeover in a stream of messages, from the ${start}th on`, async (t) => {
    const cluster = await startCluster(t);
    cluster.elsewhere = true;
    const toClient: unknown[] = [];
    /** While the client is at no host: what a host would read from a log. */
    const missed: number[] = [];
    const now: { socket?: Socket | undefined; kept: Kept } = { kept: { got: [], engines: [] } };
    cluster.onSocket = (arrived) => {
      now.socket = arrived;
      now.kept = keptBy(arrived);
      for (const n of missed.splice(0)) arrived.emit("down", n);
      arrived.onClose(() => {
        now.socket = undefined;
      });
    };
    const got = () => now.kept.got.length;
    cluster.readyToUpgrade = () => got() >= start;
    const client = connect(t, cluster.url, { reconnection: false });
    client.on("down", (n) => toClient.push(n));
    await next(client, "connect");
    let sent = 0;
    for (let after = 0; after < 20; after += transportOf(client) === "websocket" ? 1 : 0) {
      for (let burst = 0; burst < 10; burst += 1) {
        client.emit("up", sent);
        if (now.socket) now.socket.emit("down", sent);
        else missed.push(sent);
        sent += 1;
      }
      await until("room for more", () => sent - Math.min(got(), toClient.length) < 300);
      await new Promise(setImmediate);
    }
    await until("all arrived", () => got() === sent && toClient.length === sent);
    const expected = Array.from({ length: sent }, (_, n) => n);
    t.strictSame(now.kept.got, expected);
    t.strictSame(toClient, expected);
    t.equal(now.kept.engines.length, 2, "it has moved");
    t.equal(cluster.sockets().length, 1);
  });
}

/** A session at engine one, connected to its host, with a URL of its polls at each engine. */
async function openAtOne(t: Test, options: EngineOptions = {}) {
  const cluster = await startCluster(t, options);
  cluster.elsewhere = true;
  const opened = await ask(cluster.url + pollingQuery);
  const { sid }: { sid: string } = JSON.parse(opened.body.slice(1));
  const session = `${cluster.url}${pollingQuery}&sid=${sid}`;
  // At two, and at three.
  await ask(session, "POST", "40");
  await ask(session);
  const post = async (body: string) => (await ask(session, "POST", body)).body;
  /** Opens a WebSocket at engine two or three. */
  const probe = async (): Promise<Raw> => {
    const raw = await openRaw(t, `${cluster.url}${webSocketQuery}&sid=${sid}`);
    raw.socket.send("2probe");
    return raw;
  };
  const [socket] = cluster.sockets();
  if (!socket) throw new Error("no socket");
  return { cluster, sid, session, post, probe, kept: keptBy(socket), socket };
}

const answered = (probe: Raw) => until("the answer to the probe", () => probe.texts.length > 0);

test("what the client sends while its session is reserved is handled once: there or here", async (t) => {
  const { cluster, post, probe, kept, session } = await openAtOne(t, { upgradeTimeout: 2_000 });
  const first = await probe();
  await answered(first);
  t.strictSame(first.texts, ["3probe"]);
  t.equal(await post('42["n",1]\x1e42["n",2]'), "ok");
  t.strictSame(kept.got, [], "it waits");
  first.socket.terminate();
  await until("it is handled where it was", () => kept.got.length === 2);
  t.equal((await ask(session)).body, '42["n",1]\x1e42["n",2]');

  const second = await probe();
  await answered(second);
  t.equal(await post('42["n",3]'), "ok");
  second.socket.send("5");
  second.socket.send('42["n",4]');
  await until("all is handled", () => second.texts.length === 3);
  t.strictSame(second.texts, ["3probe", '42["n",3]', '42["n",4]']);
  t.equal(cluster.sockets().length, 1);
  const [moved] = cluster.sockets();
  t.strictSame(moved && keptBy(moved), { got: [1, 2, 3, 4], engines: ["one", keptBy(moved!).engines[1]] });
  for (const _ of names) {
    t.match(await ask(session), { status: 400, body: /"code":3/ }, "a late poll, at each engine");
    t.match(await ask(session, "POST", "3"), { status: 400, body: /"code":3/ });
    await ask(`${cluster.url}/turn`);
  }
  second.socket.terminate();
  await until("its end", () => cluster.sockets().length === 0);
});

test("while something is being handled the probe is not answered; if that takes too long the session stays", async (t) => {
  const { cluster, post, probe, kept, session } = await openAtOne(t);
  let finish = () => {};
  cluster.busy = new Promise((resolve) => {
    finish = resolve;
  });
  t.equal(await post('42["n",1]'), "ok");
  const early = await probe();
  await until("it is refused", () => early.closed !== undefined);
  t.strictSame(early.texts, []);
  const patient = await probe();
  const waiting = ask(session);
  await until("it is being reserved", () => cluster.offers === 2);
  finish();
  await answered(patient);
  t.strictSame(patient.texts, ["3probe"]);
  t.strictSame(kept.got, [1]);
  t.match(await waiting, { status: 200, body: '42["n",1]' });
});

for (const step of ["reserve", "take"] as const) {
  for (const lost of ["request", "answer"] as const) {
    test(`the ${lost} of ${step} is lost: the client goes on, or connects again`, async (t) => {
      const cluster = await startCluster(t, { upgradeTimeout: 1_000 });
      cluster.elsewhere = true;
      let faults = 0;
      cluster.onAsk = async (request, answer) => {
        if (request.step !== step || faults > 0) return answer();
        faults += 1;
        if (lost === "answer") await answer();
        throw new Error("the bus is away");
      };
      const client = connect(t, cluster.url);
      const got: unknown[] = [];
      client.on("n", (n) => got.push(n));
      await next(client, "connect");
      const { id } = client;
      await until("the fault", () => faults === 1);
      if (step === "take") await until("it has connected again", () => client.connected && client.id !== id);
      client.emit("n", 1);
      await until("the echo", () => got.length === 1);
      t.equal(client.id === id, step === "reserve");
      await until("one socket is left", () => cluster.sockets().length === 1);
      t.strictSame(
        cluster.sockets().map((socket) => socket.id),
        [client.id],
      );
      t.equal(cluster.expected.size, 0);
      t.match(cluster.errors, [{ message: "the bus is away" }]);
    });
  }
}

test("a client that goes away behind its upgrade packet is gone everywhere", async (t) => {
  const { cluster, probe } = await openAtOne(t);
  const gone = await probe();
  await answered(gone);
  cluster.onAsk = async (request, answer) => {
    if (request.step === "take") gone.socket.terminate();
    return answer();
  };
  gone.socket.send("5");
  await until("no session is left", () => cluster.engines.every(({ stats }) => stats().sessions === 0));
  t.equal(cluster.sockets().length, 0);
  t.equal(cluster.expected.size, 0);
});

test("one attempt at a time, and none with another's token", async (t) => {
  const { cluster, sid, probe, session } = await openAtOne(t);
  const [one] = cluster.engines;
  const first = await probe();
  await answered(first);
  const second = await probe();
  await until("it is refused", () => second.closed !== undefined);
  t.strictSame(second.texts, []);
  for (const step of ["take", "release"] as const) {
    t.strictSame(await one?.handleTakeover({ step, sid, token: "forged" }), { refused: "not reserved" });
  }
  t.strictSame(await one?.handleTakeover({ step: "reserve", sid: "one.nobody", token: "a" }), {
    refused: "unknown session",
  });
  first.socket.send("5");
  await until("it has moved", () => cluster.engines.some((engine) => engine.stats().takenOver === 1));
  const third = await probe().catch(() => undefined);
  if (third) await until("it is refused", () => third.closed !== undefined);
  t.match(await ask(session), { status: 400, body: /"code":3/ });
  t.equal(first.closed, undefined);
});

test("a session that is in the middle of something, or has much to be sent, stays on polling", async (t) => {
  const { probe, post, socket, session } = await openAtOne(t);
  t.equal(await post('451-["file",{"_placeholder":true,"num":0}]'), "ok");
  const early = await probe();
  await until("it is refused", () => early.closed !== undefined);
  t.equal(await post("bAQID"), "ok");
  await ask(session);
  socket.emit("much", "x".repeat(257 * 1024));
  const full = await probe();
  await until("it is refused", () => full.closed !== undefined);
  t.match((await ask(session)).body, /^42\["much"/);
  const later = await probe();
  await answered(later);
  t.strictSame([early.texts, full.texts, later.texts], [[], [], ["3probe"]]);
});

test("a session that cannot be moved any more, once its client has left polling, ends: the client connects again", async (t) => {
  const changes: Record<string, (socket: Socket) => void> = {
    "much is queued": (socket) => socket.emit("much", "x".repeat(257 * 1024)),
    "an acknowledgement is awaited": (socket) => socket.emit("ask", () => {}),
  };
  for (const [what, change] of Object.entries(changes)) {
    const { cluster, probe, socket, session } = await openAtOne(t);
    const one = await probe();
    await answered(one);
    change(socket);
    one.socket.send("5");
    await until("it is closed", () => one.closed !== undefined);
    t.strictSame([one.texts, one.closed], [["3probe"], 1001], what);
    t.equal(cluster.sockets().length, 0);
    t.equal(cluster.expected.size, 0);
    t.match(await ask(session), { status: 400, body: /"code":1/ });
  }
});

test("a session is reserved three times at most", async (t) => {
  const { probe } = await openAtOne(t);
  for (let n = 0; n < 3; n += 1) {
    const one = await probe();
    await answered(one);
    one.socket.send("not an upgrade");
    await until("it is given up", () => one.closed !== undefined);
  }
  const fourth = await probe();
  await until("it is refused", () => fourth.closed !== undefined);
  t.strictSame(fourth.texts, []);
});

test("more than waits for a takeover is handled at once, and there is none", async (t) => {
  const { cluster, probe, post, kept } = await openAtOne(t, { maxPayload: 1_000 });
  const early = await probe();
  await answered(early);
  const text = "x".repeat(700);
  for (const _ of [1, 2]) t.equal(await post(`42["n","${text}"]`), "ok");
  t.strictSame(kept.got, [text, text]);
  early.socket.send("5");
  await until("the client is told", () => early.closed !== undefined);
  t.equal(cluster.expected.size, 0);
  t.equal(cluster.sockets().length, 1);
});

for (const steps of [0, 1, 2, 3, 5, 8, 13, 21]) {
  test(`a final close during a takeover reaches the client (${steps} turns after the upgrade request)`, async (t) => {
    const cluster = await startCluster(t);
    cluster.elsewhere = true;
    let arrived = false;
    let current: Socket | undefined;
    cluster.onSocket = (socket) => {
      current = socket;
    };
    cluster.readyToUpgrade = () => {
      arrived = true;
      return current !== undefined;
    };
    const client = connect(t, cluster.url);
    await until("an upgrade", () => arrived && client.connected);
    for (let turn = 0; turn < steps; turn += 1) await new Promise(setImmediate);
    const gone = next(client, "disconnect");
    const last = next(client, "last");
    await until("it is somewhere", () => {
      const [socket] = cluster.sockets();
      socket?.emit("last", "words");
      socket?.close(4500, "gone");
      return socket !== undefined;
    });
    t.strictSame(await last, ["words"]);
    t.equal((await gone)[0], "io server disconnect");
    t.notOk(client.active);
  });
}

test("an engine that drains takes nothing over; no more arrive in a second than may shake hands", async (t) => {
  const { cluster, probe } = await openAtOne(t, { maxHandshakesPerAddress: 1 });
  const probes = [];
  for (let n = 0; n < 12; n += 1)
    probes.push(
      probe().then(
        () => "let in",
        () => "refused",
      ),
    );
  const outcomes = await Promise.all(probes);
  t.ok(outcomes.includes("refused"), outcomes.join());
  const [, two, three] = cluster.engines;
  await Promise.all([two?.drain(0), three?.drain(0)]);
  t.equal(await probe().catch(() => "refused"), "refused");
});
