// Pages skip hidden messages: whatever was hidden, all pages together are exactly the rest.
import { type Db, sql } from "@khui/database";
import { randomFrom } from "@khui/test-kit/random";
import t, { test } from "tap";
import { deleteForEveryone, hideMessage } from "../src/store/change.js";
import { type PageRequest, readPage } from "../src/store/page.js";
import { describeRoom } from "../src/store/room-list.js";
import { sendBatch } from "../src/store/send.js";
import { openReplicas } from "./postgres.js";
import { faultsOf } from "./recount.js";
import { makeRoom, newUser, text } from "./room.js";

const [db] = (await openReplicas(t, 1)) as [Db];
const size = 300;

async function pageOf(request: Pick<PageRequest, "roomId" | "userId" | "limit"> & Partial<PageRequest>) {
  const whole = { page: 1, before: undefined, beforeSeq: undefined, afterSeq: undefined, ...request };
  const page = await readPage(db, whole);
  if (typeof page === "string") throw new Error(page);
  return page;
}

/** What is hidden, by the position of the message: one's own patterns. */
const patterns: Record<string, (place: number, random: () => number) => boolean> = {
  nothing: () => false,
  everything: () => true,
  "the newest": (place) => place > 180,
  "the oldest": (place) => place <= 120,
  "every other": (place) => place % 2 === 0,
  stretches: (place) => place % 50 < 30,
  "at random": (_, random) => random() < 0.4,
};

for (const [name, isHidden] of Object.entries(patterns)) {
  test(`with ${name} hidden, in whatever order`, async (t) => {
    const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
    t.comment(`KHUI_TEST_SEED=${seed}`);
    const random = randomFrom(seed);
    const [a, b] = [newUser("a"), newUser("b")];
    const roomId = await makeRoom(db, [a, b]);
    const sent = Array.from({ length: size }, (_, n) => text(roomId, n % 3 === 0 ? b : a));
    for (let n = 0; n < size; n += 100) await sendBatch(db, sent.slice(n, n + 100));
    const hidden = sent.filter((_, n) => isHidden(n + 1, random));
    const inAnyOrder = hidden.map((message) => ({ message, at: random() })).sort((x, y) => x.at - y.at);
    for (const { message } of inAnyOrder) {
      const target = { messageId: message.id, roomId, userId: b };
      if (random() < 0.2) await deleteForEveryone(db, { ...target, userId: message.senderId });
      await hideMessage(db, target);
      await hideMessage(db, target);
      if (random() < 0.2) await deleteForEveryone(db, { ...target, userId: message.senderId });
    }
    const left = sent.filter((message) => !hidden.includes(message)).map(({ id }) => id);
    const limit = 37;

    const byPage: string[] = [];
    for (let page = 1; page <= Math.ceil(size / limit) + 1; page++) {
      const { messages } = await pageOf({ roomId, userId: b, limit, page });
      byPage.unshift(...messages.map(({ id }) => id));
    }
    t.same(byPage, left, "by page");

    const walks: Record<string, string[]> = { back: [], forward: [], byTime: [] };
    for (let beforeSeq = size + 1, more = true; more; ) {
      const { messages, hasMore } = await pageOf({ roomId, userId: b, limit, beforeSeq });
      walks.back!.unshift(...messages.map(({ id }) => id));
      more = hasMore;
      beforeSeq = messages[0]?.seq ?? 0;
    }
    for (let afterSeq = 0, more = true; more; ) {
      const { messages, hasMore } = await pageOf({ roomId, userId: b, limit, afterSeq });
      walks.forward!.push(...messages.map(({ id }) => id));
      more = hasMore;
      afterSeq = messages.at(-1)?.seq ?? 0;
    }
    for (let before = new Date(Date.now() + 60_000), more = true; more; ) {
      const { messages, hasMore } = await pageOf({ roomId, userId: b, limit, before });
      walks.byTime!.unshift(...messages.map(({ id }) => id));
      more = hasMore;
      before = messages[0]?.created_at ?? new Date(0);
    }
    t.same(walks, { back: left, forward: left, byTime: left });

    const middle = sent[150]!.id;
    const { rows } = await sql<{ created_at: Date }>`
      SELECT created_at FROM messages.messages WHERE id = ${middle}`.execute(db);
    const second = await pageOf({ roomId, userId: b, limit: 10, page: 2, before: rows[0]!.created_at });
    const earlier = left.slice(0, left.filter((id) => sent.findIndex((one) => one.id === id) < 150).length);
    t.same(
      second.messages.map(({ id }) => id),
      earlier.slice(0, -10).slice(-10),
      "the second page before a time",
    );
    const between = await pageOf({ roomId, userId: b, limit: 100, afterSeq: 40, beforeSeq: 60 });
    const inside = new Set(sent.slice(40, 59).map(({ id }) => id));
    t.same(
      between.messages.map(({ id }) => id),
      left.filter((id) => inside.has(id)),
      "between two numbers",
    );

    const room = await describeRoom(db, b, roomId);
    t.equal(
      typeof room === "string" ? room : (room.last?.id ?? null),
      left.at(-1) ?? null,
      "the last of the room list",
    );
    t.same(await faultsOf(db, roomId, [a, b]), []);
    const { rows: ranges } = await sql<{ touching: number; places: number }>`
      SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM messages.hidden_ranges o WHERE o.user_id = h.user_id
        AND o.room_id = h.room_id AND o.first_place BETWEEN h.first_place + 1 AND h.last_place + 1)) AS touching,
        coalesce(sum(last_place - first_place + 1), 0)::bigint AS places
      FROM messages.hidden_ranges h WHERE user_id = ${b} AND room_id = ${roomId}`.execute(db);
    t.same(ranges, [{ touching: 0, places: hidden.length }], "ranges are whole and apart");
  });
}
