// One feed and one pair of subscriptions a room, for as long as a client is in it or joining it.

import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { encodeWire, subjects } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createFeeds } from "../src/rooms/feeds.js";
import { createRoomLogs } from "../src/rooms/room-logs.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";
import { ignored, listener } from "./room-log.js";

/** Feeds over a local bus, with the number of subscriptions they hold there. */
function feedsOn(t: Test) {
  const local = createLocalBus();
  const api = fakeMessagesApi(local.connect());
  const bus = local.connect();
  const held = { subscriptions: 0, flushFails: false };
  const counted: Bus = Object.create(bus, {
    subscribe: {
      value: (...args: Parameters<Bus["subscribe"]>) => {
        const subscription = bus.subscribe(...args);
        held.subscriptions++;
        return {
          unsubscribe() {
            held.subscriptions--;
            subscription.unsubscribe();
          },
        };
      },
    },
    flush: { value: () => (held.flushFails ? Promise.reject(new Error("no bus")) : bus.flush()) },
  });
  const live: string[] = [];
  const lost: Array<number | undefined> = [];
  const feeds = createFeeds({
    ...ignored,
    onLost: ({ position }) => lost.push(position),
    bus: counted,
    logs: createRoomLogs(counted),
    onError: (error) => t.fail(String(error)),
    onLive: (_, { event }, body) => live.push(`${event} ${body}`),
  });
  t.teardown(async () => {
    feeds.close();
    await bus.close();
  });
  return { api, bus, feeds, held, live, lost };
}

test("clients that join at once share one feed and its subscriptions", async (t) => {
  const { feeds, held } = feedsOn(t);
  const [first, second] = await Promise.all([feeds.acquire(roomId), feeds.acquire(roomId)]);
  t.equal(first.feed, second.feed);
  t.equal(held.subscriptions, 2);
  first.release();
  first.release();
  t.equal(feeds.get(roomId), second.feed, "releasing one twice leaves the other's lease");
});

test("a feed is kept while it is leased or has a client, and closed after the last", async (t) => {
  const { feeds, held } = feedsOn(t);
  const lease = await feeds.acquire(roomId);
  const { feed } = lease;
  const { client } = listener("a");
  feed.subscribe(client);
  feed.unsubscribe(client);
  t.equal(feeds.get(roomId), feed, "it is leased");
  feed.subscribe(client);
  lease.release();
  t.equal(feeds.get(roomId), feed, "a client is in it");
  feed.unsubscribe(client);
  t.equal(feeds.size, 0);
  t.equal(held.subscriptions, 0);
});

test("leaving a former feed of a room leaves the present one alone", async (t) => {
  const { feeds } = feedsOn(t);
  const former = await feeds.acquire(roomId);
  former.release();
  const present = await feeds.acquire(roomId);
  former.release();
  former.feed.unsubscribe(listener("a").client);
  t.equal(feeds.get(roomId), present.feed);
  t.not(present.feed, former.feed);
});

test("without a bus nobody can join, and nothing is left open", async (t) => {
  const { feeds, held } = feedsOn(t);
  held.flushFails = true;
  await t.rejects(feeds.acquire(roomId), /no bus/);
  t.equal(feeds.size, 0);
  t.equal(held.subscriptions, 0);
});

test("comparing heads repairs what the bus lost at the end of a quiet room", async (t) => {
  const { api, feeds } = feedsOn(t);
  const { feed } = await feeds.acquire(roomId);
  const { client, received } = listener("a");
  feed.subscribe(client);
  feed.sequencer.start(0);
  for (let i = 0; i < 4; i++) api.append();
  await feeds.reconcile();
  await until("the lost entries are there", () => received.length === 4);
  t.same(received, [1, 2, 3, 4]);
});

for (const [name, head, epoch] of [
  ["a shorter log", 2, undefined],
  ["a log of the same length in another epoch", 4, "second"],
  ["a longer log in another epoch", 6, "second"],
] as const) {
  test(`comparing heads notices a restored database: ${name}`, async (t) => {
    const { api, feeds, lost } = feedsOn(t);
    api.epoch = "first";
    for (let i = 0; i < 6; i++) api.append();
    const { feed } = await feeds.acquire(roomId);
    const { client, received } = listener("a");
    feed.subscribe(client);
    feed.open(4, 2, "first");
    api.restore(head, epoch);
    await feeds.reconcile();
    await feeds.reconcile();
    t.same(lost, [head], "once");
    api.publish(api.append());
    await until("the next is there", () => received.length === 1);
    t.same(received, [head + 1]);
  });
}

test("a feed that was not opened yet is not compared", async (t) => {
  const { api, feeds } = feedsOn(t);
  const { feed } = await feeds.acquire(roomId);
  api.append();
  await feeds.reconcile();
  t.equal(feed.position, undefined);
});

test("live events are passed on as they came", async (t) => {
  const { bus, feeds, live } = feedsOn(t);
  await feeds.acquire(roomId);
  bus.publish(subjects.roomLive(roomId), encodeWire({ event: "user_typing" }, '{"userId":"b"}'));
  await until("it is there", () => live.length > 0);
  t.same(live, ['user_typing {"userId":"b"}']);
});
