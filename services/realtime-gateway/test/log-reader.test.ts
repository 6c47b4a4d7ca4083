// Many feeds that miss entries ask few questions, and ask even less of a messages-api that fails.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, messagesRpc, type RpcAnswer, type RpcRequest } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createFeeds } from "../src/rooms/feeds.js";
import { createLogReader, type LogReaderTimes } from "../src/rooms/log-reader.js";
import { createRoomLogs } from "../src/rooms/room-logs.js";
import { entries, ignored } from "./room-log.js";

type Question = RpcRequest<typeof messagesRpc.readLogs>["rooms"];
type Pages = RpcAnswer<typeof messagesRpc.readLogs>["pages"];

/** Every log has this many entries. */
const head = 3;
const roomOf = (n: number) => n.toString(16).padStart(24, "0");
const answerOf = (rooms: Question): Pages =>
  rooms.map(({ afterSeq }) => ({ seq: head, floor: 0, entries: entries(afterSeq + 1, head) }));
const patient: LogReaderTimes = { minPauseMs: 1, maxPauseMs: 4, urgentMs: 60_000 };

/** A messages-api that answers questions with `answer`, and what it has been asked. */
function messagesApi(t: Test, answer: (rooms: Question) => Promise<Pages> | Pages) {
  const local = createLocalBus();
  const api = local.connect();
  const bus = local.connect();
  const seen = { questions: [] as Question[], inFlight: 0, mostInFlight: 0 };
  serveRpc(api, messagesRpc.readLogs, async ({ rooms }) => {
    seen.questions.push(rooms);
    seen.mostInFlight = Math.max(seen.mostInFlight, ++seen.inFlight);
    try {
      return { pages: await answer(rooms) };
    } finally {
      seen.inFlight--;
    }
  });
  t.teardown(async () => {
    await bus.close();
    await api.close();
  });
  return { api, bus, seen };
}

function readerOn(t: Test, answer: (rooms: Question) => Promise<Pages> | Pages, times: LogReaderTimes = patient) {
  const errors: unknown[] = [];
  const { bus, seen } = messagesApi(t, answer);
  const reader = createLogReader({ bus, onError: (error) => errors.push(error), times });
  t.teardown(() => reader.close());
  return { reader, seen, errors };
}

/** Answers that are given when the test says so. */
function heldAnswers() {
  const held: Array<() => void> = [];
  let holding = true;
  const answer = async (rooms: Question): Promise<Pages> => {
    if (holding) await new Promise<void>((resolve) => held.push(resolve));
    return answerOf(rooms);
  };
  /** Gives all answers, now and from now on. */
  const release = () => {
    holding = false;
    for (const open of held.splice(0)) open();
  };
  return { held, answer, release };
}

test("10,000 feeds that are behind are repaired with a few questions after messages-api was away", async (t) => {
  let failures = 4;
  const { api, bus, seen } = messagesApi(t, (rooms) => {
    if (failures-- > 0) throw new ChatError("service_unavailable");
    return answerOf(rooms);
  });
  serveRpc(api, messagesRpc.heads, async ({ rooms }) => ({
    ahead: rooms.map(({ roomId }) => ({ roomId, seq: head })),
  }));
  const errors: unknown[] = [];
  let repaired = 0;
  const feeds = createFeeds({
    ...ignored,
    onRepaired: (count) => {
      repaired += count;
    },
    bus,
    logs: createRoomLogs(bus),
    onError: (error) => errors.push(error),
    onLive() {},
  });
  t.teardown(() => feeds.close());
  const all = 10_000;
  await Promise.all(Array.from({ length: all }, async (_, n) => (await feeds.acquire(roomOf(n))).feed.open(0, 2)));
  await feeds.reconcile();
  await until("all feeds are whole", () => repaired === all * head);
  t.ok(seen.mostInFlight <= 2, `${seen.mostInFlight} questions at once`);
  t.ok(seen.questions.length < all / 20, `${seen.questions.length} questions`);
  t.equal(errors.length, 4, "each failure is reported once");
});

