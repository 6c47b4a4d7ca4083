// What is sent together is written together; one that cannot be written fails alone.
import type { LogEntry } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { until } from "@khui/test-kit/until";
import t, { test } from "tap";
import { forwardMessage } from "../src/actions/forwarding.js";
import { createSending } from "../src/actions/sending.js";
import type { Context } from "../src/context.js";
import { offline, silentAnnouncer } from "./offline.js";
import { openReplicas } from "./postgres.js";
import { faultsOf } from "./recount.js";
import { makeRoom, newId, newUser } from "./room.js";

const [db] = (await openReplicas(t, 1)) as [Db];
const [a, b, stranger] = ["a", "b", "stranger"].map(newUser) as [string, string, string];

function sendingOn(more: Partial<Context> = {}) {
  const announced: number[] = [];
  const announce = {
    ...silentAnnouncer,
    logEntry: (_: string, { seq }: LogEntry) => void announced.push(seq),
  };
  const context = offline(db, { announce, ...more });
  return { context, sending: createSending(context), announced };
}

const request = (roomId: string, userId: string, content: string) =>
  ({ roomId, userId, content, type: "text" }) as const;

test("a message that the database cannot take fails alone", async (t) => {
  const { sending, announced } = sendingOn();
  const roomId = await makeRoom(db, [a, b]);
  const contents = ["one", "two", "no text holds \u0000", "three", "four"];
  const outcomes = await Promise.allSettled(contents.map((content) => sending.send(request(roomId, a, content))));
  t.same(
    outcomes.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
  await sending.drain();
  t.same(announced, [1, 2, 3, 4]);
  t.same(await faultsOf(db, roomId, [a, b]), []);
});

test("of those sent together, each gets its own result or its own refusal", async (t) => {
  const { sending } = sendingOn();
  const [roomId, elsewhere] = [await makeRoom(db, [a, b]), await makeRoom(db, [b])];
  const sends = [
    sending.send(request(roomId, a, "mine")),
    sending.send(request(roomId, stranger, "not mine")),
    sending.send(request(newId(), a, "nowhere")),
    sending.send(request(elsewhere, a, "not my room")),
    sending.send(request(roomId, b, "yours")),
  ] as const;
  t.match(await sends[0], { message: { content: "mine", seq: 1 } });
  await t.rejects(sends[1], { code: "not_a_participant" });
  await t.rejects(sends[2], { code: "room_not_found" });
  await t.rejects(sends[3], { code: "not_a_participant" });
  t.match(await sends[4], { message: { content: "yours", seq: 2 } });
});

test("what one process sends is numbered and announced in the order of sending", async (t) => {
  const { sending, announced } = sendingOn();
  const roomId = await makeRoom(db, [a, b]);
  const sent = await Promise.all(Array.from({ length: 600 }, (_, i) => sending.send(request(roomId, a, `text ${i}`))));
  const inOrder = Array.from({ length: 600 }, (_, i) => i + 1);
  t.same(
    sent.map(({ message }) => message.seq),
    inOrder,
  );
  await sending.drain();
  t.same(announced, inOrder);
});

test("one clientMessageId sent many times at once is one message", async (t) => {
  const { sending, announced } = sendingOn();
  const roomId = await makeRoom(db, [a]);
  const clientMessageId = newId();
  const sent = await Promise.all(
    Array.from({ length: 20 }, () => sending.send({ ...request(roomId, a, "once"), clientMessageId })),
  );
  t.equal(new Set(sent.map(({ message }) => message._id)).size, 1);
  t.equal(sent.filter(({ created }) => created).length, 1);
  const later = await sending.send({ ...request(roomId, a, "once"), clientMessageId });
  t.match(later, { message: { _id: sent[0]?.message._id }, created: false });
  await sending.drain();
  t.same(announced, [1]);
  const other = await makeRoom(db, [a]);
  await t.rejects(sending.send({ ...request(other, a, "once"), clientMessageId }), { code: "idempotency_conflict" });
});

test("one clientMessageId for two messages at once is one of them, or the other when the first is refused", async (t) => {
  const { sending } = sendingOn();
  const [roomId, elsewhere] = [await makeRoom(db, [a]), await makeRoom(db, [b])];
  const clientMessageId = newId();
  const [first, second] = await Promise.allSettled(
    ["one", "other"].map((content) => sending.send({ ...request(roomId, a, content), clientMessageId })),
  );
  t.match(first, { status: "fulfilled", value: { message: { content: "one" } } });
  t.match(second, { status: "rejected", reason: { code: "idempotency_conflict" } });
  const unused = newId();
  const [refusal, sent] = await Promise.allSettled(
    [elsewhere, roomId].map((room) => sending.send({ ...request(room, a, "x"), clientMessageId: unused })),
  );
  t.match(refusal, { status: "rejected", reason: { code: "not_a_participant" } });
  t.match(sent, { status: "fulfilled", value: { message: { chatRoom: roomId }, created: true } });
});

test("ids of users and messages that read the same when joined are told apart", async (t) => {
  const { sending } = sendingOn();
  const [user, longer] = [newUser("user"), newUser("user")];
  const rest = longer.slice(user.length);
  const [one, other] = [user, `${user}\n${rest}x`] as const;
  const roomId = await makeRoom(db, [one, other]);
  const sent = await Promise.all([
    sending.send({ ...request(roomId, one, "hers"), clientMessageId: `${rest}x\nid` }),
    sending.send({ ...request(roomId, other, "his"), clientMessageId: "id" }),
  ]);
  t.match(sent, [{ message: { content: "hers" } }, { message: { content: "his" } }]);
});

test("a message stored without a digest is the answer to any repeat of its id", async (t) => {
  const { sending } = sendingOn();
  const roomId = await makeRoom(db, [a]);
  const clientMessageId = newId();
  const { message } = await sending.send({ ...request(roomId, a, "before"), clientMessageId });
  await sql`UPDATE messages.messages SET client_digest = NULL WHERE id = ${message._id}`.execute(db);
  const again = await sending.send({ ...request(roomId, a, "after"), clientMessageId });
  t.match(again, { message: { _id: message._id, content: "before" }, created: false });
});

test("what is deleted while it is forwarded is not copied", async (t) => {
  const { context, sending } = sendingOn();
  const [from, to] = [await makeRoom(db, [a]), await makeRoom(db, [a])];
  const { _id: messageId } = (await sending.send(request(from, a, "secret"))).message;
  const forwarding = await db.transaction().execute(async (trx) => {
    await sql`UPDATE messages.messages SET deleted = true, content = NULL WHERE id = ${messageId}`.execute(trx);
    let settled = false;
    const forwarded = forwardMessage(context, { userId: a, messageId, roomIds: [to] }).finally(() => {
      settled = true;
    });
    forwarded.catch(() => undefined);
    await until("it waits for the deletion, or does not", async () => settled || (await waiting()) > 0);
    return { forwarded };
  });
  await t.rejects(forwarding.forwarded, { code: "not_forwardable" });
});

/** How many statements wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db);
  return rows[0]?.count ?? 0;
}

test("forwarding to several rooms is all or nothing", async (t) => {
  const { context, sending } = sendingOn();
  const [from, to, forbidden] = [await makeRoom(db, [a]), await makeRoom(db, [a]), await makeRoom(db, [b])];
  const { _id: messageId } = (await sending.send(request(from, a, "to all"))).message;
  await t.rejects(forwardMessage(context, { userId: a, messageId, roomIds: [to, forbidden] }), {
    code: "not_a_participant",
  });
  t.match(await forwardMessage(context, { userId: a, messageId, roomIds: [to, from] }), [
    { chatRoom: to, seq: 1, content: "to all" },
    { chatRoom: from, seq: 2, content: "to all" },
  ]);
});

test("a message that cannot be announced silences none of those that follow", async (t) => {
  let broken = true;
  const { sending, announced } = sendingOn({
    directory: {
      async resolve() {
        if (broken) throw new Error("no names");
        return new Map();
      },
      async learn() {},
    },
  });
  const roomId = await makeRoom(db, [a]);
  await t.rejects(sending.send(request(roomId, a, "not announced")), { message: "no names" });
  await sending.drain();
  broken = false;
  t.match(await sending.send(request(roomId, a, "announced")), { message: { seq: 2 } });
  await sending.drain();
  t.same(announced, [2]);
});
