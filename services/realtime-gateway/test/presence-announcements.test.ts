// A user's presence is announced in the rooms they share: at once where these are known, later where they were not.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { decodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import type { PresenceState } from "@khui/presence";
import { eventually } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { createPresenceAnnouncements } from "../src/presence/announcements.js";

const [open, closed] = ["6b0000000000000000000001", "6b0000000000000000000002"];

/** Intervals end only when the test flushes them. */
function setUp(t: Test) {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const received: string[] = [];
  for (const roomId of [open, closed]) {
    bus.subscribe(subjects.roomLive(roomId), ({ data }) => {
      const { header, body } = decodeWire<LiveHeader>(data);
      const { userId, status } = JSON.parse(body) as { userId: string; status?: string };
      received.push(`${roomId === open ? "open" : "closed"} ${header.event} ${userId} ${status ?? ""}`.trim());
    });
  }
  const states = new Map<string, PresenceState["status"]>();
  const store = { down: false };
  let at = 0;
  const errors: unknown[] = [];
  const lookup = async (userIds: string[]) => {
    if (store.down) throw new Error("the store is down");
    return userIds.map((userId) => ({
      userId,
      status: states.get(userId) ?? "offline",
      lastSeen: null,
      moment: { epoch: "", at: ++at },
    }));
  };
  const announcements = createPresenceAnnouncements({
    bus,
    presence: { lookup },
    openRoomsOf: () => [open],
    onError: (error) => errors.push(error),
    intervalMs: 3_600_000,
  });
  const serve = (pause = async (_userId: string) => {}) =>
    serveRpc(bus, messagesRpc.audiences, async ({ userIds }) => {
      await Promise.all(userIds.map(pause));
      return { roomIds: [open, closed], lists: userIds.map(() => [0, 1]) };
    });
  /** Changes the status in the store, and returns the transition. */
  const change = (userId: string, after: PresenceState["status"]) => {
    const before = states.get(userId) ?? "offline";
    states.set(userId, after);
    return { userId, before, after };
  };
  const published = async () => {
    await announcements.drained();
    await bus.flush();
    return received.splice(0);
  };
  return { bus, announcements, received, published, errors, serve, states, store, change };
}

test("a change is announced in all small rooms of the user, and an invisible one in none", async (t) => {
  const { announcements, published, serve, states, change } = setUp(t);
  serve();
  for (const userId of ["bob", "dan", "eve"]) states.set(userId, "online");
  const changes = [change("ann", "invisible"), change("bob", "online"), change("cid", "away"), change("dan", "busy")];
  announcements.announce([...changes, change("eve", "invisible")]);
  const expected = ["user_online cid away", "user_status_updated dan busy", "user_offline eve"];
  const lines = await published();
  for (const room of ["open", "closed"])
    t.same(
      lines.filter((line) => line.startsWith(room)),
      expected.map((line) => `${room} ${line}`),
    );
  announcements.retry();
  t.same(await published(), [], "nothing is left to announce");
});

test("while the rooms are unknown a change is announced in the open ones, and later in all, with the status by then", async (t) => {
  const { announcements, received, published, errors, serve, states, change } = setUp(t);
  states.set("bob", "online");
  announcements.announce([change("ann", "online"), change("bob", "offline")]);
  t.same(await published(), ["open user_online ann online", "open user_offline bob"]);
  t.ok(errors.length > 0, "and it is reported");
  states.set("ann", "away");
  announcements.retry();
  t.same(await published(), ["open user_online ann away", "open user_offline bob"], "messages-api is still down");
  serve();
  await eventually(async () => {
    announcements.retry();
    await announcements.drained();
    return received.some((line) => line.startsWith("closed user_offline bob"));
  });
  t.ok(received.includes("closed user_online ann away"));
  await published();
  announcements.retry();
  t.same(await published(), [], "and not again");
});

test("thousands are announced a few at a time, each once", async (t) => {
  const { announcements, published, serve, change } = setUp(t);
  let [asked, most] = [0, 0];
  serve(async () => {
    most = Math.max(most, ++asked);
    await new Promise((resolve) => setImmediate(resolve));
    asked--;
  });
  const userIds = Array.from({ length: 2_000 }, (_, n) => `u${n}`);
  announcements.announce(userIds.map((userId) => change(userId, "online")));
  const lines = await published();
  t.same(
    lines.filter((line) => line.startsWith("open")),
    userIds.map((userId) => `open user_online ${userId} online`),
  );
  t.equal(most, 50);
});

