// Whoever shares a room with a user hears of them: at once where they are, later where nobody could say which rooms those are.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { decodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import type { PresenceState } from "@khui/presence";
import { type Test, test } from "tap";
import { eventually } from "../../../packages/test-kit/src/system.js";
import { createPresenceNews } from "../src/presence-news.js";

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
  const states = new Map<string, PresenceState>();
  const errors: unknown[] = [];
  const news = createPresenceNews({
    bus,
    presence: { lookup: async (userIds) => userIds.map((userId) => states.get(userId)!) },
    openRoomsOf: () => [open],
    onError: (error) => errors.push(error),
  });
  const serve = () => serveRpc(bus, messagesRpc.audience, async () => ({ roomIds: [open, closed] }));
  const stand = (userId: string, status: PresenceState["status"]) =>
    states.set(userId, { userId, status, lastSeen: null });
  return { bus, news, heard, errors, serve, stand };
}

test("a change is told in all small rooms of the user, and one that others cannot see in none", async (t) => {
  const { bus, news, heard, serve } = rig(t);
  serve();
  await news.tell([
    { userId: "ann", before: "offline", after: "invisible" },
    { userId: "bob", before: "online", after: "online" },
    { userId: "cid", before: "offline", after: "away" },
    { userId: "dan", before: "away", after: "busy" },
    { userId: "eve", before: "busy", after: "invisible" },
  ]);
  const expected = ["user_online cid away", "user_status_updated dan busy", "user_offline eve"];
  await eventually(() => heard.length >= 2 * expected.length);
  t.same(
    heard.filter((line) => line.startsWith("open")),
    expected.map((line) => `open ${line}`),
  );
  t.same(
    heard.filter((line) => line.startsWith("closed")),
    expected.map((line) => `closed ${line}`),
  );
  await news.retell();
  await bus.flush();
  t.equal(heard.length, 2 * expected.length, "nothing is left to tell");
});

test("while nobody knows the rooms it is told in the open ones, and then in all, as it is by then", async (t) => {
  const { bus, news, heard, errors, serve, stand } = rig(t);
  await news.tell([
    { userId: "ann", before: "offline", after: "online" },
    { userId: "bob", before: "online", after: "offline" },
  ]);
  await eventually(() => heard.length >= 2);
  t.same(heard.splice(0), ["open user_online ann online", "open user_offline bob"]);
  t.ok(errors.length > 0, "and it is reported");
  stand("ann", "away");
  stand("bob", "offline");
  await news.retell();
  await eventually(() => heard.length >= 2);
  t.same(heard.splice(0), ["open user_online ann away", "open user_offline bob"], "there is still nobody");
  serve();
  await eventually(async () => {
    await news.retell();
    return heard.some((line) => line.startsWith("closed user_offline bob"));
  });
  t.ok(heard.includes("closed user_online ann away"));
  const told = heard.length;
  await news.retell();
  await bus.flush();
  t.equal(heard.length, told, "and not again");
});
