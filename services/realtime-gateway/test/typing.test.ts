// Who is shown typing is shown to stop, by whichever gateway they began at.
import { createLocalBus } from "@khui/bus/local";
import type { Presence } from "@khui/presence";
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
