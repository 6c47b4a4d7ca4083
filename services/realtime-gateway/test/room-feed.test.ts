// A room's entries reach its sockets once each and in order, however they come in.
import { until } from "@khui/test-kit/until";
import fc from "fast-check";
import { type Test, test } from "tap";
import { type LogReader, RoomFeed } from "../src/room-feed.js";
import { entries, entry, listener, unheard } from "./room-log.js";

/** A feed with one socket, reading from a log that holds `head` entries, of which those up to `floor` are gone. */
function feedOn(t: Test, log: { head: number; floor?: number; pageSize?: number; failures?: number }) {
  const told = { left: [] as string[], lost: 0, repaired: 0, errors: 0, reads: 0 };
  let failures = log.failures ?? 0;
  const reader: LogReader = {
    async read(_, afterSeq) {
      told.reads++;
      if (failures-- > 0) throw new Error("the log is out of reach");
      const floor = log.floor ?? 0;
      const from = Math.max(afterSeq, floor) + 1;
      const to = Math.min(log.head, from + (log.pageSize ?? 500) - 1);
      return { seq: log.head, floor, entries: to < from ? [] : entries(from, to) };
    },
  };
  const feed = new RoomFeed("room", reader, {
    ...unheard,
    onLeft: (_, userId) => told.left.push(userId),
    onLost: () => told.lost++,
    onError: () => told.errors++,
    onRepaired: (count) => {
      told.repaired += count;
    },
  });
  t.teardown(() => feed.close());
  const { session, received } = listener("a");
  feed.sessions.add(session);
  return { feed, received, told, log };
}

const numbers = (from: number, to: number) => entries(from, to).map(({ seq }) => seq);

test("entries in order are delivered at once, without a question", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 3 });
  feed.start(0);
  for (const one of entries(1, 3)) feed.offer(one);
  t.same(received, [1, 2, 3]);
  t.equal(told.reads, 0);
});

test("what was published twice or is older than the room's opening is dropped", async (t) => {
  const { feed, received } = feedOn(t, { head: 7 });
  feed.start(5);
  for (const seq of [4, 5, 6, 6, 5, 7, 6]) feed.offer(entry(seq));
  t.same(received, [6, 7]);
});

test("entries heard before the room was opened wait for it", async (t) => {
  const { feed, received } = feedOn(t, { head: 4 });
  for (const seq of [3, 1, 4, 2]) feed.offer(entry(seq));
  t.same(received, []);
  feed.start(2);
  t.same(received, [3, 4]);
});

test("publishers that cross on the bus cost no question", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 4 });
  feed.start(0);
  for (const seq of [2, 1, 4, 3]) feed.offer(entry(seq));
  t.same(received, [1, 2, 3, 4]);
  t.equal(told.repaired, 0);
});

test("a hole is filled from the log, and what came early follows", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 5 });
  feed.start(0);
  for (const seq of [1, 4, 5]) feed.offer(entry(seq));
  t.same(received, [1]);
  await until("the hole is filled", () => feed.position === 5);
  t.same(received, [1, 2, 3, 4, 5]);
  t.equal(told.reads, 1);
});

test("a hole at the end is filled once the head is known", async (t) => {
  const { feed, received } = feedOn(t, { head: 3 });
  feed.start(1);
  feed.noteHead(3);
  await until("the end is delivered", () => feed.position === 3);
  t.same(received, [2, 3]);
});

test("a long hole is read page by page", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 1000, pageSize: 100 });
  feed.start(0);
  feed.noteHead(1000);
  await until("everything is delivered", () => feed.position === 1000);
  t.same(received, numbers(1, 1000));
  t.equal(told.reads, 10);
});

test("more early entries than are kept still all arrive", async (t) => {
  const { feed, received } = feedOn(t, { head: 3000 });
  feed.start(0);
  for (const one of entries(2, 3000)) feed.offer(one);
  await until("everything is delivered", () => feed.position === 3000);
  t.same(received, numbers(1, 3000));
});

test("a log out of reach is asked again", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 2, failures: 1 });
  feed.start(0);
  feed.noteHead(2);
  await until("the second question is answered", () => feed.position === 2);
  t.same(received, [1, 2]);
  t.equal(told.errors, 1);
});

test("catching up rejects when the log cannot be read, and waits for it otherwise", async (t) => {
  const { feed, received } = feedOn(t, { head: 2, failures: 1 });
  feed.start(0);
  await t.rejects(feed.catchUp(2), /out of reach/);
  await feed.catchUp(2);
  t.same(received, [1, 2]);
});

test("entries that the log no longer has are told as lost, and the rest is delivered", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 9, floor: 6 });
  feed.start(2);
  feed.noteHead(9);
  await until("the rest is delivered", () => feed.position === 9);
  t.same(received, [7, 8, 9]);
  t.equal(told.lost, 1);
});

test("a number that was heard of and never committed is asked for once", async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const atRest = timers();
  const { feed, told } = feedOn(t, { head: 3 });
  feed.start(3);
  feed.noteHead(8);
  await until("it asked, and has no other question planned", () => told.reads === 1 && timers() === atRest);
});

test("catching up is not put off by an answer that was on its way before", async (t) => {
  const { feed, received, log } = feedOn(t, { head: 3 });
  feed.start(3);
  feed.noteHead(4);
  const asked = feed.catchUp(4).catch(() => "nothing to be had");
  const late = feed.catchUp(5);
  log.head = 5;
  await Promise.all([asked, late]);
  t.same(received, [4, 5]);
});

test("a member's leaving is told after its entry was delivered", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 3 });
  feed.start(0);
  feed.offer(entry(2, "b"));
  t.same(told.left, []);
  feed.offer(entry(1));
  t.same(received, [1, 2]);
  t.same(told.left, ["b"]);
});

test("after its close a feed delivers and asks nothing more", async (t) => {
  const { feed, received, told } = feedOn(t, { head: 5 });
  feed.start(0);
  feed.offer(entry(3));
  feed.close();
  await feed.catchUp(5);
  t.same(received, []);
  t.equal(told.reads, 0);
});

test("whatever the order, the losses and the repeats: once each, in order", async (t) => {
  const arrival = fc
    .record({ head: fc.integer({ min: 1, max: 30 }), start: fc.nat(29) })
    .chain(({ head, start }) =>
      fc.tuple(fc.constant(head), fc.constant(Math.min(start, head)), fc.array(fc.integer({ min: 1, max: head }))),
    );
  const property = fc.asyncProperty(arrival, fc.nat(30), async ([head, start, heard], openedAfter) => {
    const { feed, received } = feedOn(t, { head, pageSize: 7 });
    for (const [i, seq] of heard.entries()) {
      if (i === openedAfter) feed.start(start);
      feed.offer(entry(seq));
    }
    feed.start(start);
    await feed.catchUp(head);
    feed.close();
    const expected = numbers(start + 1, head);
    if (received.join() !== expected.join()) throw new Error(`received ${received}, not ${expected}`);
  });
  await fc.assert(property, { numRuns: 500 });
  t.pass("500 arrivals");
});
