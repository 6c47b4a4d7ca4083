// One feed and one pair of subscriptions a room, for as long as a socket is in it or on its way.

import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { encodeWire, subjects } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createFeeds } from "../src/feeds.js";
import { createRoomLogs } from "../src/room-logs.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";
import { listener, unheard } from "./room-log.js";

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
  const feeds = createFeeds({
    ...unheard,
    bus: counted,
    logs: createRoomLogs(counted),
    onError: (error) => t.fail(String(error)),
    onLive: (_, { event }, body) => live.push(`${event} ${body}`),
  });
  t.teardown(async () => {
    feeds.close();
    await bus.close();
  });
  return { api, bus, feeds, held, live };
}

test("sockets that come at once share one feed and its subscriptions", async (t) => {
  const { feeds, held } = feedsOn(t);
  const [first, second] = await Promise.all([feeds.acquire(roomId), feeds.acquire(roomId)]);
  t.equal(first, second);
  t.equal(first.joiners, 2);
  t.equal(held.subscriptions, 2);
});

test("a feed is kept while anyone is in it or on the way, and let go after the last", async (t) => {
  const { feeds, held } = feedsOn(t);
  const feed = await feeds.acquire(roomId);
  const { session } = listener("a");
  feeds.release(feed);
  t.equal(feeds.get(roomId), feed, "someone is on the way");
  feed.sessions.add(session);
  feed.joiners--;
  feeds.release(feed);
  t.equal(feeds.get(roomId), feed, "someone is in it");
  feed.sessions.delete(session);
  feeds.release(feed);
  t.equal(feeds.size, 0);
  t.equal(held.subscriptions, 0);
});

test("letting go of a former feed leaves the present one alone", async (t) => {
  const { feeds } = feedsOn(t);
  const former = await feeds.acquire(roomId);
  former.joiners--;
  feeds.release(former);
  const present = await feeds.acquire(roomId);
  feeds.release(former);
  t.equal(feeds.get(roomId), present);
  t.not(present, former);
});

test("without a bus nobody is let in and nothing is left behind", async (t) => {
  const { feeds, held } = feedsOn(t);
  held.flushFails = true;
  await t.rejects(feeds.acquire(roomId), /no bus/);
  t.equal(feeds.size, 0);
  t.equal(held.subscriptions, 0);
});

test("comparing heads repairs what the bus lost at the end of a quiet room", async (t) => {
  const { api, feeds } = feedsOn(t);
  const feed = await feeds.acquire(roomId);
  const { session, received } = listener("a");
  feed.sessions.add(session);
  feed.start(0);
  for (let i = 0; i < 4; i++) api.append();
  await feeds.reconcile();
  await until("the lost entries are there", () => received.length === 4);
  t.same(received, [1, 2, 3, 4]);
});

test("a feed that was not opened yet is not compared", async (t) => {
  const { api, feeds } = feedsOn(t);
  const feed = await feeds.acquire(roomId);
  api.append();
  await feeds.reconcile();
  t.equal(feed.position, undefined);
});

test("live messages are handed on as they came", async (t) => {
  const { bus, feeds, live } = feedsOn(t);
  await feeds.acquire(roomId);
  bus.publish(subjects.roomLive(roomId), encodeWire({ event: "user_typing" }, '{"userId":"b"}'));
  await until("it is there", () => live.length > 0);
  t.same(live, ['user_typing {"userId":"b"}']);
});
