// Whatever members write, every answer about it fits a message of the bus.
import { type Db, sql } from "@khui/database";
import t, { test } from "tap";
import { logPage, logPages } from "../src/queries/log.js";
import { openRoom, openRooms, positionsOf } from "../src/queries/open-rooms.js";
import { audiencesOf, roomListsOf, roomsAmong, roomsOf } from "../src/queries/rooms.js";
import { renderEntry } from "../src/render.js";
import { editMessage, hideMessage } from "../src/store/change.js";
import { reactTo } from "../src/store/react.js";
import { sendBatch } from "../src/store/send.js";
import { links, offline } from "./offline.js";
import { openReplicas } from "./postgres.js";
import { makeRoom, newId, newUser, text } from "./room.js";

const [db] = (await openReplicas(t, 1)) as [Db];
const context = offline(db);
const largestMessage = 1024 * 1024;
/** As an RPC's answer is sent. */
const sizeOf = (answer: object) => Buffer.byteLength(JSON.stringify({ answer }));

/** The longest texts, of characters that take the most room in JSON. */
const longest = (n: number) => '\u0001"\\ก'.repeat(2_500).slice(0, 9_990) + String(n).padStart(10, "0");

test("a text is edited until its history is too large, and the log can be read on", async (t) => {
  const user = newUser("a");
  const roomId = await makeRoom(db, [user]);
  const message = text(roomId, user, { content: longest(0) });
  await sendBatch(db, [message]);
  const crowd = Array.from({ length: 500 }, (_, n) => ({
    userId: `${String(n).padStart(3, "0")}${'"'.repeat(125)}`,
    emoji: "👍",
    reactionType: null,
    createdAt: new Date().toISOString(),
  }));
  await sql`UPDATE messages.messages SET reactions = ${JSON.stringify(crowd)}::jsonb WHERE id = ${message.id}`.execute(
    db,
  );
  const edit = (n: number) => editMessage(db, { userId: user, messageId: message.id, roomId, content: longest(n) });
  let edits = 0;
  let outcome = await edit(1);
  for (; outcome.kind === "changed" && edits < 100; edits++) outcome = await edit(edits + 2);
  t.match(outcome, { kind: "refused", code: "too_many_edits" });
  t.ok(edits >= 2, `after ${edits}`);
  await sendBatch(db, [text(roomId, user)]);

  let position = 0;
  for (let page = await logPage(context, roomId, 0); page.entries.length > 0; ) {
    t.ok(sizeOf(page) < largestMessage, `a page of the log has ${sizeOf(page)} bytes`);
    position = page.entries.at(-1)!.seq;
    page = await logPage(context, roomId, position);
  }
  t.equal(position, edits + 2, "to its end");
  const opened = await openRoom(context, { userId: user, roomId, afterSeq: 0 });
  t.ok(sizeOf(opened) < largestMessage, `opening takes ${sizeOf(opened)} bytes`);
});

test("the logs of many rooms are read on where an answer ends, to the end of each", async (t) => {
  const user = newUser("a");
  const roomIds: string[] = [];
  for (let n = 0; n < 30; n++) roomIds.push(await makeRoom(db, [user]));
  // The tenth has more than one answer holds, and more entries than one reads.
  const texts = roomIds.flatMap((roomId, n) =>
    Array.from({ length: n === 9 ? 600 : 3 }, (_, i) => text(roomId, user, i < 40 ? { content: longest(i) } : {})),
  );
  for (let start = 0; start < texts.length; start += 100) await sendBatch(db, texts.slice(start, start + 100));
  const missing = newId();
  const position = new Map([...roomIds.slice(0, 5), missing, ...roomIds.slice(5)].map((roomId) => [roomId, 0]));
  let unknown = 0;
  for (let answers = 0; position.size > 0; answers++) {
    const rooms = [...position].map(([roomId, afterSeq]) => ({ roomId, afterSeq }));
    const pages = await logPages(context, rooms);
    t.ok(pages.length > 0 && answers < 60, "each answer gets further");
    t.ok(sizeOf({ pages }) < largestMessage, `an answer has ${sizeOf({ pages })} bytes`);
    for (const [n, page] of pages.entries()) {
      const { roomId, afterSeq } = rooms[n]!;
      if (!page) {
        t.equal(roomId, missing);
        unknown++;
        position.delete(roomId);
        continue;
      }
      const seqs = page.entries.map(({ seq }) => seq);
      t.same(
        seqs,
        seqs.map((_, i) => afterSeq + 1 + i),
        "without a gap",
      );
      const reached = seqs.at(-1) ?? afterSeq;
      if (reached === page.seq) position.delete(roomId);
      else position.set(roomId, reached);
    }
  }
  t.equal(unknown, 1);
});

