// Details of a single message: its whole edit history, everyone who reacted, and everyone who has read it.
import { type Message, routes } from "@khui/contracts";
import { find, good, pageOf, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

/** A group with that many members, created by the first. */
async function groupOf(count: number): Promise<{ people: [User, User, ...User[]]; roomId: string }> {
  const people = Array.from({ length: count }, (_, n) => system.newUser(`Person ${n}`)) as [User, User, ...User[]];
  return { people, roomId: await groupRoom(people[0], people.slice(1)) };
}

const messageOf = async (t: Test, user: User, id: string): Promise<Message> =>
  good(t, routes.getMessage, await user.get(`/messages/${id}`)).data;

async function everyPage<Item>(
  read: (query: string) => Promise<{ items: Item[]; nextCursor: string | null }>,
  limit: number,
): Promise<Item[]> {
  const all: Item[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = await read(`?limit=${limit}${cursor && `&cursor=${cursor}`}`);
    all.push(...page.items);
    cursor = page.nextCursor;
  }
  return all;
}

const reactionsOf = (t: Test, user: User, id: string, limit: number) =>
  everyPage(async (query) => {
    const answer = await user.get(`/messages/${id}/reactions${query}`);
    const { reactions: items, nextCursor } = good(t, routes.listReactions, answer);
    return { items, nextCursor };
  }, limit);

const receiptsOf = (t: Test, user: User, id: string, limit: number) =>
  everyPage(async (query) => {
    const answer = await user.get(`/messages/${id}/receipts${query}`);
    const { receipts: items, nextCursor } = good(t, routes.listReceipts, answer);
    return { items, nextCursor };
  }, limit);

t.test("a message is returned to those who can see it, and to nobody else", async (t) => {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  const roomId = await privateRoom(a, b);
  const sent = await sendText(t, a, roomId, "hello");
  t.same(await messageOf(t, b, sent._id), sent);
  await b.post(`/rooms/${roomId}/read`);
  t.equal((await messageOf(t, a, sent._id)).status, "read");
  for (const path of ["", "/reactions", "/receipts"]) {
    refused(t, await system.newUser().get(`/messages/${sent._id}${path}`), "message_not_found");
    refused(t, await a.get(`/messages/${unknownId()}${path}`), "message_not_found");
  }
  await b.delete(`/messages/${sent._id}`, { deleteFor: "sender" });
  for (const path of ["", "/reactions", "/receipts"]) {
    refused(t, await b.get(`/messages/${sent._id}${path}`), "message_not_found", "hidden");
  }
});

t.test("previous versions beyond the limit are returned only by the message's own route", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const roomId = await privateRoom(a, b);
  const texts = ["ก".repeat(5_000), "short one", "ข".repeat(5_000), "short two"];
  const { _id } = await sendText(t, a, roomId, texts[0]!);
  for (const content of texts.slice(1)) await a.put(`/messages/${_id}`, { content });
  const contentsOf = (message: Message | null | undefined) => message?.editHistory.map(({ content }) => content);
  const listed = await find(t, b, roomId, _id);
  t.match(listed, { isEdited: true, editCount: 3, content: "short two" });
  t.same(contentsOf(listed), [], "the newest is too long already");
  t.same(contentsOf((await roomOf(t, b, roomId)).lastMessage), []);
  t.same(contentsOf(await messageOf(t, b, _id)), texts.slice(0, 3));
  await a.put(`/messages/${_id}`, { content: "short three" });
  t.same(contentsOf(await find(t, b, roomId, _id)), ["short two"]);
  await a.delete(`/messages/${_id}`, { deleteFor: "everyone" });
  t.match(await messageOf(t, b, _id), { content: null, isEdited: false, editCount: 0, editHistory: [] });
});

