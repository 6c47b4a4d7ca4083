// A client that joins a room gets what it missed, then everything new, without a gap or a repeat.

import { createLocalBus } from "@khui/bus/local";
import { encodeEvent } from "@khui/socketio";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createFeeds } from "../src/rooms/feeds.js";
import { type JoinedRoom, joinRoom } from "../src/rooms/join-room.js";
import { createRoomLogs } from "../src/rooms/room-logs.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";
import { ignored, type Listener, listener } from "./room-log.js";

/** A gateway's feeds over a local bus. While `gate.shut` is set, requests wait in `gate.waiting`, and so do their answers. */
function gatewayOn(t: Test) {
  const bus = createLocalBus().connect();
  const gate = { waiting: [] as Array<() => void>, shut: false };
  const api = fakeMessagesApi(bus, () =>
    gate.shut ? new Promise<void>((resolve) => gate.waiting.push(resolve)) : Promise.resolve(),
  );
  const listeners: Listener[] = [];
  const feeds = createFeeds({
    ...ignored,
    bus,
    logs: createRoomLogs(bus),
    onLeft(feed, userId) {
      for (const { client } of listeners)
        if (client.userId === userId && client.rooms.has(roomId)) feed.unsubscribe(client);
    },
    onError: (error) => t.fail(String(error)),
    onLive: () => {},
  });
  t.teardown(async () => {
    feeds.close();
    await bus.close();
  });
  async function join(one: Listener, lastSeq?: number): Promise<JoinedRoom | undefined> {
    let room: JoinedRoom | undefined;
    const context = { bus, feeds, typing: { inRoom: async () => [] }, metrics: { resyncs: 0 } };
    const isIn = await joinRoom(context, one.client, roomId, lastSeq, (joined) => {
      room = joined;
    });
    return isIn ? room : undefined;
  }
  const enter = (userId: string) => {
    const one = listener(userId);
    listeners.push(one);
    return one;
  };
  /** Lets the one request that waits go on, and resolves when its answer waits: with what lets that go on too. */
  const heldAnswer = async (): Promise<() => void> => {
    await until("the request is made", () => gate.waiting.length === 1);
    gate.waiting.shift()?.();
    await until("its answer is ready", () => gate.waiting.length === 1);
    return gate.waiting.shift()!;
  };
  return { bus, api, feeds, gate, heldAnswer, join, enter };
}

test("without lastSeq a client gets only what is new", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  for (let i = 0; i < 4; i++) api.append();
  const a = enter("a");
  const result = await join(a);
  t.equal(result?.opened.seq, 4);
  api.publish(api.append());
  await until("the new one is there", () => a.received.length > 0);
  t.same(a.received, [5]);
});