test("a message takes a hundred different emojis; further reactions with one of them are accepted", async (t) => {
  const emojis = Array.from({ length: 101 }, (_, n) => String.fromCodePoint(0x1f400 + n));
  const people = emojis.map((_, n) => newUser(String(n)));
  const roomId = await makeRoom(db, people);
  const message = text(roomId, people[0]!);
  await sendBatch(db, [message]);
  const react = (n: number, emoji: string | null) =>
    reactTo(db, { userId: people[n]!, messageId: message.id, roomId, emoji, reactionType: null });
  for (let n = 0; n < 100; n++) t.equal((await react(n, emojis[n]!)).kind, "changed");
  t.match(await react(100, emojis[100]!), { kind: "refused", code: "too_many_reactions" });
  t.match(await react(100, emojis[0]!), { kind: "changed" });
  t.match(await react(99, null), { kind: "changed" });
  t.match(await react(100, emojis[100]!), { kind: "changed" });
});

test("a page of rooms is split into as many answers as needed", async (t) => {
  const user = newUser("a");
  const people = Array.from({ length: 100 }, (_, n) => newUser(`${"ก".repeat(40)}${n}`));
  const roomIds: string[] = [];
  for (let n = 0; n < 60; n++) roomIds.unshift(await makeRoom(db, [user, ...people]));
  await sendBatch(
    db,
    [...roomIds].reverse().map((roomId, n) => text(roomId, user, { content: longest(n) })),
  );
  const first = await roomsOf(context, user, 1, 50);
  t.equal(first.total, 60);
  const described = [...first.rooms];
  let answers = 1;
  t.ok(sizeOf(first) < largestMessage);
  for (let { rest } = first; rest.length > 0; answers++) {
    const more = await roomsAmong(context, user, rest);
    t.ok(sizeOf(more) < largestMessage);
    described.push(...more.rooms);
    rest = more.rest;
  }
  t.same(
    described.map(({ roomId }) => roomId),
    roomIds.slice(0, 50),
  );
  t.ok(answers > 1, `${answers} answers`);
  t.same(await roomsAmong(context, newUser("b"), roomIds), { rooms: [], rest: [] }, "nobody else gets them");
});

/** Every character takes six bytes in JSON. */
const escaped = (characters: number) => "\u0001".repeat(characters);