t.test("up to fifty reactions are sent in full, more as counts and one's own", async (t) => {
  const { people, roomId } = await groupOf(54);
  const [a, b] = people;
  const { _id } = await sendText(t, a, roomId, "react");
  const react = (user: User, emoji: string) => user.post(`/messages/${_id}/reactions`, { emoji });
  const others = people.slice(2);
  for (const user of others.slice(0, 49)) await react(user, "👍");
  const fiftieth = good(t, routes.addReaction, await react(b, "🎉")).data;
  t.equal(fiftieth.reactions.length, 50);
  t.same(fiftieth.reactionCounts, [
    { emoji: "👍", count: 49 },
    { emoji: "🎉", count: 1 },
  ]);
  await react(others[49]!, "👍");
  const shown = async (user: User) => {
    const { reactions, reactionCounts } = (await find(t, user, roomId, _id)) ?? {};
    return { mine: reactions?.map(({ userId, emoji }) => [userId, emoji]), reactionCounts };
  };
  const counts = [
    { emoji: "👍", count: 50 },
    { emoji: "🎉", count: 1 },
  ];
  t.same(await shown(b), { mine: [[b.id, "🎉"]], reactionCounts: counts });
  t.same(await shown(a), { mine: [], reactionCounts: counts }, "who did not react has none");
  t.same((await messageOf(t, b, _id)).reactionCounts, counts);
  const all = await reactionsOf(t, a, _id, 20);
  t.same(
    all.map(({ userId, user }) => [userId, user.name]),
    [...others.slice(0, 49), b, others[49]!].map(({ id, name }) => [id, name]),
  );
  t.same(await reactionsOf(t, a, _id, 51), all, "one page that is exactly full");
  const fewer = good(t, routes.removeReaction, await b.delete(`/messages/${_id}/reactions`)).data;
  t.same([fewer.reactions.length, fewer.reactionCounts], [50, [{ emoji: "👍", count: 50 }]]);
  const { stats } = good(t, routes.roomStats, await a.get(`/rooms/${roomId}/stats`));
  t.equal(stats.totalReactions, 50);
  await a.delete(`/messages/${_id}`, { deleteFor: "everyone" });
  t.same(await reactionsOf(t, a, _id, 50), []);
  t.equal(good(t, routes.roomStats, await a.get(`/rooms/${roomId}/stats`)).stats.totalReactions, 0);
});

t.test("receipts list everyone but the sender, those who have read furthest first", async (t) => {
  const { people, roomId } = await groupOf(5);
  const [a, b, c, d] = people as unknown as [User, User, User, User];
  const first = await sendText(t, a, roomId, "one");
  const second = await sendText(t, a, roomId, "two");
  await b.post(`/rooms/${roomId}/read`, { messageId: second._id });
  await c.post(`/rooms/${roomId}/read`, { messageId: first._id });
  const statuses = async (id: string, limit: number) =>
    Object.fromEntries((await receiptsOf(t, d, id, limit)).map(({ user, status }) => [user.name, status]));
  for (const limit of [1, 2, 4, 50]) {
    t.match(await statuses(second._id, limit), {
      "Person 1": "read",
      "Person 2": /sent|delivered/,
      "Person 3": "sent",
    });
    t.match(await statuses(first._id, limit), { "Person 1": "read", "Person 2": "read", "Person 3": "sent" });
  }
  const receipts = await receiptsOf(t, d, first._id, 3);
  t.equal(receipts.length, 4);
  t.equal(receipts[0]?.user._id, b.id);
  t.match(receipts[0]?.lastReadTimestamp, /Z$/);
  t.equal(receipts.at(-1)?.lastReadTimestamp, null);
  await b.post(`/rooms/${roomId}/leave`);
  t.notOk((await statuses(first._id, 50))["Person 1"], "who left is not named");
});

t.test("an invalid cursor is refused", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const roomId = await privateRoom(a, b);
  const { _id } = await sendText(t, a, roomId, "hello");
  const cursors = ["x", "%00", "é", "a".repeat(2_000), "", "null"];
  const made = [
    [],
    [1],
    ["1", "a"],
    [-1, "a"],
    [1e300, "a"],
    [1.5, "a"],
    [1, ""],
    [1, "\u0000"],
    [1, "a", 2],
    { 0: 1 },
  ];
  for (const value of made) cursors.push(Buffer.from(JSON.stringify(value)).toString("base64url"));
  for (const cursor of cursors) {
    for (const path of ["reactions", "receipts"]) {
      refused(t, await a.get(`/messages/${_id}/${path}?cursor=${cursor}`), "invalid_request", `${path} ${cursor}`);
    }
  }
  t.equal((await pageOf(t, a, roomId)).messages.length, 1);
});