test("with lastSeq it gets what it missed, page by page, before anything new", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  for (let i = 0; i < 11; i++) api.append();
  const a = enter("a");
  await join(a, 2);
  t.same(a.received, [3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("messages hidden meanwhile are reported after the entries they may be among", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  for (let i = 0; i < 2; i++) api.append();
  api.hidden = ["0123456789abcdef00000000"];
  const a = enter("a");
  await join(a, 0);
  t.same(a.received, [1, 2, "message_deleted"]);
});

test("when the log no longer reaches back the client is told to resync, and what is new follows", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  for (let i = 0; i < 8; i++) api.append();
  api.floor = 6;
  const a = enter("a");
  await join(a, 2);
  t.same(a.received, ["resync_required"]);
  api.publish(api.append());
  await until("the new one is there", () => a.received.length > 1);
  t.same(a.received, ["resync_required", 9]);
});

test("when entries are lost to retention between two pages the client is told to resync", async (t) => {
  const { api, join, enter, gate, heldAnswer } = gatewayOn(t);
  for (let i = 0; i < 9; i++) api.append();
  gate.shut = true;
  const a = enter("a");
  const joining = join(a, 0);
  const letGo = await heldAnswer();
  api.floor = 7;
  gate.shut = false;
  letGo();
  await joining;
  t.same(a.received, [1, 2, 3, "resync_required"]);
});

test("joining again while entries arrive gives nothing twice", async (t) => {
  const { api, join, enter, gate, heldAnswer } = gatewayOn(t);
  const a = enter("a");
  await join(a);
  gate.shut = true;
  const again = join(a);
  const letGo = await heldAnswer();
  for (let i = 0; i < 3; i++) api.publish(api.append());
  await until("they are delivered", () => a.received.length === 3);
  gate.shut = false;
  letGo();
  t.ok(await again);
  api.publish(api.append());
  await until("the next is there", () => a.received.length > 3);
  t.same(a.received, [1, 2, 3, 4]);
});

test("two clients that open a room at different heads both get everything", async (t) => {
  const { api, join, enter, gate, heldAnswer } = gatewayOn(t);
  api.append();
  gate.shut = true;
  const [a, b] = [enter("a"), enter("b")];
  const first = join(a);
  const answerFirst = await heldAnswer();
  for (let i = 0; i < 5; i++) api.append();
  gate.shut = false;
  t.equal((await join(b))?.opened.seq, 6);
  answerFirst();
  t.equal((await first)?.opened.seq, 1);
  api.publish(api.append());
  await until("the newest is there", () => b.received.length > 0);
  t.same(a.received, [2, 3, 4, 5, 6, 7]);
  t.same(b.received, [7]);
});

test("a user who leaves while joining does not get in, wherever the feed is", async (t) => {
  const { api, join, enter, gate, heldAnswer, feeds } = gatewayOn(t);
  api.append();
  gate.shut = true;
  const [a, b] = [enter("a"), enter("b")];
  const joining = join(a);
  const letIn = await heldAnswer();
  // The leaving is not published: the other client opens the room, and starts the feed, beyond it.
  api.append("a");
  api.append();
  gate.shut = false;
  const other = await join(b);
  letIn();
  t.equal(await joining, undefined);
  t.equal(other?.feed.clients.has(a.client), false);
  t.same(a.received, [2]);
  api.publish(api.append());
  await until("the other gets the next", () => b.received.length > 0);
  t.same(a.received, [2]);
  t.equal(feeds.size, 1);
});

test("a user who leaves while joining gets nothing that is delivered after their leaving", async (t) => {
  const { api, join, enter, gate, heldAnswer } = gatewayOn(t);
  const [a, b] = [enter("a"), enter("b")];
  await join(b);
  gate.shut = true;
  const joining = join(a);
  const letGo = await heldAnswer();
  for (const left of [undefined, "a", undefined]) api.publish(api.append(left));
  await until("the other has them", () => b.received.length === 3);
  letGo();
  t.equal(await joining, undefined);
  t.same(a.received, [1, 2]);
});

test("a rejected join leaves no feed open", async (t) => {
  const { api, join, enter, feeds } = gatewayOn(t);
  api.append("a");
  await t.rejects(join(enter("a")), { code: "not_a_participant" });
  t.equal(feeds.size, 0);
});

test("a state that changes while clients join is sent after they joined, to those whom it is for", async (t) => {
  const { join, enter, gate, feeds } = gatewayOn(t);
  const [a, b] = [enter("a"), enter("b")];
  gate.shut = true;
  const joining = [join(a), join(b)];
  await until("both are asked", () => gate.waiting.length === 2);
  feeds.get(roomId)?.bufferLive({ event: "message_read", except: "b" }, encodeEvent("message_read", '{"seq":77}'));
  feeds.get(roomId)?.bufferLive({ event: "message_read", only: "b" }, encodeEvent("message_read", '{"seq":78}'));
  gate.shut = false;
  for (const goOn of gate.waiting.splice(0)) goOn();
  await Promise.all(joining);
  t.same(a.received, [77]);
  t.same(b.received, [78]);
  t.equal(feeds.get(roomId)?.liveReplay.since(0).length, 0, "nothing is kept once nobody joins");
});

test("a busy room is joined although more is delivered than the replay buffer holds", async (t) => {
  const { api, join, enter, gate, heldAnswer } = gatewayOn(t);
  const [a, b] = [enter("a"), enter("b")];
  await join(b);
  gate.shut = true;
  const joining = join(a);
  const letGo = await heldAnswer();
  for (let i = 0; i < 1_500; i++) api.publish(api.append());
  await until("all of it was delivered", () => b.received.length === 1_500);
  gate.shut = false;
  letGo();
  for (const goOn of gate.waiting.splice(0)) goOn();
  await joining;
  api.publish(api.append());
  await until("the newest is there", () => a.received.at(-1) === 1_501);
  t.same(a.received, b.received.slice(-a.received.length));
  t.equal(a.received.length, 1_501);
});

test("a slow client is sent what it missed page by page, and holds nobody up", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  for (let i = 0; i < 7; i++) api.append();
  const [slow, quick] = [enter("a"), enter("b")];
  const socket = slow.client.socket as { bufferedBytes: number };
  socket.bufferedBytes = 2 * 1024 * 1024;
  const joining = join(slow, 0);
  await until("the first page is sent", () => slow.received.length === 3);
  await join(quick, 0);
  t.same(quick.received, [1, 2, 3, 4, 5, 6, 7]);
  t.same(slow.received, [1, 2, 3]);
  socket.bufferedBytes = 0;
  await joining;
  t.same(slow.received, quick.received);
});
