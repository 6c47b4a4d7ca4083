// Pages of messages: by page number, by time and by sequence number, none missing and none twice.
import type { Message } from "@khui/contracts";
import { pageOf, sendTexts } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);
const size = 130;
const [a, b] = [system.newUser(), system.newUser()];

/** A room with 130 messages that were sent concurrently. Asserts nothing, because the file's root test may already have ended. */
async function crowdedRoom(): Promise<{ roomId: string; all: string[] }> {
  const roomId = await groupRoom(a, [b]);
  const send = async (user: User, content: string) => {
    const { status, body } = await user.post(`/rooms/${roomId}/messages`, { type: "text", content });
    if (!body.success) throw new Error(`${content} was answered with ${status} ${body.code}`);
    return body.data;
  };
  const sent = await Promise.all(Array.from({ length: size }, (_, i) => send(i % 2 ? a : b, `m${i}`)));
  return { roomId, all: idsOf(sent.sort((x, y) => x.seq - y.seq)) };
}
const idsOf = (messages: readonly Message[]) => messages.map(({ _id }) => _id);

/** Goes back page by page; `next` returns the next query from the page's oldest message. Returns the oldest page first. */
async function walkBack(t: Test, user: User, roomId: string, limit: number, next: (oldest: Message) => string) {
  const pages: string[][] = [];
  let query = "";
  for (;;) {
    const { messages, hasMore } = await pageOf(t, user, roomId, `limit=${limit}${query}`);
    pages.unshift(idsOf(messages));
    const [oldest] = messages;
    if (!hasMore || !oldest || pages.length > size) return pages;
    query = `&${next(oldest)}`;
  }
}
const byTime = ({ timestamp }: Message) => `before=${timestamp}`;
const byNumber = ({ seq }: Message) => `beforeSeq=${seq}`;

const { roomId, all } = await crowdedRoom();

t.test("the default page is the newest fifty messages, oldest first", async (t) => {
  const { messages, hasMore, seq, pagination } = await pageOf(t, a, roomId);
  t.same(idsOf(messages), all.slice(-50));
  t.same([hasMore, seq], [true, size]);
  t.same(pagination, { currentPage: 1, totalPages: 3, total: size, limit: 50 });
  t.same(idsOf((await pageOf(t, a, roomId, "limit=100")).messages), all.slice(-100));
  t.same(idsOf((await pageOf(t, a, roomId, "limit=1")).messages), all.slice(-1));
});

t.test("page goes back through the history", async (t) => {
  for (const limit of [50, 65, 100, 7]) {
    const pages = Math.ceil(size / limit);
    const walked: string[] = [];
    for (let page = 1; page <= pages; page++) {
      const { messages, hasMore, pagination } = await pageOf(t, b, roomId, `page=${page}&limit=${limit}`);
      walked.unshift(...idsOf(messages));
      t.equal(hasMore, page < pages);
      t.same(pagination, { currentPage: page, totalPages: pages, total: size, limit });
    }
    t.same(walked, all);
    const { messages, hasMore } = await pageOf(t, b, roomId, `page=${pages + 1}&limit=${limit}`);
    t.same([messages, hasMore], [[], false], "and ends");
  }
});

t.test("before goes back through messages that were sent in one burst", async (t) => {
  for (const limit of [50, 65, 13, 1]) {
    const pages = await walkBack(t, a, roomId, limit, byTime);
    t.same(pages.flat(), all);
    t.equal(pages.length, Math.ceil(size / limit));
  }
});

t.test("beforeSeq goes back, afterSeq forward", async (t) => {
  for (const limit of [50, 65, 13]) {
    t.same((await walkBack(t, b, roomId, limit, byNumber)).flat(), all);
    const walked: string[] = [];
    for (let afterSeq = 0, more = true; more; ) {
      const { messages, hasMore } = await pageOf(t, b, roomId, `limit=${limit}&afterSeq=${afterSeq}`);
      walked.push(...idsOf(messages));
      afterSeq = messages.at(-1)?.seq ?? afterSeq;
      more = hasMore && walked.length <= size;
    }
    t.same(walked, all);
  }
  const between = await pageOf(t, b, roomId, "afterSeq=10&beforeSeq=15");
  t.same([idsOf(between.messages), between.hasMore], [all.slice(10, 14), false]);
  const last = await pageOf(t, b, roomId, `afterSeq=${size}`);
  t.same([last.messages, last.hasMore], [[], false]);
  t.same((await pageOf(t, b, roomId, "beforeSeq=0")).messages, []);
});

