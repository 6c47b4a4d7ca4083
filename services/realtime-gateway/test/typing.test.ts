// Users shown as typing are shown to stop, whichever gateway they began at, and nobody is told more than once a second.

import { createLocalBus } from "@khui/bus/local";
import { decodeWire, type LiveHeader } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { type Test, test } from "tap";
import type { Client } from "../src/connections/client.js";
import type { Rate } from "../src/connections/token-bucket.js";
import type { Feeds } from "../src/rooms/feeds.js";
import { RoomFeed } from "../src/rooms/room-feed.js";
import { createTyping, typingMs } from "../src/rooms/typing.js";
import { roomId } from "./fake-messages-api.js";
import { ignored, listener } from "./room-log.js";

/** A gateway that has just opened a room in which Bob has begun to type at another gateway. */
function opened() {
  const bus = createLocalBus().connect();
  const feed = new RoomFeed(roomId, { read: async () => ({ seq: 0, floor: 0, entries: [] }) }, ignored);
  const presence = { typing: async () => ["bob"] } as unknown as Presence;
  const feeds = { all: () => [feed] } as unknown as Feeds;
  const users = { clientsOf: () => [] };
  return { feed, typing: createTyping({ bus, presence, feeds, users, instanceId: "here", onError: () => {} }) };
}

test("a client that joins while someone types is sent when they stop", async (t) => {
  const { feed, typing } = opened();
  await typing.learn(feed);
  t.same([...feed.typing.keys()], ["bob"]);
  t.equal(typing.receive(feed, { event: "user_stop_typing", except: "bob" }, Date.now()), true);
});

test("and also when nothing more comes from them", async (t) => {
  const { feed, typing } = opened();
  const { client } = listener("ann");
  const sent: string[] = [];
  Object.assign(client.socket, { send: () => sent.push("stopped") });
  feed.subscribe(client);
  await typing.learn(feed);
  typing.expire(Date.now() + typingMs);
  t.same(sent, ["stopped"]);
});

/** A gateway of its own, whose intervals end only when the test flushes them. */
function publishing(t: Test, rate?: Rate) {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const [published, stored]: [string[], string[]] = [[], []];
  let at = 0;
  const told = () => ({ moment: { epoch: "", at: ++at } });
  const store = { isVisible: true, ended: true };
  const presence = {
    typing: async () => [],
    async startTyping() {
      stored.push("start");
      return { isVisible: store.isVisible, ...told() };
    },
    async stopTyping(_roomId: string, _userId: string, instanceId?: string) {
      stored.push(instanceId === undefined ? "stop everywhere" : "stop");
      return { ended: store.ended, ...told() };
    },
  };
  const clients: Client[] = [];
  const users = { clientsOf: (userId: string) => clients.filter((client) => client.userId === userId) };
  bus.subscribe("khui.room.*.live", ({ data }) => {
    published.push(decodeWire<LiveHeader>(data).header.event);
  });
  const typing = createTyping({
    bus,
    presence,
    feeds: { all: () => [] } as unknown as Feeds,
    users,
    instanceId: "here",
    onError: (error) => t.fail(String(error)),
    intervalMs: 3_600_000,
    ...(rate ? { rate } : {}),
  });
  return {
    typing,
    stored,
    store,
    clientOf(userId: string) {
      const { client } = listener(userId);
      clients.push(client);
      return client;
    },
    feedOf: (n: number) => new RoomFeed(`${roomId.slice(0, 22)}${10 + n}`, { read: neverRead }, ignored),
    /** Since the last call. */
    async events() {
      // Published when the store has answered.
      await new Promise((resolve) => setImmediate(resolve));
      await bus.flush();
      stored.length = 0;
      return published.splice(0);
    },
  };
}

const neverRead = async () => ({ seq: 0, floor: 0, entries: [] });
const plenty: Rate = { burst: 1_000, perSecond: 1 };

test("typing toggled from three sockets is one event at once and one an interval, the last that was wanted", async (t) => {
  const { typing, clientOf, feedOf, stored, events } = publishing(t, plenty);
  const feed = feedOf(1);
  const clients = Array.from({ length: 3 }, () => clientOf("ann"));
  const toggle = async (times: number) => {
    for (let n = 0; n < times; n++) {
      for (const client of clients) await typing.start(client, feed);
      for (const client of clients) await typing.stop(client, feed);
    }
  };
  await toggle(50);
  t.same(stored, ["start"]);
  t.same(await events(), ["user_typing"]);
  typing.flush();
  t.same(stored, ["stop"]);
  t.same(await events(), ["user_stop_typing"]);
  await toggle(50);
  t.same(await events(), [], "an interval has begun with that");
  typing.flush();
  t.same(await events(), [], "and at its end there is nothing new to say");
  await toggle(50);
  typing.flush();
  t.same(await events(), ["user_typing", "user_stop_typing"]);
});

