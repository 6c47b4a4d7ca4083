// Whoever shares a room with a user hears how they stand: at once where they are, later where nobody could say which rooms those are.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { decodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import type { PresenceState } from "@khui/presence";
import { eventually } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { createPresenceAnnouncements } from "../src/presence/announcements.js";

const [open, closed] = ["6b0000000000000000000001", "6b0000000000000000000002"];

function rig(t: Test) {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const heard: string[] = [];
  for (const roomId of [open, closed]) {
    bus.subscribe(subjects.roomLive(roomId), ({ data }) => {
      const { header, body } = decodeWire<LiveHeader>(data);
      const { userId, status } = JSON.parse(body) as { userId: string; status?: string };
      heard.push(`${roomId === open ? "open" : "closed"} ${header.event} ${userId} ${status ?? ""}`.trim());
    });
  }
  const states = new Map<string, PresenceState["status"]>();
  const store = { down: false };
  const errors: unknown[] = [];
  const lookup = async (userIds: string[]) => {
    if (store.down) throw new Error("the store is down");
    return userIds.map((userId) => ({ userId, status: states.get(userId) ?? "offline", lastSeen: null }));
  };
  const announcements = createPresenceAnnouncements({
    bus,
    presence: { lookup },
    openRoomsOf: () => [open],
    onError: (error) => errors.push(error),
  });
  const serve = (pause = async (_userId: string) => {}) =>
    serveRpc(bus, messagesRpc.audience, async ({ userId }) => {
      await pause(userId);
      return { roomIds: [open, closed] };
    });
  /** The store says so from now on, and hands out the change. */
  const change = (userId: string, after: PresenceState["status"]) => {
    const before = states.get(userId) ?? "offline";
    states.set(userId, after);
    return { userId, before, after };
  };
  const told = async () => {
    await announcements.drained();
    await bus.flush();
    return heard.splice(0);
  };
  return { bus, announcements, heard, told, errors, serve, states, store, change };
}

test("a change is told in all small rooms of the user, and one that others cannot see in none", async (t) => {
  const { announcements, told, serve, states, change } = rig(t);
  serve();
  for (const userId of ["bob", "dan", "eve"]) states.set(userId, "online");
  const changes = [change("ann", "invisible"), change("bob", "online"), change("cid", "away"), change("dan", "busy")];
  announcements.announce([...changes, change("eve", "invisible")]);
  const expected = ["user_online cid away", "user_status_updated dan busy", "user_offline eve"];
  const lines = await told();
  for (const room of ["open", "closed"])
    t.same(
      lines.filter((line) => line.startsWith(room)),
      expected.map((line) => `${room} ${line}`),
    );
  announcements.retry();
  t.same(await told(), [], "nothing is left to tell");
});

test("while nobody knows the rooms it is told in the open ones, and then in all, as it is by then", async (t) => {
  const { announcements, heard, told, errors, serve, states, change } = rig(t);
  states.set("bob", "online");
  announcements.announce([change("ann", "online"), change("bob", "offline")]);
  t.same(await told(), ["open user_online ann online", "open user_offline bob"]);
  t.ok(errors.length > 0, "and it is reported");
  states.set("ann", "away");
  announcements.retry();
  t.same(await told(), ["open user_online ann away", "open user_offline bob"], "there is still nobody");
  serve();
  await eventually(async () => {
    announcements.retry();
    await announcements.drained();
    return heard.some((line) => line.startsWith("closed user_offline bob"));
  });
  t.ok(heard.includes("closed user_online ann away"));
  await told();
  announcements.retry();
  t.same(await told(), [], "and not again");
});

test("thousands are told of a few at a time, each once", async (t) => {
  const { announcements, told, serve, change } = rig(t);
  let [asked, most] = [0, 0];
  serve(async () => {
    most = Math.max(most, ++asked);
    await new Promise((resolve) => setImmediate(resolve));
    asked--;
  });
  const userIds = Array.from({ length: 2_000 }, (_, n) => `u${n}`);
  announcements.announce(userIds.map((userId) => change(userId, "online")));
  const lines = await told();
  t.same(
    lines.filter((line) => line.startsWith("open")),
    userIds.map((userId) => `open user_online ${userId} online`),
  );
  t.equal(most, 16);
});

test("a later change of a user is told after an earlier one, and what waits for its turn is told as it is by then", async (t) => {
  const { announcements, told, serve, change } = rig(t);
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const asked: string[] = [];
  serve((userId) => {
    asked.push(userId);
    return asked.length === 1 ? slow : Promise.resolve();
  });
  announcements.announce([change("ann", "online")]);
  await eventually(() => asked.length === 1);
  announcements.announce([change("bob", "online")]);
  announcements.announce([change("bob", "away")]);
  announcements.announce([change("ann", "busy")]);
  announcements.announce([change("ann", "away")]);
  answer();
  const lines = (await told()).filter((line) => line.startsWith("open"));
  t.same(lines, ["open user_online ann away", "open user_online bob away", "open user_status_updated ann away"]);
  t.same(asked, ["ann", "bob", "ann"]);
});

test("who has come back at another gateway meanwhile is not told to be offline", async (t) => {
  const { announcements, told, serve, states, change } = rig(t);
  states.set("ann", "online");
  serve(async () => {
    states.set("ann", "busy");
  });
  announcements.announce([change("ann", "offline")]);
  t.same(await told(), ["open user_online ann busy", "closed user_online ann busy"]);
});

test("nothing is told while the store cannot say how users stand, and then all of it", async (t) => {
  const { announcements, told, errors, serve, store, states, change } = rig(t);
  serve();
  store.down = true;
  const userIds = Array.from({ length: 40 }, (_, n) => `u${n}`);
  announcements.announce(userIds.map((userId) => change(userId, "online")));
  t.same(await told(), []);
  t.equal(errors.length, 1, "which is reported once");
  store.down = false;
  states.set("u39", "offline");
  announcements.retry();
  const lines = await told();
  t.equal(lines.length, 80);
  t.ok(lines.includes("closed user_online u0 online"));
  t.ok(lines.includes("closed user_offline u39"));
});

test("who may have changed is told of as they stand, when others are told again", async (t) => {
  const { announcements, told, serve, states } = rig(t);
  serve();
  announcements.markUncertain(["ann"]);
  t.same(await told(), []);
  states.set("ann", "online");
  announcements.retry();
  t.same(await told(), ["open user_online ann online", "closed user_online ann online"]);
});
