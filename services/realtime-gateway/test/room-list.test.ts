// A room list stays live for rooms that are not open, and shows nothing of rooms that the user has left.

import { createLocalBus } from "@khui/bus/local";
import { call, serveRpc } from "@khui/bus/rpc";
import { encodeWire, messagesRpc, subjects } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import type { Client } from "../src/connections/client.js";
import { createRoomListSubscriptions } from "../src/room-list/subscriptions.js";
import { createRoomLogs } from "../src/rooms/room-logs.js";
import { entry, type Listener, listener } from "./room-log.js";

const rooms = ["a", "b", "c"].map((letter) => letter.repeat(24)) as [string, string, string];
const [room] = rooms;

/** Users with a client each, whose three rooms are at entry 10. */
function roomListsOf(t: Test, people: readonly string[], limit = 50) {
  const local = createLocalBus();
  const api = local.connect();
  const bus = local.connect();
  const listeners = new Map<string, Listener>(people.map((userId) => [userId, listener(userId)]));
  /** Members of the first room; everybody is in the others. */
  const members = new Set(people);
  const errors: unknown[] = [];
  const state = {
    listed: 0,
    asked: 0,
    down: false,
    held: Promise.resolve(),
    verifying: Promise.resolve(),
    failing: 0,
    atOnce: 100,
  };
  serveRpc(api, messagesRpc.roomLists, async ({ userIds, limit }) => {
    state.listed++;
    await state.held;
    if (state.failing-- > 0) throw new Error("messages-api is down");
    const listed = rooms.slice(0, limit).map((roomId) => ({ roomId, seq: 10 }));
    return { rooms: listed, lists: userIds.slice(0, state.atOnce).map(() => [...listed.keys()]) };
  });
  serveRpc(api, messagesRpc.activeMembers, async ({ roomId, userIds }) => {
    state.asked++;
    if (state.down) throw new Error("messages-api is down");
    const found = userIds.filter((userId) => roomId !== room || members.has(userId));
    await state.verifying;
    return { userIds: found };
  });
  const clientsOf = (userId: string): Client[] => [listeners.get(userId)?.client].filter((one) => !!one);
  const logs = createRoomLogs(bus);
  const users = { has: (userId: string) => listeners.has(userId), clientsOf };
  const roomLists = createRoomListSubscriptions({
    bus,
    logs,
    users,
    maxRooms: limit,
    onError: (error) => errors.push(error),
  });
  t.teardown(async () => {
    roomLists.close();
    await bus.close();
    await api.close();
  });
  const publish = (roomId: string, seq: number, left?: string) => {
    const { body, ...header } = entry(seq, left);
    api.publish(subjects.roomLog(roomId), encodeWire(header, body));
  };
  const received = (userId: string) => listeners.get(userId)!.received;
  async function started(): Promise<void> {
    for (const userId of people) roomLists.userConnected(userId);
    await until("rooms are subscribed", () => logs.size === Math.min(limit, rooms.length));
    await bus.flush();
  }
  return { bus, roomLists, logs, members, state, publish, received, started, listeners, errors };
}

test("all subscribed clients get each new message once, in order, over one bus subscription", async (t) => {
  const { publish, received, started, logs, state } = roomListsOf(t, ["ann", "ben"]);
  await started();
  for (const seq of [10, 11, 12, 12, 11, 13]) publish(room, seq);
  for (const userId of ["ann", "ben"]) {
    await until("13 has come", () => received(userId).includes(13));
    t.same(received(userId), [11, 12, 13]);
  }
  t.equal(logs.size, rooms.length);
  t.equal(state.asked, 0, "nothing is missing, so nothing is verified");
});

test("clients that have joined the room get nothing beside its feed", async (t) => {
  const { publish, received, started, listeners, roomLists } = roomListsOf(t, ["ann", "ben"]);
  await started();
  const { client } = listeners.get("ann")!;
  roomLists.roomJoined(client, room);
  publish(room, 11);
  await until("ben got it", () => received("ben").includes(11));
  t.same(received("ann"), []);
  roomLists.roomLeft(client, room);
  publish(room, 12);
  await until("ann got it, who no longer has it open", () => received("ann").includes(12));
});

