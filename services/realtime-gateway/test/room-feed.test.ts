// A room's entries reach its clients once each and in order, however they come in.
import { until } from "@khui/test-kit/until";
import fc from "fast-check";
import { type Test, test } from "tap";
import type { LogReader } from "../src/rooms/log-reader.js";
import { RoomFeed } from "../src/rooms/room-feed.js";
import { entries, entry, ignored, listener } from "./room-log.js";

/** A feed with one client, reading from a log that holds `head` entries, of which those up to `floor` are gone. */
function feedOn(t: Test, log: { head: number; floor?: number; pageSize?: number; failures?: number }) {
  const seen = { left: [] as string[], lost: 0, repaired: 0, reads: 0 };
  let failures = log.failures ?? 0;
  const reader: LogReader = {
    async read(_, afterSeq) {
      seen.reads++;
      if (failures-- > 0) throw new Error("the log is out of reach");
      const floor = log.floor ?? 0;
      const from = Math.max(afterSeq, floor) + 1;
      const to = Math.min(log.head, from + (log.pageSize ?? 500) - 1);
      return { seq: log.head, floor, entries: to < from ? [] : entries(from, to) };
    },
  };
  const feed = new RoomFeed("room", reader, {
    ...ignored,
    onLeft: (_, userId) => seen.left.push(userId),
    onLost: () => seen.lost++,
    onRepaired: (count) => {
      seen.repaired += count;
    },
  });
  t.teardown(() => feed.close());
  const { client, received } = listener("a");
  feed.clients.add(client);
  return { feed, received, seen, log };
}

const numbers = (from: number, to: number) => entries(from, to).map(({ seq }) => seq);

test("entries in order are delivered at once, without a read", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 3 });
  feed.sequencer.start(0);
  for (const one of entries(1, 3)) feed.sequencer.ingest(one);
  t.same(received, [1, 2, 3]);
  t.equal(seen.reads, 0);
});

test("duplicates and entries from before the room was opened are dropped", async (t) => {
  const { feed, received } = feedOn(t, { head: 7 });
  feed.sequencer.start(5);
  for (const seq of [4, 5, 6, 6, 5, 7, 6]) feed.sequencer.ingest(entry(seq));
  t.same(received, [6, 7]);
});

test("entries received before the room was opened wait for it", async (t) => {
  const { feed, received } = feedOn(t, { head: 4 });
  for (const seq of [3, 1, 4, 2]) feed.sequencer.ingest(entry(seq));
  t.same(received, []);
  feed.sequencer.start(2);
  t.same(received, [3, 4]);
});

test("publishers that cross on the bus cost no read", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 4 });
  feed.sequencer.start(0);
  for (const seq of [2, 1, 4, 3]) feed.sequencer.ingest(entry(seq));
  t.same(received, [1, 2, 3, 4]);
  t.equal(seen.repaired, 0);
});

test("a gap is repaired from the log, and what came early follows", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 5 });
  feed.sequencer.start(0);
  for (const seq of [1, 4, 5]) feed.sequencer.ingest(entry(seq));
  t.same(received, [1]);
  await until("the gap is repaired", () => feed.position === 5);
  t.same(received, [1, 2, 3, 4, 5]);
  t.equal(seen.reads, 1);
});

test("a gap at the end is repaired once the head is known", async (t) => {
  const { feed, received } = feedOn(t, { head: 3 });
  feed.sequencer.start(1);
  feed.sequencer.noteHead(3);
  await until("the end is delivered", () => feed.position === 3);
  t.same(received, [2, 3]);
});

test("a long gap is read page by page", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 1000, pageSize: 100 });
  feed.sequencer.start(0);
  feed.sequencer.noteHead(1000);
  await until("everything is delivered", () => feed.position === 1000);
  t.same(received, numbers(1, 1000));
  t.equal(seen.reads, 10);
});

test("more early entries than are kept still all arrive", async (t) => {
  const { feed, received } = feedOn(t, { head: 3000 });
  feed.sequencer.start(0);
  for (const one of entries(2, 3000)) feed.sequencer.ingest(one);
  await until("everything is delivered", () => feed.position === 3000);
  t.same(received, numbers(1, 3000));
});

