// Who is shown typing is shown to stop, by whichever gateway they began at.

import { createLocalBus } from "@khui/bus/local";
import { decodeWire, type LiveHeader, subjects } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import type { Feeds } from "../src/feeds.js";
import { RoomFeed } from "../src/room-feed.js";
import { createTyping, typingMs } from "../src/typing.js";
import { roomId } from "./fake-messages-api.js";
import { listener, unheard } from "./room-log.js";

/** A gateway that has just opened the room, in which Bob has begun to type elsewhere. */
function opened() {
  const bus = createLocalBus().connect();
  const feed = new RoomFeed(roomId, { read: async () => ({ seq: 0, floor: 0, entries: [] }) }, unheard);
  const presence = { typing: async () => ["bob"] } as unknown as Presence;
  const feeds = { all: () => [feed] } as unknown as Feeds;
  return { feed, typing: createTyping({ bus, presence, feeds, onError: () => {} }) };
}

test("who joins while someone types is told when that one stops", async (t) => {
  const { feed, typing } = opened();
  t.same(await typing.inRoom(feed), ["bob"]);
  t.equal(typing.heard(feed, { event: "user_stop_typing", except: "bob" }, Date.now()), true);
});

test("and also when that one is never heard of again", async (t) => {
  const { feed, typing } = opened();
  const { session } = listener("ann");
  const told: string[] = [];
  Object.assign(session.socket, { send: () => told.push("stopped") });
  feed.admit(session);
  await typing.inRoom(feed);
  typing.expire(Date.now() + typingMs);
  t.same(told, ["stopped"]);
});

test("who types with every key is told and noted once in a while, and at once after a stop", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const feed = new RoomFeed(roomId, { read: async () => ({ seq: 0, floor: 0, entries: [] }) }, unheard);
  const [said, noted]: [string[], string[]] = [[], []];
  const presence = {
    startTyping: async () => void noted.push("start"),
    stopTyping: async () => void noted.push("stop"),
  } as unknown as Presence;
  const feeds = { all: () => [feed] } as unknown as Feeds;
  const typing = createTyping({ bus, presence, feeds, onError: (error) => t.fail(String(error)) });
  bus.subscribe(subjects.roomLive(roomId), ({ data }) => {
    const { header } = decodeWire<LiveHeader>(data);
    said.push(header.event);
    typing.heard(feed, header, Date.now());
  });
  const [{ session: phone }, { session: laptop }] = [listener("ann"), listener("ann")];
  const type = async (session: typeof phone, times: number) => {
    for (let n = 0; n < times; n++) await typing.start(session, feed);
    await bus.flush();
  };
  await type(phone, 1);
  await until("it is heard", () => said.length === 1);
  // However slow the machine is, this was a moment ago.
  feed.typing.set("ann", Date.now() + 60_000);
  await type(phone, 100);
  t.same([said, noted], [["user_typing"], ["start"]]);
  // As if a second had passed.
  feed.typing.set("ann", Date.now() + typingMs - 1_001);
  await type(phone, 1);
  await until("it is renewed", () => said.length === 2);
  await typing.stop(phone, feed);
  await type(phone, 1);
  t.same(noted, ["start", "start", "stop", "start"]);
  await type(laptop, 1);
  t.equal(noted.length, 5, "another device is noted by itself");
});
