// Receipts are published a few at a time, and everybody learns the newest position of each member from them.
import { type LiveHeader, type ReadMark, smallRoomLimit } from "@khui/contracts";
import { test } from "tap";
import { createReceipts, type ReceiptsOptions } from "../src/announcing/receipts.js";
import { newId } from "./room.js";

const timestamp = new Date(0).toISOString();

interface Announced {
  readonly header: LiveHeader;
  readonly payload: { userId: string; readSeq?: number; readers?: Array<{ userId: string; readSeq: number }> };
}

/** Intervals that end only when the test says so. */
function setUp(options: Partial<ReceiptsOptions> = {}) {
  const announced: Announced[] = [];
  const liveEvent = (_: string, header: LiveHeader, payload: object) =>
    void announced.push({ header, payload: payload as Announced["payload"] });
  const receipts = createReceipts({ announce: { liveEvent }, intervalMs: 3_600_000, ...options });
  const roomId = newId();
  const mark = (n: number, readSeq: number): ReadMark => ({
    chatRoomId: roomId,
    userId: `reader ${n}`,
    lastReadMessage: null,
    readSeq,
    timestamp,
  });
  return {
    receipts,
    roomId,
    mark,
    /** What others than the readers get, since the last call. */
    shown: () => announced.splice(0).filter(({ header }) => header.only === undefined),
    all: () => announced.splice(0),
  };
}

/** Every reader whom these events name, with how far they have read: as a client reads them that knows the list. */
const named = (events: readonly Announced[]) =>
  events.flatMap(({ payload }) => payload.readers ?? [payload]).map(({ userId, readSeq }) => `${userId}: ${readSeq}`);

test("a message that everyone in a large room reads is shown to nobody but the readers' own devices", async (t) => {
  const { receipts, mark, all } = setUp();
  for (let n = 0; n < 250; n++) receipts.read(mark(n, 1), 250);
  receipts.flush();
  const events = all();
  t.ok(events.every(({ header, payload }) => header.only === payload.userId && payload.readers === undefined));
  t.equal(new Set(named(events)).size, 250);
  t.equal(events.length, 250);
});

test("in a small room it is two events, which name each reader once", async (t) => {
  const { receipts, mark, all } = setUp();
  for (let n = 0; n < 150; n++) receipts.read(mark(n, 1), 150);
  const [first, ...rest] = all();
  t.match(first, { header: { event: "message_read" }, payload: { userId: "reader 0", readSeq: 1 } });
  t.same(rest, [], "the others wait");
  receipts.flush();
  const events = all();
  const shown = events.filter(({ header }) => header.only === undefined);
  t.equal(shown.length, 1);
  t.match(shown[0]?.payload, { userId: "reader 149", readSeq: 1, lastReadMessage: null, timestamp });
  t.same(
    named([first!, ...shown]),
    Array.from({ length: 150 }, (_, n) => `reader ${n}: 1`),
  );
  const own = events.filter(({ header }) => header.only !== undefined);
  t.same(
    own.map(({ header }) => header.only),
    Array.from({ length: 149 }, (_, n) => `reader ${n + 1}`),
    "devices that do not know the list learn their own user's",
  );
});

test("what is published says how new each mark is, and where each is in the JSON of a list", async (t) => {
  const { receipts, mark, all } = setUp();
  for (let n = 0; n < 8; n++) receipts.read({ ...mark(n, 10 + n), userId: `"${n}" ก` }, 150);
  receipts.flush();
  const [first, list, ...own] = all();
  t.same(first?.header.states, { of: [['"0" ก', 10]] });
  t.same(
    own.map(({ header }) => header.states?.of),
    Array.from({ length: 7 }, (_, n) => [[`"${1 + n}" ก`, 11 + n]]),
  );
  const states = list!.header.states!;
  t.same(
    states.of,
    list?.payload.readers?.map(({ userId, readSeq }) => [userId, readSeq]),
  );
  t.equal(states.list?.name, "readers");
  const text = JSON.stringify(list?.payload);
  let end = text.length - "]}".length;
  for (const [n, length] of [...states.list!.lengths.entries()].reverse()) {
    t.same(JSON.parse(text.slice(end - length, end)), list?.payload.readers?.[n]);
    end -= length + ",".length;
  }
});

test("up to five readers are an event each, for everyone in the room", async (t) => {
  const { receipts, mark, all } = setUp();
  for (let n = 0; n <= 5; n++) receipts.read(mark(n, 1), 10);
  receipts.flush();
  const events = all();
  t.equal(events.length, 6);
  t.ok(events.every(({ header, payload }) => header.only === undefined && payload.readers === undefined));
});

test("a member who reads one message after the other is shown once at first and once an interval, where they are by then", async (t) => {
  const { receipts, mark, shown } = setUp();
  for (let seq = 1; seq <= 100; seq++) receipts.read(mark(0, seq), smallRoomLimit);
  t.same(named(shown()), ["reader 0: 1"]);
  receipts.flush();
  t.same(named(shown()), ["reader 0: 100"]);
  receipts.read(mark(0, 102), smallRoomLimit);
  receipts.read(mark(0, 101), smallRoomLimit);
  t.same(shown(), [], "the next interval has begun");
  receipts.flush();
  t.same(named(shown()), ["reader 0: 102"], "never back");
  receipts.flush();
  receipts.read(mark(0, 103), smallRoomLimit);
  t.same(named(shown()), ["reader 0: 103"], "at once after an interval without one");
});

test("deliveries are published in the same way, and in large rooms not at all", async (t) => {
  const { receipts, roomId, all } = setUp();
  const marks = (count: number, deliveredSeq: number) =>
    Array.from({ length: count }, (_, n) => ({ chatRoomId: roomId, userId: `u${n}`, deliveredSeq, timestamp }));
  receipts.delivered(roomId, marks(250, 1), 250);
  receipts.flush();
  t.same(all(), []);
  receipts.delivered(roomId, marks(100, 1), 100);
  receipts.delivered(roomId, marks(3, 2), 100);
  receipts.delivered(roomId, marks(2, 3), 100);
  receipts.flush();
  const own = ({ chatRoomId: _, ...rest }: ReturnType<typeof marks>[number]) => rest;
  const [u2, u0, u1] = [marks(3, 2)[2], ...marks(2, 3)];
  t.same(all(), [
    {
      header: {
        event: "message_delivered",
        states: {
          of: marks(100, 1).map(({ userId }) => [userId, 1]),
          list: { name: "deliveries", lengths: marks(100, 1).map((mark) => JSON.stringify(own(mark)).length) },
        },
      },
      payload: { ...marks(100, 1).at(-1), deliveries: marks(100, 1).map(own) },
    },
    ...[u2!, u0!, u1!].map((payload) => ({
      header: { event: "message_delivered", states: { of: [[payload.userId, payload.deliveredSeq]] } },
      payload,
    })),
  ]);
});

test("rooms do not wait for each other, and what waits in all of them is bounded", async (t) => {
  const { receipts, mark, shown } = setUp({ maxWaiting: 10 });
  const rooms = Array.from({ length: 5 }, newId);
  const read = (chatRoomId: string, n: number) => receipts.read({ ...mark(n, 1), chatRoomId }, 2);
  for (const roomId of rooms) read(roomId, 0);
  t.equal(shown().length, 5);
  for (const roomId of rooms) for (const n of [1, 2]) read(roomId, n);
  t.equal(shown().length, 0);
  read(rooms[0]!, 3);
  t.equal(shown().length, 11, "nothing is lost");
});
