// Whatever the order in which replicas publish live states, what a client is told last is the newest.
import type { LiveHeader } from "@khui/contracts";
import type { EncodedEvent } from "@khui/socketio";
import { test } from "tap";
import type { Users } from "../src/connections/users.js";
import { createGatewayMetrics } from "../src/metrics.js";
import { createDeduplicator } from "../src/rooms/deduplicator.js";
import { createLiveDelivery } from "../src/rooms/live-events.js";
import { createLiveOrder } from "../src/rooms/live-order.js";
import { RoomFeed } from "../src/rooms/room-feed.js";
import { roomId } from "./fake-messages-api.js";
import { ignored, listener } from "./room-log.js";

interface Published {
  readonly header: LiveHeader;
  readonly body: string;
}

/** A gateway with a client of each of these users in the room, and what they have been sent. */
function gateway(...userIds: string[]) {
  const feed = new RoomFeed(roomId, { read: async () => ({ seq: 0, floor: 0, entries: [] }) }, ignored);
  const clients = userIds.map((userId) => {
    const { client } = listener(userId);
    const received: Array<Record<string, unknown>> = [];
    const send = ({ packet }: EncodedEvent & { packet: Buffer }) => {
      const text = packet.toString();
      received.push(JSON.parse(text.slice(text.indexOf("[")))[1]);
    };
    Object.assign(client.socket, { send });
    feed.subscribe(client);
    return { client, received };
  });
  const users = {
    listens: () => true,
    clientsOf: (userId: string) => clients.flatMap(({ client }) => (client.userId === userId ? client : [])),
  } as unknown as Users;
  const deliver = createLiveDelivery({
    typing: { receive: () => true },
    contacts: { statusChanged: () => {} },
    deduplicator: createDeduplicator(),
    users,
    order: createLiveOrder(),
    metrics: createGatewayMetrics(),
    onPresence: () => {},
  });
  return {
    received: clients.map(({ received }) => received),
    deliver: ({ header, body }: Published) => deliver(feed, header, body),
  };
}

const markOf = (userId: string, readSeq: number) => ({
  userId,
  lastReadMessage: `m${readSeq}`,
  readSeq,
  timestamp: new Date(readSeq).toISOString(),
});

/** One reader's mark as messages-api publishes it. */
const one = (userId: string, readSeq: number, only?: string): Published => ({
  header: { event: "message_read", states: { of: [[userId, readSeq]] }, ...(only ? { only } : {}) },
  body: JSON.stringify({ chatRoomId: roomId, ...markOf(userId, readSeq) }),
});

/** Many readers' marks in one event. */
function many(userIds: readonly string[], readSeq: number): Published {
  const readers = userIds.map((userId) => markOf(userId, readSeq));
  const lengths = readers.map((mark) => JSON.stringify(mark).length);
  const of = userIds.map((userId) => [userId, readSeq] as const);
  return {
    header: { event: "message_read", states: { of, list: { name: "readers", lengths } } },
    body: JSON.stringify({ chatRoomId: roomId, ...readers.at(-1), readers }),
  };
}

test("the last mark that a listener gets is the newest, however replicas interleave", async (t) => {
  const { deliver, received } = gateway("listener", "reader");
  for (const seq of [3, 12, 20, 28, 30, 7]) deliver(one("reader", seq));
  for (const seq of [30, 7]) deliver(one("reader", seq, "reader"));
  const seqs = received.map((told) => told.map(({ readSeq }) => readSeq));
  t.same(seqs, [
    [3, 12, 20, 28, 30],
    [3, 12, 20, 28, 30, 30],
  ]);
});

test("of an event with many readers the old ones are left out, and the rest is a whole event", async (t) => {
  const { deliver, received } = gateway("listener");
  const readers = Array.from({ length: 9 }, (_, n) => `reader "${n}" ก`);
  deliver(many([readers[2]!, ...readers.slice(6)], 8));
  deliver(many(readers, 5));
  deliver(many(readers.slice(0, 2), 4));
  t.equal(received[0]!.length, 2);
  const kept = [0, 1, 3, 4, 5].map((n) => markOf(readers[n]!, 5));
  t.same(received[0]![1], { chatRoomId: roomId, ...kept.at(-1), readers: kept });
});

test("replicas that do not say how new something is are believed, and so is another epoch", async (t) => {
  const { deliver, received } = gateway("listener");
  const order = createLiveOrder();
  const mark = (at: number, epoch?: string): LiveHeader => ({
    event: "message_read",
    states: { of: [["reader", at]], ...(epoch ? { epoch } : {}) },
  });
  t.equal(order.accept(roomId, mark(9), "{}"), "{}");
  t.equal(order.accept(roomId, mark(8), "{}"), undefined);
  t.equal(order.accept(roomId, mark(9), "{}"), "{}", "the same in another room, or for own devices");
  t.equal(order.accept(roomId, mark(1, "emptied"), "{}"), "{}");
  t.equal(order.accept(roomId, mark(2, "emptied"), "{}"), "{}");
  t.equal(order.accept(roomId, mark(1, "emptied"), "{}"), undefined);
  deliver({ header: { event: "message_read" }, body: `{"readSeq":1}` });
  t.same(received[0], [{ readSeq: 1 }]);
});

test("a presence that is overtaken in one room is not told in another, and typing is ordered in each", async (t) => {
  const order = createLiveOrder();
  const other = "0123456789abcdef76543210";
  const accept = (room: string, event: string, at: number) =>
    order.accept(room, { event, states: { epoch: "e", of: [["ann", at]] } }, "{}") !== undefined;
  t.ok(accept(roomId, "user_offline", 2));
  t.notOk(accept(other, "user_online", 1), "another gateway has looked before, and publishes later");
  t.ok(accept(other, "user_offline", 2));
  t.ok(accept(roomId, "user_stop_typing", 4));
  t.notOk(accept(roomId, "user_typing", 3));
  t.ok(accept(other, "user_typing", 3));
  t.ok(accept(roomId, "user_left_chat", 6));
  t.notOk(accept(roomId, "user_joined_chat", 5));
});

test("what is remembered is bounded in bytes, whatever the number of people and rooms", async (t) => {
  const maxBytes = 64 * 1024;
  const order = createLiveOrder(maxBytes);
  const accept = (n: number, at: number) => {
    const header: LiveHeader = { event: "message_read", states: { of: [[`${n}`.padEnd(128, "x"), at]] } };
    return order.accept(roomId, header, "{}") !== undefined;
  };
  for (let n = 0; n < 100_000; n++) accept(n, 2);
  let known = 0;
  for (let n = 99_999; n >= 0 && !accept(n, 1); n--) known++;
  t.ok(known > 50 && known * (2 * 128 + 100) < maxBytes, `${known} people`);
});
