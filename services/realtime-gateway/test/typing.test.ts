// Users shown as typing are shown to stop, whichever gateway they began at.

import { createLocalBus } from "@khui/bus/local";
import { decodeWire, type LiveHeader, subjects } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
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
  return { feed, typing: createTyping({ bus, presence, feeds, onError: () => {} }) };
}

test("a client that joins while someone types is sent when they stop", async (t) => {
  const { feed, typing } = opened();
  t.same(await typing.inRoom(feed), ["bob"]);
  t.equal(typing.receive(feed, { event: "user_stop_typing", except: "bob" }, Date.now()), true);
});

test("and also when nothing more comes from them", async (t) => {
  const { feed, typing } = opened();
  const { client } = listener("ann");
  const sent: string[] = [];
  Object.assign(client.socket, { send: () => sent.push("stopped") });
  feed.subscribe(client);
  await typing.inRoom(feed);
  typing.expire(Date.now() + typingMs);
  t.same(sent, ["stopped"]);
});

test("repeated typing is published and stored once in a while, and at once after a stop", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const feed = new RoomFeed(roomId, { read: async () => ({ seq: 0, floor: 0, entries: [] }) }, ignored);
  const [published, stored]: [string[], string[]] = [[], []];
  const presence = {
    startTyping: async () => void stored.push("start"),
    stopTyping: async () => void stored.push("stop"),
  } as unknown as Presence;
  const feeds = { all: () => [feed] } as unknown as Feeds;
  const typing = createTyping({ bus, presence, feeds, onError: (error) => t.fail(String(error)) });
  bus.subscribe(subjects.roomLive(roomId), ({ data }) => {
    const { header } = decodeWire<LiveHeader>(data);
    published.push(header.event);
    typing.receive(feed, header, Date.now());
  });
  const [{ client: phone }, { client: laptop }] = [listener("ann"), listener("ann")];
  const type = async (client: typeof phone, times: number) => {
    for (let n = 0; n < times; n++) await typing.start(client, feed);
    await bus.flush();
  };
  await type(phone, 1);
  await until("it is received", () => published.length === 1);
  // However slow the machine is, it was published a moment ago.
  feed.typing.set("ann", Date.now() + 60_000);
  await type(phone, 100);
  t.same([published, stored], [["user_typing"], ["start"]]);
  // As if a second had passed.
  feed.typing.set("ann", Date.now() + typingMs - 1_001);
  await type(phone, 1);
  await until("it is renewed", () => published.length === 2);
  await typing.stop(phone, feed);
  await type(phone, 1);
  t.same(stored, ["start", "start", "stop", "start"]);
  await type(laptop, 1);
  t.equal(stored.length, 5, "another device is stored by itself");
});
