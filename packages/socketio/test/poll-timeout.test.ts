// A polling client that does not come back for more is gone, long before its heartbeat is missed.

import { ask, connect, next, openPolling, start, type Test, until } from "@khui/test-kit/socketio/rig";
import { test } from "tap";
import type { Socket } from "../src/index.js";

/** Short, but no busy machine lets a client of this process miss it that comes back at once. */
const pollTimeout = 1_000;

async function startClosing(t: Test, options = {}) {
  const sockets: Socket[] = [];
  const ends = new Map<Socket, string>();
  const rig = await start(t, { pollTimeout, ...options }, (socket) => {
    sockets.push(socket);
    socket.onClose((reason) => ends.set(socket, reason));
  });
  /** Connects over polling, by hand; the last poll is answered. */
  const open = async (): Promise<{ url: string; socket: Socket }> => {
    const url = await openPolling(rig.url);
    await ask(url, "POST", "40");
    await ask(url);
    return { url, socket: sockets.at(-1)! };
  };
  return { ...rig, ends, open };
}

test("who stays away after an answer is gone, who waits is not", async (t) => {
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

test("who never polls is gone as well", async (t) => {
  const { engine, url } = await startClosing(t);
  await openPolling(url);
  t.equal(engine.stats().sessions, 1);
  await until("it is gone", () => engine.stats().sessions === 0);
});

test("a long answer on a slow line is waited for longer", async (t) => {
  const { ends, open } = await startClosing(t, { pollTimeout: 500 });
  const [long, short] = [await open(), await open()];
  long.socket.emit("long", "x".repeat(64 * 1024));
  await ask(long.url);
  await until("the short one is gone", () => ends.has(short.socket));
  const later = await open();
  await until("a later one too", () => ends.has(later.socket));
  t.notOk(ends.has(long.socket), "4 s more are given for 64 KiB");
});

test("a relayed poll that is answered is waited for in the same way", async (t) => {
  const { engine, ends, open } = await startClosing(t);
  const { url, socket } = await open();
  const sid = new URL(url).searchParams.get("sid")!;
  const answer = engine.handleRelayed({ method: "GET", sid, search: new URL(url).search, body: "", headers: {} });
  socket.emit("n", 1);
  t.match(await answer, { status: 200, body: '42["n",1]' });
  await until("it is gone", () => ends.has(socket));
});

test("clients that poll, upgrade or speak WebSocket stay as they are", async (t) => {
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