test("typing on is published again after an interval, and so is another room within it", async (t) => {
  const { typing, clientOf, feedOf, events } = publishing(t, plenty);
  const client = clientOf("ann");
  for (let n = 0; n < 100; n++) await typing.start(client, feedOf(1));
  await typing.start(client, feedOf(2));
  t.same(await events(), ["user_typing", "user_typing"]);
  typing.flush();
  t.same(await events(), []);
  await typing.start(client, feedOf(1));
  t.same(await events(), ["user_typing"], "so that it goes on for all others");
  await typing.stop(client, feedOf(1));
  await typing.start(client, feedOf(1));
  typing.flush();
  t.same(await events(), [], "a pause within the interval is not shown");
});

test("a user who types in many rooms is shown in a few, and nobody else is held back", async (t) => {
  const { typing, clientOf, feedOf, stored, events } = publishing(t, { burst: 3, perSecond: 0.001 });
  const clients = [clientOf("ann"), clientOf("ann")];
  for (let n = 0; n < 10; n++) for (const client of clients) await typing.start(client, feedOf(n));
  t.equal(stored.length, 3, "what is not shown is not stored");
  t.equal((await events()).length, 3);
  typing.flush();
  for (let n = 0; n < 10; n++) for (const client of clients) await typing.stop(client, feedOf(n));
  t.same(await events(), [], "they end by themselves");
  await typing.start(clientOf("bob"), feedOf(1));
  t.same(await events(), ["user_typing"]);
});

test("the first of a user's clients to stop does not end it for the other one", async (t) => {
  const { typing, clientOf, feedOf, events } = publishing(t, plenty);
  const [laptop, phone, feed] = [clientOf("ann"), clientOf("ann"), feedOf(1)];
  for (const client of [laptop, phone]) await typing.start(client, feed);
  t.same(await events(), ["user_typing"]);
  await typing.stop(laptop, feed);
  typing.flush();
  t.same(await events(), []);
  await typing.stop(phone, feed);
  typing.flush();
  t.same(await events(), ["user_stop_typing"]);
});

test("nor for one at another gateway, as the store knows", async (t) => {
  const { typing, clientOf, feedOf, store, stored, events } = publishing(t, plenty);
  const [client, feed] = [clientOf("ann"), feedOf(1)];
  await typing.start(client, feed);
  typing.flush();
  store.ended = false;
  await typing.stop(client, feed);
  t.same(stored, ["start", "stop"]);
  t.same(await events(), ["user_typing"]);
});

test("a user whom others do not see online types unseen", async (t) => {
  const { typing, clientOf, feedOf, store, events } = publishing(t, plenty);
  store.isVisible = false;
  await typing.start(clientOf("ann"), feedOf(1));
  t.same(await events(), []);
});

test("a user's own message ends it for everyone, and whoever types on is shown again", async (t) => {
  const { typing, clientOf, feedOf, stored, events } = publishing(t, plenty);
  const [client, feed] = [clientOf("ann"), feedOf(1)];
  const watcher = listener("bob");
  const sent: string[] = [];
  Object.assign(watcher.client.socket, { send: ({ event }: { event: string }) => sent.push(event) });
  feed.subscribe(watcher.client);
  const shown = () => feed.typing.has("ann");
  await typing.start(client, feed);
  typing.receive(feed, { event: "user_typing", except: "ann" }, Date.now());
  await typing.end("ann", feed);
  t.notOk(shown(), "whoever joins now is not told");
  t.same(sent, ["user_stop_typing"]);
  t.same(stored, ["start", "stop everywhere"]);
  t.same(await events(), ["user_typing", "user_stop_typing"]);
  await typing.end("ann", feed);
  t.same(sent, ["user_stop_typing"]);
  t.same(await events(), [], "another message has nothing to end");
  await typing.start(client, feed);
  t.same(await events(), [], "the interval goes on");
  typing.flush();
  t.same(await events(), ["user_typing"]);
});

test("a client that joins while somebody's typing ends does not keep them typing", async (t) => {
  const { typing, feedOf } = publishing(t, plenty);
  const feed = feedOf(1);
  const lease = feed.lease();
  typing.receive(feed, { event: "user_typing", except: "ann" }, Date.now());
  await typing.end("ann", feed);
  t.same(
    feed.liveReplay.since(0).map(({ frame }) => frame.event),
    ["user_stop_typing"],
  );
  lease.release();
});

test("what an invisible person types is not said, so the next key after they are visible is", async (t) => {
  const { typing, clientOf, feedOf, store, events } = publishing(t, plenty);
  const [ann, feed] = [clientOf("ann"), feedOf(1)];
  store.isVisible = false;
  await typing.start(ann, feed);
  t.strictSame(await events(), []);
  store.isVisible = true;
  await typing.start(ann, feed);
  typing.flush();
  t.strictSame(await events(), ["user_typing"]);
});
