// A room list stays live for rooms that are not open, and shows nothing of rooms that the user has left.

import { createLocalBus } from "@khui/bus/local";
import { call, serveRpc } from "@khui/bus/rpc";
import { encodeWire, messagesRpc, subjects } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createRoomLogs } from "../src/room-logs.js";
import type { Session } from "../src/session.js";
import { createWatching } from "../src/watching.js";
import { entry, type Listener, listener } from "./room-log.js";

const rooms = ["a", "b", "c"].map((letter) => letter.repeat(24)) as [string, string, string];
const [room] = rooms;

/** People with a socket each, whose three rooms have come to entry 10. */
function watchingOf(t: Test, people: readonly string[], limit = 50) {
  const local = createLocalBus();
  const api = local.connect();
  const bus = local.connect();
  const listeners = new Map<string, Listener>(people.map((userId) => [userId, listener(userId)]));
  /** Of the first room; everybody is in the others. */
  const members = new Set(people);
  const state = { listed: 0, asked: 0, down: false, held: Promise.resolve() };
  serveRpc(api, messagesRpc.recentRooms, async (request) => {
    state.listed++;
    await state.held;
    return { rooms: rooms.slice(0, request.limit).map((roomId) => ({ roomId, seq: 10 })) };
  });
  serveRpc(api, messagesRpc.activeMembers, async ({ roomId, userIds }) => {
    state.asked++;
    if (state.down) throw new Error("messages-api is down");
    return { userIds: userIds.filter((userId) => roomId !== room || members.has(userId)) };
  });
  const sessionsOf = (userId: string): Session[] => [listeners.get(userId)?.session].filter((one) => !!one);
  const logs = createRoomLogs(bus);
  const users = { has: (userId: string) => listeners.has(userId), sessionsOf };
  const watching = createWatching({ bus, logs, users, limit, onError: () => {} });
  t.teardown(async () => {
    watching.close();
    await bus.close();
    await api.close();
  });
  const publish = (roomId: string, seq: number, left?: string) => {
    const { body, ...header } = entry(seq, left);
    api.publish(subjects.roomLog(roomId), encodeWire(header, body));
  };
  const heard = (userId: string) => listeners.get(userId)!.received;
  async function started(): Promise<void> {
    for (const userId of people) watching.start(userId);
    await until("rooms are watched", () => logs.size === Math.min(limit, rooms.length));
    await bus.flush();
  }
  return { bus, watching, logs, members, state, publish, heard, started, listeners };
}

test("all who watch a room are told of each new message once, in order, by one subscription", async (t) => {
  const { publish, heard, started, logs, state } = watchingOf(t, ["ann", "ben"]);
  await started();
  for (const seq of [10, 11, 12, 12, 11, 13]) publish(room, seq);
  for (const userId of ["ann", "ben"]) {
    await until("13 has come", () => heard(userId).includes(13));
    t.same(heard(userId), [11, 12, 13]);
  }
  t.equal(logs.size, rooms.length);
  t.equal(state.asked, 0, "nothing is missing, so nobody is asked");
});

test("sockets that have joined the room are told by their feed alone", async (t) => {
  const { publish, heard, started, listeners, watching } = watchingOf(t, ["ann", "ben"]);
  await started();
  const { session } = listeners.get("ann")!;
  watching.admitted(session, room);
  publish(room, 11);
  await until("ben was told", () => heard("ben").includes(11));
  t.same(heard("ann"), []);
  watching.dismissed(session, room);
  publish(room, 12);
  await until("ann was told, who no longer has it open", () => heard("ann").includes(12));
});

test("who leaves is told no more", async (t) => {
  const { publish, heard, started } = watchingOf(t, ["ann", "ben"]);
  await started();
  publish(room, 11, "ann");
  publish(room, 12);
  await until("ben was told", () => heard("ben").includes(12));
  t.same(heard("ann"), []);
});

test("after a hole, only those are told who are still in the room", async (t) => {
  const { publish, heard, started, members, state } = watchingOf(t, ["ann", "ben"]);
  await started();
  members.delete("ann");
  for (const seq of [12, 13, 14]) publish(room, seq);
  await until("ben was told", () => heard("ben").includes(14));
  t.same(heard("ben"), [12, 13, 14]);
  t.same(heard("ann"), [], "her leaving was in the hole");
  t.equal(state.asked, 1);
});

test("a late notice of a room that the user has left meanwhile tells them nothing of it", async (t) => {
  const { watching, publish, heard, started, members } = watchingOf(t, ["ann", "ben"]);
  await started();
  publish(room, 11, "ann");
  publish(room, 12);
  members.delete("ann");
  await until("ben was told", () => heard("ben").includes(12));
  watching.add("ann", room);
  publish(room, 13);
  await until("ben was told again", () => heard("ben").includes(13));
  t.same(heard("ann"), []);
});

test("an answer as of before the user left tells them nothing of what came after", async (t) => {
  const { watching, publish, heard, logs, members, bus } = watchingOf(t, ["ann", "ben"]);
  watching.start("ben");
  await until("rooms are watched", () => logs.size === rooms.length);
  await bus.flush();
  publish(room, 500, "ann");
  publish(room, 501);
  members.delete("ann");
  await until("ben was told", () => heard("ben").includes(501));
  watching.start("ann");
  let seq = 10;
  await until("ann watches her rooms, as they were at entry 10", () => {
    publish(rooms[1], ++seq);
    return heard("ann").length > 0;
  });
  publish(room, 502);
  await until("ben was told again", () => heard("ben").includes(502));
  t.same(
    heard("ann").filter((one) => Number(one) >= 500),
    [],
  );
});

test("while it cannot be known who is in the room, nobody is told", async (t) => {
  const { publish, heard, started, state } = watchingOf(t, ["ann"]);
  await started();
  state.down = true;
  publish(room, 12);
  await until("it was asked", () => state.asked === 1);
  state.down = false;
  await until("the next one is told", () => {
    publish(room, 13);
    return heard("ann").includes(13);
  });
  t.same(heard("ann"), [13]);
});

test("beyond the limit the least recently active room is watched no more", async (t) => {
  const { watching, publish, heard, started, logs } = watchingOf(t, ["ann"], 2);
  await started();
  const fresh = "d".repeat(24);
  watching.add("ann", fresh);
  t.equal(logs.size, 2);
  for (const roomId of [...rooms, fresh]) publish(roomId, 11);
  await until("both were told", () => heard("ann").length === 2);
  watching.add("ann", rooms[2]);
  publish(rooms[1], 12);
  publish(rooms[2], 12);
  await until("the third is watched now", () => heard("ann").includes(12));
  t.same(heard("ann"), [11, 11, 12]);
});

test("with the last socket everything ends, also what is on its way", async (t) => {
  const { bus, watching, logs, started, listeners, state } = watchingOf(t, ["ann", "ben"]);
  await started();
  watching.stop("ann");
  t.equal(logs.size, rooms.length);
  watching.stop("ben");
  t.equal(logs.size, 0);
  let answer = () => {};
  state.held = new Promise((resolve) => {
    answer = resolve;
  });
  watching.start("ann");
  await until("the question has come", () => state.listed === 3);
  listeners.clear();
  watching.add("ann", room);
  answer();
  // Answers come in order.
  await call(bus, messagesRpc.recentRooms, { userId: "ann", limit: 1 });
  t.equal(logs.size, 0);
});
