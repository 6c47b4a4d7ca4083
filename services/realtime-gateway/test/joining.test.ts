// A client that joins a room gets what it missed, then everything new, without a gap or a repeat.

import { createLocalBus } from "@khui/bus/local";
import { closeCodes } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createFeeds } from "../src/rooms/feeds.js";
import { type JoinedRoom, joinRoom } from "../src/rooms/join-room.js";
import { createRoomLogs } from "../src/rooms/room-logs.js";
import { createRoomQuestions } from "../src/rooms/room-questions.js";
import { fakeMessagesApi, positionOf, roomId } from "./fake-messages-api.js";
import { ignored, type Listener, listener } from "./room-log.js";

/** While it is shut, who passes waits. */
function createGate() {
  const gate = {
    waiting: [] as Array<() => void>,
    shut: false,
    pass: () => (gate.shut ? new Promise<void>((resolve) => gate.waiting.push(resolve)) : Promise.resolve()),
    open() {
      gate.shut = false;
      for (const goOn of gate.waiting.splice(0)) goOn();
    },
  };
  return gate;
}

/** A gateway's feeds over a local bus. While `gate.shut` is set, requests wait in `gate.waiting`, and so do their answers. */
function gatewayOn(t: Test) {
  const bus = createLocalBus().connect();
  const gate = createGate();
  const positionsGate = createGate();
  const api = fakeMessagesApi(bus, gate.pass, positionsGate.pass);
  const listeners: Listener[] = [];
  const feeds = createFeeds({
    ...ignored,
    bus,
    logs: createRoomLogs(bus),
    onLost(feed) {
      for (const client of feed.clients) client.emit("resync_required", { chatRoomId: roomId, seq: feed.position });
    },
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
  const questions = createRoomQuestions(bus);
  async function join(
    one: Listener,
    lastSeq?: number,
    maxStallMs?: number,
    epoch?: string,
  ): Promise<JoinedRoom | undefined> {
    let room: JoinedRoom | undefined;
    const typing = { learn: async () => {} };
    const stall = maxStallMs === undefined ? {} : { maxStallMs };
    const context = { bus, feeds, questions, typing, metrics: { resyncs: 0 }, ...stall };
    const onJoined = (joined: JoinedRoom) => {
      room = joined;
    };
    const isIn = await joinRoom(context, one.client, roomId, lastSeq, onJoined, { epoch });
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
  return { api, feeds, gate, positionsGate, heldAnswer, join, enter };
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
  const open = await heldAnswer();
  open();
  const letGo = await heldAnswer();
  api.floor = 7;
  gate.shut = false;
  letGo();
  await joining;
  t.same(a.received, [1, 2, 3, "resync_required"]);
});

test("a number of another epoch is told to resync; one without an epoch, or where none is known, is taken as it is", async (t) => {
  for (const [known, told, expected] of [
    ["first", "second", ["resync_required"]],
    ["first", "first", [3]],
    ["first", undefined, [3]],
    [undefined, "first", [3]],
  ] as const) {
    const { api, join, enter } = gatewayOn(t);
    for (let i = 0; i < 3; i++) api.append();
    api.epoch = known;
    const a = enter("a");
    t.equal((await join(a, 2, undefined, told))?.feed.epoch, known);
    t.same(a.received, expected);
  }
});

for (const [name, head, epoch] of [
  ["a shorter log", 4, "first"],
  ["a log of the same length in another epoch", 8, "second"],
  ["a longer log in another epoch", 11, "second"],
] as const) {
  test(`after a restore, ${name}: a join makes the feed begin again, and those in the room are told to resync`, async (t) => {
    const { api, join, enter } = gatewayOn(t);
    api.epoch = "first";
    for (let i = 0; i < 8; i++) api.append();
    const [a, b] = [enter("a"), enter("b")];
    await join(a);
    for (let i = 0; i < 3; i++) api.append();
    api.restore(head, epoch);
    t.match(await join(b), { opened: { seq: head }, feed: { position: head, epoch } });
    t.same(a.received, ["resync_required"]);
    api.publish(api.append());
    await until("the next is there", () => b.received.length > 0);
    t.same(a.received, ["resync_required", head + 1]);
    t.same(b.received, [head + 1]);
  });
}

test("a join that a restore overtakes is refused, and succeeds when it is repeated", async (t) => {
  const { api, join, enter, gate, heldAnswer, feeds } = gatewayOn(t);
  api.epoch = "first";
  for (let i = 0; i < 8; i++) api.append();
  const [a, b] = [enter("a"), enter("b")];
  await join(a);
  gate.shut = true;
  const joining = join(b, 7);
  const answer = await heldAnswer();
  answer();
  const letGo = await heldAnswer();
  api.restore(3, "second");
  feeds.get(roomId)?.noteLog(3, "second", 8);
  gate.open();
  letGo();
  await t.rejects(joining, { code: "service_unavailable" });
  await join(b, 7, undefined, "first");
  t.same(b.received, [8, "resync_required"]);
});

test("when entries are lost to retention before the cut over, the join is refused for the moment", async (t) => {
  const { api, feeds, join, enter, positionsGate } = gatewayOn(t);
  await join(enter("earlier"));
  for (let i = 0; i < 3; i++) api.append();
  positionsGate.shut = true;
  feeds.get(roomId)?.positions.forget();
  const a = enter("a");
  const joining = join(a);
  await until("the positions are asked for", () => positionsGate.waiting.length === 1);
  for (let i = 0; i < 6; i++) api.append();
  api.floor = 7;
  await feeds.reconcile();
  await until("the feed has passed over them", () => feeds.get(roomId)?.position === 9);
  positionsGate.open();
  await t.rejects(joining, { code: "service_unavailable" });
  t.same(a.received, [], "not even the entries that are left");
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
  const { api, join, enter, gate, feeds } = gatewayOn(t);
  const [a, b] = [enter("a"), enter("b")];
  gate.shut = true;
  const joining = [join(a), join(b)];
  await until("both are asked", () => api.asked.joins === 2);
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

test("a slow client is sent what it missed when it has taken what it was sent before, and holds nobody up", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  for (let i = 0; i < 7; i++) api.append();
  const [slow, quick] = [enter("a"), enter("b")];
  const socket = slow.client.socket as { bufferedBytes: number };
  socket.bufferedBytes = 2 * 1024 * 1024;
  const joining = join(slow, 0);
  await until("it is asked", () => api.asked.joins === 1);
  await join(quick, 0);
  t.same(quick.received, [1, 2, 3, 4, 5, 6, 7]);
  t.same(slow.received, []);
  socket.bufferedBytes = 0;
  await joining;
  t.same(slow.received, quick.received);
});

test("a client that takes nothing during its backfill is closed", async (t) => {
  const { api, join, enter, feeds } = gatewayOn(t);
  for (let i = 0; i < 7; i++) api.append();
  const a = enter("a");
  Object.assign(a.client.socket, {
    bufferedBytes: 2 * 1024 * 1024,
    close(code: number) {
      a.received.push(code);
      a.client.closed = true;
    },
  });
  t.equal(await join(a, 0, 1), undefined);
  t.same(a.received, [closeCodes.slow_consumer.code]);
  t.equal(feeds.size, 0);
});

test("everyone who joins a small room within a moment is shown the positions that one of them asked for", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  const rooms = await Promise.all(["a", "b", "c"].map((userId) => join(enter(userId))));
  for (const room of rooms) t.same(JSON.parse(room?.positions ?? ""), [positionOf("somebody")]);
  t.equal(api.asked.positions, 1);
});

test("a mark that came after the positions were asked for, and before a client joins, is sent to it", async (t) => {
  const { api, join, enter, feeds } = gatewayOn(t);
  const mark = (seq: number) =>
    feeds.get(roomId)?.bufferLive({ event: "message_read" }, encodeEvent("message_read", `{"seq":${seq}}`));
  const [a, b, c] = [enter("a"), enter("b"), enter("c")];
  await join(a);
  mark(71);
  await join(b);
  mark(72);
  await join(c);
  if (api.asked.positions > 1) return t.pass("this machine takes more than a second for that");
  t.same(a.received, []);
  t.same(b.received, [71]);
  t.same(c.received, [71, 72]);
});

test("a mark that comes while the positions are asked for is sent to all who wait for them", async (t) => {
  const { api, join, enter, feeds, positionsGate } = gatewayOn(t);
  positionsGate.shut = true;
  const [a, b] = [enter("a"), enter("b")];
  const mark = (seq: number) =>
    feeds.get(roomId)?.bufferLive({ event: "message_read" }, encodeEvent("message_read", `{"seq":${seq}}`));
  const first = join(a);
  await until("the positions are asked for", () => api.asked.positions === 1);
  mark(71);
  const second = join(b);
  await until("the second is asked for", () => api.asked.joins === 2);
  mark(72);
  positionsGate.open();
  await Promise.all([first, second]);
  t.equal(api.asked.positions, 1);
  t.same(a.received, [71, 72]);
  t.same(b.received, [71, 72]);
});

test("when somebody comes into the room the positions are asked for again", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  const a = enter("a");
  await join(a);
  api.publish({ ...api.append(), members: 3 });
  await until("it is delivered", () => a.received.length === 1);
  await join(enter("b"));
  t.equal(api.asked.positions, 2);
});

test("in a room of more than 200 people a client is shown its user's own position, and nobody else's is asked for", async (t) => {
  const { api, join, enter } = gatewayOn(t);
  api.members = 201;
  t.same(JSON.parse((await join(enter("a")))?.positions ?? ""), [positionOf("a")]);
  t.equal(api.asked.positions, 0);
});
