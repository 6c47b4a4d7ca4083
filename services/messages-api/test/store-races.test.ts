// Two replicas write into the same rooms at once: nothing deadlocks, nothing is lost, every counter adds up.
import type { Db } from "@khui/database";
import { randomFrom } from "@khui/test-kit/random";
import t, { test } from "tap";
import { deleteForEveryone, editMessage, hideMessage } from "../src/store/change.js";
import { applyRoomChange } from "../src/store/membership.js";
import { markDelivered, markReadBatch } from "../src/store/positions.js";
import { reactTo } from "../src/store/react.js";
import { sendBatch } from "../src/store/send.js";
import type { ParentRow } from "../src/store/tables.js";
import { openReplicas } from "./postgres.js";
import { faultsOf } from "./recount.js";
import { makeRoom, newId, newUser, text } from "./room.js";

/** Statements that were ended for a deadlock; the port ran them again. */
let deadlocks = 0;
const replicas = await openReplicas(t, 2, (kind) => {
  if (kind === "serialization") deadlocks++;
});
const [first, second] = replicas as [Db, Db];

/** A message's text after each entry that changed it; null once it was deleted. */
type Versions = Map<string, Array<{ seq: number; content: string | null }>>;

const rounds = 60;

test("everything at once from two replicas", { timeout: 110_000 }, async (t) => {
  const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
  t.comment(`KHUI_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const one = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const people = ["a", "b", "c", "d", "e", "f"].map(newUser);
  const rooms: string[] = [];
  for (let i = 0; i < 4; i++) rooms.push(await makeRoom(first, people));

  const known: Array<{ id: string; roomId: string; senderId: string }> = [];
  const versions: Versions = new Map();
  const replies: Array<{ seq: number; parent: ParentRow }> = [];

  async function send(db: Db, order: readonly string[]): Promise<void> {
    const batch = order.flatMap((roomId) => {
      const parents = known.filter((message) => message.roomId === roomId);
      return Array.from({ length: 1 + below(3) }, () =>
        text(roomId, one(people), {
          content: newId(),
          type: random() < 0.2 ? "sticker" : "text",
          replyTo: parents.length > 0 && random() < 0.5 ? one(parents.slice(-10)).id : null,
          clientId: random() < 0.3 ? newId() : null,
        }),
      );
    });
    const results = await sendBatch(db, batch);
    for (const [i, result] of results.entries()) {
      const { id, roomId, senderId, content } = batch[i]!;
      if (result.kind !== "sent") continue;
      versions.set(id, [{ seq: result.seq, content }]);
      known.push({ id, roomId, senderId });
      if (result.parent) replies.push({ seq: result.seq, parent: result.parent });
    }
  }

  async function change(db: Db): Promise<void> {
    const recent = known.slice(-20);
    if (recent.length === 0) return;
    const { id: messageId, senderId, roomId } = one(recent);
    const target = { messageId, roomId, userId: one(people) };
    const emoji = random() < 0.3 ? null : one(["👍", "❤️"]);
    const content = newId();
    const edited = await editMessage(db, { ...target, userId: senderId, content });
    if (edited.kind === "changed") versions.get(messageId)?.push({ seq: edited.seq, content });
    await reactTo(db, { ...target, emoji, reactionType: null });
    // Both at once: the message must not count twice as gone.
    const [deleted] = await Promise.all([
      random() < 0.5 ? deleteForEveryone(db, { ...target, userId: senderId }) : undefined,
      hideMessage(one(replicas), target),
    ]);
    if (deleted?.kind === "changed") versions.get(messageId)?.push({ seq: deleted.seq, content: null });
  }

  async function mark(db: Db): Promise<void> {
    const reader = one(people);
    const upTo = (roomId: string) => one([undefined, known.filter((m) => m.roomId === roomId).at(-1 - below(5))?.id]);
    const requests = [...rooms]
      .sort(() => random() - 0.5)
      .map((roomId) => ({ roomId, userId: reader, messageId: upTo(roomId) }));
    await markReadBatch(db, requests);
    await markDelivered(
      db,
      rooms.flatMap((roomId) => people.map((userId) => ({ roomId, userId, seq: below(900) }))),
    );
  }

  async function comeAndGo(roomId: string): Promise<void> {
    for (let changeNo = 2; changeNo < rounds; changeNo += 2) {
      const userId = one(people.slice(1));
      const left = { kind: "left" as const, userId, newAdmin: null, text: "left" };
      const joined = { kind: "joined" as const, userId, role: "member" as const, text: "joined" };
      await applyRoomChange(one(replicas), roomId, changeNo, left, newId());
      await applyRoomChange(one(replicas), roomId, changeNo + 1, joined, newId());
    }
  }

  async function repeat(work: () => Promise<void>): Promise<void> {
    for (let round = 0; round < rounds; round++) await work();
  }

  const backwards = [...rooms].reverse();
  await Promise.all([
    ...[first, first].map((db) => repeat(() => send(db, rooms))),
    ...[second, second].map((db) => repeat(() => send(db, backwards))),
    ...[first, second, first, second].map((db) => repeat(() => change(db))),
    ...[first, second].map((db) => repeat(() => mark(db))),
    ...rooms.map((roomId) => comeAndGo(roomId)),
  ]);

  t.comment(`${known.length} messages`);
  t.equal(deadlocks, 0, "no statement was ended for a deadlock");
  t.ok(known.length > rounds * rooms.length, "most were sent");
  for (const roomId of rooms) t.same(await faultsOf(first, roomId, people), []);
  const stale = replies.filter(({ seq, parent }) => {
    const before = versions.get(parent.id)?.filter((version) => version.seq < seq) ?? [];
    const latest = before.sort((a, b) => a.seq - b.seq).at(-1);
    return latest !== undefined && latest.content !== parent.content;
  });
  t.same(stale, [], `${replies.length} replies show what they reply to as it was at their place`);
});

test("one clientMessageId from two replicas at once gives one message", async (t) => {
  const [a, b] = [newUser("a"), newUser("b")];
  const roomId = await makeRoom(first, [a, b]);
  for (let round = 0; round < 20; round++) {
    const clientId = newId();
    const tries = replicas.flatMap((db) => [db, db]).map((db) => ({ db, message: text(roomId, a, { clientId }) }));
    const results = await Promise.all(tries.map(({ db, message }) => sendBatch(db, [message])));
    const sent = tries.filter((_, i) => results[i]?.[0]?.kind === "sent").map(({ message }) => message.id);
    t.equal(sent.length, 1);
    const repeated = results.flatMap(([result]) => (result?.kind === "repeated" ? [result.messageId] : []));
    t.same(repeated, [sent[0], sent[0], sent[0]]);
  }
  t.same(await faultsOf(first, roomId, [a, b]), []);
});

test("a reply shows what it replies to as that was at the reply's place in the log", async (t) => {
  const [a, b] = [newUser("a"), newUser("b")];
  const roomId = await makeRoom(first, [a, b]);
  let afterChange = 0;
  for (let round = 0; round < 80; round++) {
    const message = text(roomId, a, { content: "before" });
    await sendBatch(first, [message]);
    const target = { messageId: message.id, roomId, userId: a };
    const [changed, sent] = await Promise.all([
      round % 2 ? deleteForEveryone(first, target) : editMessage(first, { ...target, content: "after" }),
      sendBatch(second, [text(roomId, b, { replyTo: message.id })]),
    ]);
    const [reply] = sent;
    if (changed.kind !== "changed" || reply?.kind !== "sent") throw new Error("both are done");
    const isAfter = reply.seq > changed.seq;
    if (isAfter) afterChange++;
    const expected = isAfter ? (round % 2 ? null : "after") : "before";
    t.equal(reply.parent?.content, expected, `round ${round}`);
  }
  t.ok(afterChange > 0, `${afterChange} replies came after the change`);
});

test("a message hidden and deleted at the same time counts once", async (t) => {
  const [a, b] = [newUser("a"), newUser("b")];
  const roomId = await makeRoom(first, [a, b]);
  for (let round = 0; round < 40; round++) {
    const message = text(roomId, a);
    await sendBatch(first, [message]);
    const target = { messageId: message.id, roomId };
    await Promise.all([
      deleteForEveryone(first, { ...target, userId: a }),
      hideMessage(second, { ...target, userId: b }),
    ]);
  }
  await sendBatch(
    first,
    Array.from({ length: 50 }, () => text(roomId, a)),
  );
  t.same(await faultsOf(first, roomId, [a, b]), []);
});