t.test("a page after a number that the log does not have, or not in that epoch, says so instead", async (t) => {
  const { seq, epoch } = await pageOf(t, b, roomId, "");
  t.equal(seq, size);
  t.type(epoch, "string");
  for (const query of [
    `afterSeq=${size + 1}`,
    `afterSeq=${Number.MAX_SAFE_INTEGER}&epoch=${epoch}`,
    "afterSeq=1&epoch=another",
    "beforeSeq=9&epoch=another",
  ]) {
    t.match(await pageOf(t, b, roomId, query), { messages: [], hasMore: false, seq, epoch, resync: true }, query);
  }
  const known = await pageOf(t, b, roomId, `afterSeq=${size - 2}&epoch=${epoch}`);
  t.same([idsOf(known.messages), known.resync], [all.slice(-2), false]);
  const { body } = await b.get("/rooms");
  t.match(
    body.chatRooms.find(({ _id }) => _id === roomId),
    { seq, epoch },
  );
});

t.test("before accepts any ISO 8601 date and excludes messages of that exact time", async (t) => {
  const { messages } = await pageOf(t, a, roomId, "limit=100");
  const middle = messages[40]!;
  const earlier = idsOf(messages.slice(30, 40));
  const instant = new Date(middle.timestamp);
  const inBangkok = new Date(instant.getTime() + 7 * 3_600_000).toISOString().replace("Z", "%2B07:00");
  for (const before of [middle.timestamp, inBangkok, inBangkok.replace("07:00", "0700")]) {
    t.same(idsOf((await pageOf(t, a, roomId, `limit=10&before=${before}`)).messages), earlier);
  }
  t.same((await pageOf(t, a, roomId, "before=2000-01-01")).messages, []);
  t.same(idsOf((await pageOf(t, a, roomId, "before=2999-12-31T23:59Z&limit=5")).messages), all.slice(-5));
});

t.test("hidden messages leave no gap in a page, and nothing is missing for others", async (t) => {
  const hiding = await crowdedRoom();
  const gone = new Set(hiding.all.filter((_, i) => i % 9 === 4 || i > 120));
  await Promise.all([...gone].map((id) => a.delete(`/messages/${id}`, { deleteFor: "sender" })));
  const left = hiding.all.filter((id) => !gone.has(id));
  for (const next of [byTime, byNumber]) {
    const pages = await walkBack(t, a, hiding.roomId, 20, next);
    t.same(pages.flat(), left);
    t.ok(pages.slice(1).every((page) => page.length === 20));
  }
  t.same((await walkBack(t, b, hiding.roomId, 100, byTime)).flat(), hiding.all);
});

t.test("paging by time is stable while more messages are sent", async (t) => {
  const [c, d] = [system.newUser(), system.newUser()];
  const room = await privateRoom(c, d);
  const first = idsOf(await sendTexts(t, c, room, ["1", "2", "3", "4", "5", "6"]));
  const newest = await pageOf(t, d, room, "limit=2");
  await sendTexts(t, c, room, ["7", "8", "9"]);
  const older = await pageOf(t, d, room, `limit=4&before=${newest.messages[0]?.timestamp}`);
  t.same(idsOf([...older.messages, ...newest.messages]), first);
  const newer = await pageOf(t, d, room, `afterSeq=${newest.seq}`);
  t.same(
    newer.messages.map(({ content }) => content),
    ["7", "8", "9"],
  );
});

t.test("an empty room returns an empty page", async (t) => {
  const room = await privateRoom(system.newUser(), a);
  const { messages, hasMore, seq, pagination } = await pageOf(t, a, room);
  t.same([messages, hasMore, seq], [[], false, 0]);
  t.same(pagination, { currentPage: 1, totalPages: 1, total: 0, limit: 50 });
});
