// A polling client that stops polling is closed at pollTimeout, long before its heartbeat is missed.

import { ask, connect, next, openPolling, start, type Test } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import type { Socket } from "../src/index.js";

/** Short, but long enough for a client in this process that polls again at once, even on a busy machine. */
const pollTimeout = 1_000;

async function startClosing(t: Test, options = {}) {
  const sockets: Socket[] = [];
  const ends = new Map<Socket, string>();
  const rig = await start(t, { pollTimeout, ...options }, (socket) => {
    sockets.push(socket);
    socket.onClose((reason) => ends.set(socket, reason));
  });
  /** Connects over polling with plain requests; no poll is left waiting. */
  const open = async (): Promise<{ url: string; socket: Socket }> => {
    const url = await openPolling(rig.url);
    await ask(url, "POST", "40");
    await ask(url);
    return { url, socket: sockets.at(-1)! };
  };
  return { ...rig, ends, open };
}

test("a client that does not poll again after a response is closed; one whose poll waits is not", async (t) => {
  const { ends, open } = await startClosing(t);
  const [away, waiting] = [await open(), await open()];
  const poll = ask(waiting.url);
  await until("the one that is away is gone", () => ends.has(away.socket));
  t.equal(ends.get(away.socket), "transport close");
  t.match(await ask(away.url), { status: 400, body: /Session ID unknown/ });
  const later = await open();
  await until("another is gone, a whole time-out later", () => ends.has(later.socket));
  t.notOk(ends.has(waiting.socket));
  waiting.socket.emit("n", 1);
  t.equal((await poll).body, '42["n",1]');
  await until("it does not come back either", () => ends.has(waiting.socket));
});

test("a client that never polls is closed", async (t) => {
  const { engine, url } = await startClosing(t);
  await openPolling(url);
  t.equal(engine.stats().sessions, 1);
  await until("it is gone", () => engine.stats().sessions === 0);
});

test("a long response extends the time to the next poll", async (t) => {
  const { ends, open } = await startClosing(t, { pollTimeout: 500 });
  const [long, short] = [await open(), await open()];
  long.socket.emit("long", "x".repeat(64 * 1024));
  await ask(long.url);
  await until("the short one is gone", () => ends.has(short.socket));
  const later = await open();
  await until("a later one too", () => ends.has(later.socket));
  t.notOk(ends.has(long.socket), "4 s more are given for 64 KiB");
});

test("the next poll is due after the response of a relayed poll, too", async (t) => {
  const { engine, ends, open } = await startClosing(t);
  const { url, socket } = await open();
  const sid = new URL(url).searchParams.get("sid")!;
  const answer = engine.handleRelayed({ method: "GET", sid, search: new URL(url).search, body: "", headers: {} });
  socket.emit("n", 1);
  t.match(await answer, { status: 200, body: '42["n",1]' });
  await until("it is gone", () => ends.has(socket));
});

test("clients that poll, upgrade or use WebSocket stay connected", async (t) => {
  const { url, ends, open } = await startClosing(t);
  const clients = [["polling"], ["polling", "websocket"], ["websocket"]].map((transports) =>
    connect(t, url, { transports }),
  );
  await Promise.all(clients.map((client) => next(client, "connect")));
  for (let round = 0; round < 2; round++) {
    const away = await open();
    await until("one that is away is gone", () => ends.has(away.socket));
  }
  t.equal(ends.size, 2);
  t.ok(clients.every(({ connected }) => connected));
});