test("a user who leaves gets nothing more", async (t) => {
  const { publish, received, started } = roomListsOf(t, ["ann", "ben"]);
  await started();
  publish(room, 11, "ann");
  publish(room, 12);
  await until("ben got it", () => received("ben").includes(12));
  t.same(received("ann"), []);
});

test("after a gap, only users who are still in the room get anything", async (t) => {
  const { publish, received, started, members, state } = roomListsOf(t, ["ann", "ben"]);
  await started();
  members.delete("ann");
  for (const seq of [12, 13, 14]) publish(room, seq);
  await until("ben got it", () => received("ben").includes(14));
  t.same(received("ben"), [12, 13, 14]);
  t.same(received("ann"), [], "her leaving was in the gap");
  t.equal(state.asked, 1);
});

test("a gap during a verification is verified, too", async (t) => {
  const { publish, received, started, members, state } = roomListsOf(t, ["ann", "ben"]);
  await started();
  let goOn = () => {};
  state.verifying = new Promise((resolve) => {
    goOn = resolve;
  });
  publish(room, 12);
  await until("it is verified who is in the room", () => state.asked === 1);
  members.delete("ann");
  publish(room, 14);
  publish(room, 15);
  publish(rooms[1], 11);
  await until("they have come", () => received("ben").includes(11));
  goOn();
  await until("ben got it", () => received("ben").includes(15));
  t.notOk(received("ann").includes(14) || received("ann").includes(15), "her leaving was in the second gap");
  t.equal(state.asked, 2);
});

test("a client that leaves the room after a gap is verified before it gets anything", async (t) => {
  const { publish, received, started, listeners, members, roomLists, state } = roomListsOf(t, ["ann", "ben"]);
  await started();
  const { client } = listeners.get("ann")!;
  roomLists.roomJoined(client, room);
  members.delete("ann");
  publish(room, 12);
  await until("ben got it", () => received("ben").includes(12));
  roomLists.roomLeft(client, room);
  publish(room, 13);
  await until("ben got it", () => received("ben").includes(13));
  t.same(received("ann"), [], "her leaving was in the gap");
  t.equal(state.asked, 2);
});

test("a late notice of a room that the user has left meanwhile shows them nothing of it", async (t) => {
  const { roomLists, publish, received, started, members } = roomListsOf(t, ["ann", "ben"]);
  await started();
  publish(room, 11, "ann");
  publish(room, 12);
  members.delete("ann");
  await until("ben got it", () => received("ben").includes(12));
  roomLists.roomAdded("ann", room);
  publish(room, 13);
  await until("ben got the next", () => received("ben").includes(13));
  t.same(received("ann"), []);
});

test("an answer from before the user left shows them nothing that came after", async (t) => {
  const { roomLists, publish, received, logs, members, bus } = roomListsOf(t, ["ann", "ben"]);
  roomLists.userConnected("ben");
  await until("rooms are subscribed", () => logs.size === rooms.length);
  await bus.flush();
  publish(room, 500, "ann");
  publish(room, 501);
  members.delete("ann");
  await until("ben got it", () => received("ben").includes(501));
  roomLists.userConnected("ann");
  let seq = 10;
  await until("ann is subscribed to her rooms, as of entry 10", () => {
    publish(rooms[1], ++seq);
    return received("ann").length > 0;
  });
  publish(room, 502);
  await until("ben got the next", () => received("ben").includes(502));
  t.same(
    received("ann").filter((one) => Number(one) >= 500),
    [],
  );
});

test("while it cannot be known who is in the room, nobody gets anything", async (t) => {
  const { publish, received, started, state } = roomListsOf(t, ["ann"]);
  await started();
  state.down = true;
  publish(room, 12);
  await until("it was asked", () => state.asked === 1);
  state.down = false;
  await until("the next one is sent", () => {
    publish(room, 13);
    return received("ann").includes(13);
  });
  t.same(received("ann"), [13]);
});

