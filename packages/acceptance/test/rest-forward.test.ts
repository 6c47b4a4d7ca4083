// Forwarding: to all rooms or none, as independent copies.
import { randomUUID } from "node:crypto";
import { routes } from "@khui/contracts";
import { find, good, pageOf, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

/** A user with another user's message, and two rooms to forward it to. */
async function scene(t: Test) {
  const [a, b, c] = [system.newUser("Ann"), system.newUser("Ben"), system.newUser("Cat")];
  const [home, one, two] = [await privateRoom(a, b), await privateRoom(a, c), await groupRoom(a, [c])];
  return { a, b, c, home, one, two, original: await sendText(t, b, home, "pass it on 🎁") };
}
const forward = async (t: Test, user: User, id: string, chatRoomIds: string[], extra: object = {}) =>
  good(t, routes.forwardMessage, await user.post(`/messages/${id}/forward`, { chatRoomIds, ...extra }));
const countIn = async (t: Test, user: User, roomId: string) => (await pageOf(t, user, roomId)).messages.length;

t.test("a message is copied to the given rooms, in their order", async (t) => {
  const { a, b, c, home, one, two, original } = await scene(t);
  const { message, data } = await forward(t, a, original._id, [two, one]);
  t.equal(message, "ส่งต่อข้อความสำเร็จ");
  t.same(
    data.map(({ chatRoom }) => chatRoom),
    [two, one],
  );
  for (const copy of data) {
    t.match(copy, {
      type: "text",
      content: "pass it on 🎁",
      sender: { _id: a.id, name: "Ann" },
      forwardedFrom: { originalMessageId: original._id, originalSender: b.id },
      replyTo: null,
      reactions: [],
      isEdited: false,
      status: "sent",
    });
    t.match(copy.forwardedFrom?.forwardedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    t.same((await pageOf(t, c, copy.chatRoom)).messages, [copy]);
    t.equal((await roomOf(t, c, copy.chatRoom)).unreadCount, 1);
  }
  t.equal(await countIn(t, b, home), 1);
});

t.test("a copy has the current text, without edit history, reactions or the reply", async (t) => {
  const { a, b, home, one, original } = await scene(t);
  const reply = await sendText(t, b, home, "draft", { replyTo: original._id });
  await b.put(`/messages/${reply._id}`, { content: "final" });
  await a.post(`/messages/${reply._id}/reactions`, { emoji: "👍" });
  const [copy] = (await forward(t, a, reply._id, [one])).data;
  t.match(copy, {
    content: "final",
    isEdited: false,
    editHistory: [],
    reactions: [],
    replyTo: null,
    replyToMessage: null,
  });
});

t.test("a copy of a copy refers to the original message", async (t) => {
  const { a, b, c, one, two, original } = await scene(t);
  const [copy] = (await forward(t, a, original._id, [one])).data;
  const [second] = (await forward(t, c, copy!._id, [two])).data;
  t.match(second, { sender: { _id: c.id }, forwardedFrom: { originalMessageId: original._id, originalSender: b.id } });
});

t.test("copies outlive the original", async (t) => {
  const { a, b, c, home, one, original } = await scene(t);
  const [copy] = (await forward(t, a, original._id, [one])).data;
  good(t, routes.deleteMessage, await b.delete(`/messages/${original._id}`, { deleteFor: "everyone" }));
  t.equal((await find(t, a, home, original._id))?.content, null);
  t.equal((await find(t, c, one, copy!._id))?.content, "pass it on 🎁");
  good(t, routes.deleteMessage, await a.delete(`/messages/${copy!._id}`, { deleteFor: "everyone" }));
  t.equal((await find(t, c, one, copy!._id))?.content, null);
});

t.test("nothing is forwarded if one of the rooms is out of reach", async (t) => {
  const { a, b, c, one, two, original } = await scene(t);
  const foreign = await privateRoom(b, c);
  for (const [bad, code] of [
    [foreign, "room_not_found"],
    [unknownId(), "room_not_found"],
  ] as const) {
    for (const chatRoomIds of [[bad], [one, bad, two], [bad, one], [two, one, bad]]) {
      refused(t, await a.post(`/messages/${original._id}/forward`, { chatRoomIds }), code);
    }
  }
  for (const [user, room] of [
    [a, one],
    [a, two],
    [b, foreign],
  ] as const) {
    const { lastMessage, unreadCount, messageCount, seq } = await roomOf(t, user, room);
    t.same([lastMessage, unreadCount, messageCount, seq], [null, 0, 0, 0]);
    t.equal(await countIn(t, user, room), 0);
  }
});

t.test("only visible messages can be forwarded", async (t) => {
  const { a, c, home, one, original } = await scene(t);
  const body = { chatRoomIds: [one] };
  refused(t, await c.post(`/messages/${original._id}/forward`, body), "message_not_found");
  refused(t, await a.post(`/messages/${unknownId()}/forward`, body), "message_not_found");
  await a.put(`/rooms/${home}/settings`, { name: "noted" });
  const note = (await pageOf(t, a, home)).messages.at(-1);
  refused(t, await a.post(`/messages/${note?._id}/forward`, body), "not_forwardable");
  t.equal(await countIn(t, c, one), 0);
});

t.test("a message can be forwarded to at most twenty rooms, each once", async (t) => {
  const { a, one, home, original } = await scene(t);
  const rooms = await Promise.all(Array.from({ length: 20 }, () => groupRoom(a, [])));
  refused(t, await a.post(`/messages/${original._id}/forward`, { chatRoomIds: [...rooms, one] }), "invalid_request");
  const { data } = await forward(t, a, original._id, rooms);
  t.same(
    data.map(({ chatRoom }) => chatRoom),
    rooms,
  );
  t.equal((await forward(t, a, original._id, [one, one, one])).data.length, 1);
  t.equal(await countIn(t, a, one), 1);
  t.equal((await forward(t, a, original._id, [home])).data.length, 1, "its own room too");
});

for (const [how, once] of [
  ["clientMessageId", (id: string) => ({ body: { clientMessageId: id }, headers: {} })],
  ["Idempotency-Key", (id: string) => ({ body: {}, headers: { "idempotency-key": id } })],
] as const) {
  t.test(`a ${how} forwards once, however often the request is retried`, async (t) => {
    const { a, c, one, two, original } = await scene(t);
    const { body, headers } = once(randomUUID());
    const send = () => a.post(`/messages/${original._id}/forward`, { chatRoomIds: [one, two], ...body }, headers);
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    answers.push(await send());
    const copies = answers.map((answer) =>
      good(t, routes.forwardMessage, answer)
        .data.map(({ _id }) => _id)
        .join(),
    );
    t.equal(new Set(copies).size, 1);
    t.same([await countIn(t, c, one), await countIn(t, c, two)], [1, 1]);
  });

  t.test(`a retry with its ${how} returns the copies after the original was deleted`, async (t) => {
    const { a, b, one, original } = await scene(t);
    const { body, headers } = once(randomUUID());
    const send = () => a.post(`/messages/${original._id}/forward`, { chatRoomIds: [one], ...body }, headers);
    const first = good(t, routes.forwardMessage, await send()).data;
    await b.delete(`/messages/${original._id}`, { deleteFor: "everyone" });
    t.same(good(t, routes.forwardMessage, await send()).data, first);
  });
}

t.test("a clientMessageId used to forward one message is refused for another", async (t) => {
  const { a, c, home, one, original } = await scene(t);
  const other = await sendText(t, a, home, "another");
  const clientMessageId = randomUUID();
  const send = (id: string) => a.post(`/messages/${id}/forward`, { chatRoomIds: [one], clientMessageId });
  good(t, routes.forwardMessage, await send(original._id));
  refused(t, await send(other._id), "idempotency_conflict");
  t.equal(await countIn(t, c, one), 1);
});

t.test("an Idempotency-Key may be as long for a forward as for a message", async (t) => {
  const { a, one, original } = await scene(t);
  const headers = { "idempotency-key": "k".repeat(128) };
  const answer = await a.post(`/messages/${original._id}/forward`, { chatRoomIds: [one] }, headers);
  t.equal(good(t, routes.forwardMessage, answer).data.length, 1);
});

t.test("concurrent forwards to the same rooms in different orders do not deadlock", async (t) => {
  const { a, c, one, two, original } = await scene(t);
  await Promise.all(Array.from({ length: 30 }, (_, i) => forward(t, a, original._id, i % 2 ? [one, two] : [two, one])));
  t.same([await countIn(t, c, one), await countIn(t, c, two)], [30, 30]);
});