test("an event about a message is no larger than docs/amplification.md says, and a reaction's no larger than a message's", async (t) => {
  const [id, at] = ["0123456789abcdef01234567", new Date(0).toISOString()];
  const userId = escaped(128);
  const emoji = "🧑🏻‍❤️‍💋‍🧑🏿";
  const reaction = { userId, emoji, reactionType: "haha" as const, createdAt: at };
  const row = {
    id,
    room_id: id,
    seq: 1,
    sender_id: userId,
    type: "text" as const,
    content: escaped(10_000),
    media: null,
    sticker: null,
    system: null,
    created_at: new Date(0),
    recent_edits: [{ content: escaped(680), editedAt: at }],
    edit_count: 100,
    deleted: false,
    reactions: Array.from({ length: 50 }, () => reaction),
    reaction_counts: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${emoji}${n}`, 100_000])),
    reply_to: id,
    forwarded: { originalMessageId: id, originalSender: userId, forwardedAt: at },
    client_id: escaped(128),
    parent: { id, sender_id: userId, type: "text" as const, content: escaped(200), deleted: false },
  };
  const unreacted = { ...row, reactions: null, reaction_counts: null, recent_edits: null, edit_count: 0 };
  const user = { _id: userId, name: escaped(200), avatar: escaped(2_048) };
  const view = { users: new Map([[userId, user]]), links };
  const kilobytes = (event: string, of: typeof row | typeof unreacted) => {
    const data = { userId, emoji, reactionType: "haha", action: "added", deletedBy: userId };
    return Buffer.byteLength(renderEntry({ seq: 1, event, message_id: id, data }, of, view).body) / 1_024;
  };
  const message = kilobytes("new_message", unreacted);
  t.ok(message <= 110, `a message: ${message}`);
  t.ok(kilobytes("message_edited", row) <= 250, `an edited message: ${kilobytes("message_edited", row)}`);
  t.ok(kilobytes("message_deleted", row) <= 1, `a deleted message: ${kilobytes("message_deleted", row)}`);
  t.ok(kilobytes("reaction_updated", row) <= 60, `a reaction: ${kilobytes("reaction_updated", row)}`);
  t.ok(kilobytes("reaction_updated", row) <= message);
});

test("many joins are answered in as many parts as needed", async (t) => {
  const people = Array.from({ length: 210 }, (_, n) => `${"\u0001".repeat(125)}${n}`);
  const roomId = await makeRoom(db, people);
  const joins = Array.from({ length: 500 }, (_, n) => ({ userId: people[n % people.length]!, roomId, afterSeq: 0 }));
  const answered: string[] = [];
  let answers = 0;
  for (; answered.length < joins.length; answers++) {
    const { rooms } = await openRooms(context, joins.slice(answered.length));
    t.ok(sizeOf({ rooms }) < largestMessage);
    for (const room of rooms) answered.push("position" in room ? (room.position?.userId ?? "") : "");
  }
  t.same(
    answered,
    joins.map(({ userId }) => userId),
  );
  t.ok(answers > 1, `${answers} answers`);
});

test("joins for which hidden messages must be read are answered a few at a time", async (t) => {
  const user = newUser("a");
  const joins: Array<{ userId: string; roomId: string; afterSeq: number }> = [];
  const hidden: string[][] = [];
  for (let n = 0; n < 40; n++) {
    const roomId = await makeRoom(db, [user]);
    const message = text(roomId, user);
    await sendBatch(db, [message]);
    await hideMessage(db, { userId: user, messageId: message.id, roomId });
    // At the head: hiding is no entry of the log.
    joins.push({ userId: user, roomId, afterSeq: 1 });
    hidden.push([message.id]);
  }
  const answered: Array<string[] | undefined> = [];
  while (answered.length < joins.length) {
    const { rooms } = await openRooms(context, joins.slice(answered.length));
    answered.push(...rooms.map((room) => ("hidden" in room ? room.hidden : undefined)));
  }
  t.same(answered, hidden);
});

test("the positions of many rooms are answered in as many parts as needed", async (t) => {
  const roomIds: string[] = [];
  for (let n = 0; n < 5; n++) {
    const people = Array.from({ length: 200 }, () => newUser("\u0001".repeat(90)));
    roomIds.push(await makeRoom(db, people));
  }
  const found: string[] = [];
  let answers = 0;
  for (; found.length < roomIds.length; answers++) {
    const { positions } = await positionsOf(context, roomIds.slice(found.length));
    t.ok(sizeOf({ positions }) < largestMessage);
    found.push(...positions);
  }
  for (const positions of found) t.equal(JSON.parse(positions).length, 200);
  t.ok(answers > 1, `${answers} answers`);
});

test("rooms of many users are answered for as many of them as fit, each room once", async (t) => {
  const people = Array.from({ length: 30 }, (_, n) => newUser(String(n)));
  const roomIds: string[] = [];
  for (let n = 0; n < 200; n++) roomIds.push(await makeRoom(db, people));
  const newest = roomIds[7]!;
  await sendBatch(db, [text(newest, people[0]!)]);
  const stranger = newUser("stranger");
  const asked = [stranger, ...people];

  const { rooms, lists } = await roomListsOf(context, asked, 500);
  t.ok(lists.length > 1 && lists.length < asked.length, `for ${lists.length} of ${asked.length}`);
  t.ok(sizeOf({ rooms, lists }) < largestMessage);
  t.same(lists[0], [], "of a stranger none");
  t.same(new Set(rooms.map(({ roomId }) => roomId)), new Set(roomIds));
  t.equal(rooms.length, roomIds.length);
  for (const list of lists.slice(1)) t.equal(new Set(list).size, roomIds.length);
  t.equal(rooms[lists[1]![0]!]?.roomId, newest, "the most recently active first");
  const { seq } = rooms[lists[1]![0]!]!;
  t.ok(rooms.every((room) => room.roomId === newest || room.seq < seq));
  t.equal((await roomListsOf(context, [people[0]!], 3)).rooms.length, 3, "not more than asked for");

  const audiences = await audiencesOf(context, asked);
  t.ok(audiences.lists.length > 1 && audiences.lists.length < asked.length);
  t.same(audiences.lists[0], []);
  t.same(new Set(audiences.roomIds), new Set(roomIds));
});