test("beyond the limit the least recently active room is dropped", async (t) => {
  const { roomLists, publish, received, started, logs } = roomListsOf(t, ["ann"], 2);
  await started();
  const fresh = "d".repeat(24);
  roomLists.roomAdded("ann", fresh);
  t.equal(logs.size, 2);
  for (const roomId of [...rooms, fresh]) publish(roomId, 11);
  await until("both came", () => received("ann").length === 2);
  roomLists.roomAdded("ann", rooms[2]);
  publish(rooms[1], 12);
  publish(rooms[2], 12);
  await until("the third is subscribed now", () => received("ann").includes(12));
  t.same(received("ann"), [11, 11, 12]);
});

test("with a user's last client everything ends, also what is in flight", async (t) => {
  const { bus, roomLists, logs, started, listeners, state } = roomListsOf(t, ["ann", "ben"]);
  await started();
  roomLists.userDisconnected("ann");
  t.equal(logs.size, rooms.length);
  roomLists.userDisconnected("ben");
  t.equal(logs.size, 0);
  let answer = () => {};
  state.held = new Promise((resolve) => {
    answer = resolve;
  });
  roomLists.userConnected("ann");
  await until("the request has come", () => state.listed === 2);
  listeners.clear();
  roomLists.userDisconnected("ann");
  roomLists.roomAdded("ann", room);
  answer();
  // Answers come in order.
  await call(bus, messagesRpc.roomLists, { userIds: ["ann"], limit: 1 });
  t.equal(logs.size, 0);
});

test("a list that could not be read is read again, and not for a user who has gone meanwhile", async (t) => {
  const { roomLists, publish, received, logs, bus, state, listeners } = roomListsOf(t, ["ann", "ben"]);
  state.failing = 2;
  for (const userId of ["ann", "ben"]) roomLists.userConnected(userId);
  await until("it has failed", () => state.failing < 2);
  listeners.delete("ben");
  roomLists.userDisconnected("ben");
  await until("rooms are subscribed", () => logs.size === rooms.length);
  await bus.flush();
  publish(room, 11);
  await until("ann got it", () => received("ann").includes(11));
  roomLists.userDisconnected("ann");
  t.equal(logs.size, 0, "nobody else is subscribed");
});

test("users who go before they are asked for are not asked for, and are no failure", async (t) => {
  const { roomLists, listeners, state, errors, logs } = roomListsOf(t, ["ann", "ben"]);
  roomLists.userConnected("ann");
  const ann = listeners.get("ann")!;
  listeners.delete("ann");
  roomLists.userDisconnected("ann");
  // The loader's timer began earlier, and what it would ask is answered in the next turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setTimeout(resolve, 0));
  listeners.set("ann", ann);
  roomLists.userConnected("ben");
  await until("the rooms of the other are there", () => logs.size === rooms.length);
  t.equal(state.listed, 1);
  t.same(errors, []);
});

test("the rooms of many users are one question, and those who do not fit in its answer are asked for again", async (t) => {
  const people = Array.from({ length: 7 }, (_, n) => `u${n}`);
  const { publish, received, started, state } = roomListsOf(t, people);
  state.atOnce = 3;
  await started();
  await until("all users are subscribed", () => {
    publish(room, 11 + state.listed);
    return people.every((userId) => received(userId).length > 0);
  });
  t.equal(state.listed, 3);
});

test("a gap while no client is shown the room does not end verification", async (t) => {
  const { bus, roomLists, publish, received, started, listeners, members, state } = roomListsOf(t, ["ann"]);
  await started();
  const { client } = listeners.get("ann")!;
  publish(room, 11);
  await until("it is live", () => received("ann").length === 1);
  roomLists.roomJoined(client, room);
  publish(room, 13);
  publish(rooms[1], 11);
  await until("both are received", () => received("ann").length === 2);
  roomLists.roomLeft(client, room);
  members.delete("ann");
  publish(room, 15);
  await until("the members are asked for", () => state.asked > 0);
  await bus.flush();
  t.same(received("ann"), [11, 11], "nothing of a room that they have left");
});