test("changes of a user are announced in order, and queued ones with the status by then", async (t) => {
  const { announcements, published, serve, change } = setUp(t);
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
  const inOpen = (line: string) => line.startsWith("open");
  t.same((await published()).filter(inOpen), ["open user_online ann away", "open user_online bob away"]);
  announcements.flush();
  t.same((await published()).filter(inOpen), ["open user_status_updated ann away"]);
  t.same(asked, ["ann", "bob", "ann"]);
});

test("a status that is toggled is announced at once, and then once an interval as it is by then", async (t) => {
  const { announcements, published, serve, states, change } = setUp(t);
  serve();
  states.set("ann", "online");
  const toggle = async (...statuses: Array<PresenceState["status"]>) => {
    const lines: string[] = [];
    for (let n = 0; n < 50; n++)
      for (const status of statuses) {
        announcements.announce([change("ann", status)]);
        lines.push(...(await published()));
      }
    return lines;
  };
  const inBoth = (line: string) => [`open ${line}`, `closed ${line}`];
  t.same(await toggle("busy", "away"), inBoth("user_status_updated ann busy"));
  announcements.flush();
  t.same(await published(), inBoth("user_status_updated ann away"));
  t.same(await toggle("invisible", "online"), []);
  announcements.flush();
  t.same(await published(), inBoth("user_online ann online"), "others may have seen them go");
  t.same(await toggle("away", "offline"), []);
  announcements.flush();
  t.same(await published(), inBoth("user_offline ann"), "the last one arrives");
  announcements.flush();
  announcements.retry();
  t.same(await published(), [], "and nothing else");
  t.same(await toggle("online", "busy"), inBoth("user_online ann online"));
});

test("a user who has reconnected at another gateway meanwhile is not announced as offline", async (t) => {
  const { announcements, published, serve, states, change } = setUp(t);
  states.set("ann", "online");
  serve(async () => {
    states.set("ann", "busy");
  });
  announcements.announce([change("ann", "offline")]);
  t.same(await published(), ["open user_online ann busy", "closed user_online ann busy"]);
});

test("nothing is announced while the store is down, and then all of it", async (t) => {
  const { announcements, published, errors, serve, store, states, change } = setUp(t);
  serve();
  store.down = true;
  const userIds = Array.from({ length: 40 }, (_, n) => `u${n}`);
  announcements.announce(userIds.map((userId) => change(userId, "online")));
  t.same(await published(), []);
  t.equal(errors.length, 1, "which is reported once");
  store.down = false;
  states.set("u39", "offline");
  announcements.retry();
  const lines = await published();
  t.equal(lines.length, 78);
  t.ok(lines.includes("closed user_online u0 online"));
  t.notOk(lines.includes("closed user_offline u39"), "nobody has seen them online");
});

test("on a retry nobody is told of those who were not seen online before, and are not now", async (t) => {
  const { announcements, published, serve, states, change } = setUp(t);
  for (const userId of ["ann", "bob", "cid"]) states.set(userId, "online");
  announcements.announce([change("ann", "invisible"), change("bob", "away"), change("cid", "offline")]);
  await published();
  announcements.markUncertain(["ann", "bob", "dan"]);
  states.set("bob", "invisible");
  states.set("dan", "invisible");
  serve();
  await eventually(async () => {
    announcements.flush();
    announcements.retry();
    return (await published()).some((line) => line.startsWith("closed"));
  });
  announcements.markUncertain(["ann", "bob", "cid", "dan"]);
  announcements.retry();
  t.same(await published(), [], "all have been told");
});

test("users marked as uncertain are announced with their present status on the next retry", async (t) => {
  const { announcements, published, serve, states } = setUp(t);
  serve();
  announcements.markUncertain(["ann"]);
  t.same(await published(), []);
  states.set("ann", "online");
  announcements.retry();
  t.same(await published(), ["open user_online ann online", "closed user_online ann online"]);
});