test("a log that could not be read is read again", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 2, failures: 1 });
  feed.sequencer.start(0);
  feed.sequencer.noteHead(2);
  await until("the second read is answered", () => feed.position === 2);
  t.same(received, [1, 2]);
  t.equal(seen.reads, 2);
});

test("catching up rejects when the log cannot be read, and waits for it otherwise", async (t) => {
  const { feed, received } = feedOn(t, { head: 2, failures: 1 });
  feed.sequencer.start(0);
  await t.rejects(feed.sequencer.catchUp(2), /out of reach/);
  await feed.sequencer.catchUp(2);
  t.same(received, [1, 2]);
});

test("entries that the log no longer has are reported as lost, and the rest is delivered", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 9, floor: 6 });
  feed.sequencer.start(2);
  feed.sequencer.noteHead(9);
  await until("the rest is delivered", () => feed.position === 9);
  t.same(received, [7, 8, 9]);
  t.equal(seen.lost, 1);
});

test("a number that was published and never committed is read for once", async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const atRest = timers();
  const { feed, seen } = feedOn(t, { head: 3 });
  feed.sequencer.start(3);
  feed.sequencer.noteHead(8);
  await until("it has read, and no other read is scheduled", () => seen.reads === 1 && timers() === atRest);
});

test("catching up does not rely on a read that was in flight before", async (t) => {
  const { feed, received, log } = feedOn(t, { head: 3 });
  feed.sequencer.start(3);
  feed.sequencer.noteHead(4);
  const asked = feed.sequencer.catchUp(4).catch(() => "nothing to be had");
  log.head = 5;
  const late = feed.sequencer.catchUp(5);
  await Promise.all([asked, late]);
  t.same(received, [4, 5]);
});

test("a member's leaving is reported after its entry was delivered", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 3 });
  feed.sequencer.start(0);
  feed.sequencer.ingest(entry(2, "b"));
  t.same(seen.left, []);
  feed.sequencer.ingest(entry(1));
  t.same(received, [1, 2]);
  t.same(seen.left, ["b"]);
});

test("a closed feed delivers and reads nothing more", async (t) => {
  const { feed, received, seen } = feedOn(t, { head: 5 });
  feed.sequencer.start(0);
  feed.sequencer.ingest(entry(3));
  feed.close();
  await feed.sequencer.catchUp(5);
  t.same(received, []);
  t.equal(seen.reads, 0);
});

test("in any order, with losses and repeats: once each, in order", async (t) => {
  const arrival = fc
    .record({ head: fc.integer({ min: 1, max: 30 }), start: fc.nat(29) })
    .chain(({ head, start }) =>
      fc.tuple(fc.constant(head), fc.constant(Math.min(start, head)), fc.array(fc.integer({ min: 1, max: head }))),
    );
  const property = fc.asyncProperty(arrival, fc.nat(30), async ([head, start, arriving], openedAfter) => {
    const { feed, received } = feedOn(t, { head, pageSize: 7 });
    for (const [i, seq] of arriving.entries()) {
      if (i === openedAfter) feed.sequencer.start(start);
      feed.sequencer.ingest(entry(seq));
    }
    feed.sequencer.start(start);
    await feed.sequencer.catchUp(head);
    feed.close();
    const expected = numbers(start + 1, head);
    if (received.join() !== expected.join()) throw new Error(`received ${received}, not ${expected}`);
  });
  await fc.assert(property, { numRuns: 500 });
  t.pass("500 arrivals");
});

test("what comes in while the log is read, and is newer than the answer, is read for again", async (t) => {
  let answer = () => {};
  const heads = [3, 6];
  const reader: LogReader = {
    async read(_, afterSeq) {
      const head = heads.shift() ?? 6;
      if (head === 3) await new Promise<void>((resolve) => (answer = resolve));
      return { seq: head, floor: 0, entries: entries(afterSeq + 1, head) };
    },
  };
  const feed = new RoomFeed("room", reader, ignored);
  t.teardown(() => feed.close());
  feed.sequencer.start(3);
  feed.sequencer.noteHead(4);
  await until("the log is read", () => heads.length === 1);
  feed.sequencer.ingest(entry(6));
  answer();
  await until("all is there", () => feed.position === 6);
});