test("reads of one turn share a question, and a room is asked for once", async (t) => {
  const { reader, seen } = readerOn(t, answerOf);
  const reads = [0, 1, 0, 1, 1].map((n) => reader.read(roomOf(n), n));
  const pages = await Promise.all(reads);
  t.same(seen.questions, [
    [
      { roomId: roomOf(0), afterSeq: 0 },
      { roomId: roomOf(1), afterSeq: 1 },
    ],
  ]);
  t.same(
    pages.map((page) => page.entries.length),
    [3, 2, 3, 2, 2],
  );
});

test("an urgent read comes before all that wait, also when the same page waits already", async (t) => {
  const { held, answer, release } = heldAnswers();
  const { reader, seen } = readerOn(t, answer);
  const rooms = Array.from({ length: 1_000 }, (_, n) => roomOf(n));
  const reads = rooms.map((roomId) => reader.read(roomId, 0));
  await until("two questions are asked", () => held.length === 2);
  const urgent = [999, 2_000].map((n) => reader.read(roomOf(n), 0, { urgent: true }));
  held.shift()?.();
  await until("the next question is asked", () => held.length === 2);
  t.same(
    seen.questions[2]?.slice(0, 2).map(({ roomId }) => roomId),
    [roomOf(999), roomOf(2_000)],
  );
  release();
  await Promise.all([...urgent, ...reads]);
  t.equal(seen.questions.flat().filter(({ roomId }) => roomId === roomOf(999)).length, 1);
});

test("an urgent read that takes too long rejects, and is not asked for any more", async (t) => {
  const { held, answer, release } = heldAnswers();
  const { reader, seen } = readerOn(t, answer, { ...patient, urgentMs: 1 });
  const background = Array.from({ length: 600 }, (_, n) => reader.read(roomOf(n), 0));
  await until("two questions are asked", () => held.length === 2);
  await t.rejects(reader.read(roomOf(1_000), 0, { urgent: true }), { code: "service_unavailable" });
  release();
  await Promise.all(background);
  t.notOk(seen.questions.flat().some(({ roomId }) => roomId === roomOf(1_000)));
});

test("pages that do not fit into an answer are asked for again", async (t) => {
  const { reader, seen } = readerOn(t, (rooms) => answerOf(rooms).slice(0, 1));
  const pages = await Promise.all([0, 1, 2].map((n) => reader.read(roomOf(n), n)));
  t.same(
    pages.map((page) => page.entries.length),
    [3, 2, 1],
  );
  t.equal(seen.questions.length, 3);
});

test("an unknown room is room_not_found, and the others are answered", async (t) => {
  const { reader } = readerOn(t, (rooms) => [null, ...answerOf(rooms.slice(1))]);
  const unknown = reader.read(roomOf(0), 0);
  const known = reader.read(roomOf(1), 0);
  await t.rejects(unknown, { code: "room_not_found" });
  t.equal((await known).entries.length, 3);
});

test("a room that cannot be read does not keep others from being read", async (t) => {
  const broken = roomOf(77);
  const { reader } = readerOn(t, (rooms) => {
    if (rooms.some(({ roomId }) => roomId === broken)) throw new ChatError("internal_error");
    return answerOf(rooms);
  });
  let left = 300;
  async function readUntilAnswered(roomId: string): Promise<void> {
    for (let answered = false; !answered && left > 1; ) {
      answered = await reader.read(roomId, 0).then(
        () => true,
        () => false,
      );
    }
    left--;
  }
  await Promise.all(Array.from({ length: left }, (_, n) => readUntilAnswered(roomOf(n))));
  t.pass("all but one were answered");
});

test("closing rejects what waits", async (t) => {
  const { held, answer, release } = heldAnswers();
  const { reader } = readerOn(t, answer);
  const asked = [reader.read(roomOf(0), 0)];
  await until("the first question is asked", () => held.length === 1);
  asked.push(reader.read(roomOf(1), 0));
  await until("the second question is asked", () => held.length === 2);
  const waiting = reader.read(roomOf(2), 0);
  reader.close();
  await t.rejects(waiting, { code: "service_unavailable" });
  await t.rejects(reader.read(roomOf(3), 0), { code: "service_unavailable" });
  release();
  t.equal((await Promise.all(asked)).length, 2);
});
