// What follows from what feeds report.
import { closeCodes } from "@khui/contracts";
import { test } from "tap";
import { createGatewayMetrics } from "../src/metrics.js";
import { createFeedEvents } from "../src/rooms/feed-events.js";
import type { LogReader } from "../src/rooms/log-reader.js";
import { RoomFeed } from "../src/rooms/room-feed.js";
import { ignored, listener } from "./room-log.js";

const roomId = "0123456789abcdef01234567";

test("who misses entries that are lost must come back, since one of them may have taken them out", async (t) => {
  const metrics = createGatewayMetrics();
  const events = createFeedEvents({
    users: { clientsOf: () => [] },
    contacts: { contactsChanged() {} },
    roomLists: { roomJoined() {}, roomLeft() {}, roomRemoved() {} },
    deliveries: { mark() {} },
    openings: { closed: async () => {} },
    onTypingEnd() {},
    metrics,
  });
  const log: LogReader = { read: async () => ({ seq: 9, floor: 9, entries: [] }) };
  const feed = new RoomFeed(roomId, log, { ...ignored, ...events });
  t.teardown(() => feed.close());
  const { client, received } = listener("a");
  const closed: number[] = [];
  client.socket.close = (code) => closed.push(code);
  feed.subscribe(client);
  feed.sequencer.start(3);
  await feed.sequencer.catchUp(9);
  t.same(closed, [closeCodes.going_away.code]);
  t.same(received, [], "nothing tells it to go on");
  t.equal(metrics.resyncs, 1);
});
