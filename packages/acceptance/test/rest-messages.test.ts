// Sending texts and replies, each exactly once.
import { randomUUID } from "node:crypto";
import { routes } from "@khui/contracts";
import { find, good, pageOf, refused, roomOf, sendText, sendTexts, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

async function pair() {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return { a, b, roomId: await privateRoom(a, b) };
}
const contentsOf = async (t: Test, user: User, roomId: string) =>
  (await pageOf(t, user, roomId, "limit=100")).messages.map(({ content }) => content);

t.test("a text is sent and read as it was written", async (t) => {
  const { a, b, roomId } = await pair();
  const answer = await a.post(`/rooms/${roomId}/messages`, { type: "text", content: "Hello World!" });
  const { message, data } = good(t, routes.sendMessage, answer);
  t.equal(message, "ส่งข้อความสำเร็จ");
  t.match(data, {
    chatRoom: roomId,
    seq: 1,
    sender: { _id: a.id, name: "Ann" },
    type: "text",
    content: "Hello World!",
    mediaInfo: null,
    stickerInfo: null,
    status: "sent",
    reactions: [],
    isDeleted: false,
    isEdited: false,
    editHistory: [],
    replyTo: null,
    replyToMessage: null,
    forwardedFrom: null,
  });
  t.match(data.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same((await pageOf(t, a, roomId)).messages, [data]);
  t.same((await pageOf(t, b, roomId)).messages, [data]);
});

t.test("any text arrives unchanged", async (t) => {
  const { a, b, roomId } = await pair();
  const texts = [
    "สวัสดีครับ ผมชื่อก้อง ที่นี่น้ำใจไมตรี",
    "👨‍👩‍👧‍👦🏳️‍🌈🇹🇭👍🏽 ❤️",
    "𝒳𠜎𠜱\u{10ffff}",
    "a\u0001\u001f\u007f\u2028\u2029\ufeffb",
    "e\u0301 \u202eabc\u202c עברית العربية",
    "line one\nline two\r\n\ttabbed",
    `"quotes' \\ \\u0000 ${"$"}{x} %s {"json":true}`,
    "'; DROP TABLE messages; --",
    "<script>alert(1)</script>&amp;",
    "null",
    "0",
    ".",
  ];
  for (const text of texts) t.equal((await sendText(t, a, roomId, text)).content, text);
  t.same(await contentsOf(t, b, roomId), texts);
});

t.test("a text is trimmed, and must then have 1 to 10,000 characters", async (t) => {
  const { a, roomId } = await pair();
  const post = (content: string) => a.post(`/rooms/${roomId}/messages`, { content });
  t.equal((await sendText(t, a, roomId, " \n\t x y \u00a0\u3000\n")).content, "x y");
  for (const blank of ["", " ", "\n\r\t", "\u00a0\u2003\u3000\ufeff"]) refused(t, await post(blank), "empty_content");
  for (const character of ["a", "ก", "😀", "\u{20000}"]) {
    const longest = character.repeat(10_000);
    t.equal((await sendText(t, a, roomId, ` ${longest} `)).content, longest);
    refused(t, await post(`${longest}${character}`), "content_too_long");
  }
  t.equal((await pageOf(t, a, roomId)).messages.length, 5);
});

t.test("the type may be omitted", async (t) => {
  const { a, roomId } = await pair();
  const answer = await a.post(`/rooms/${roomId}/messages`, { content: "typeless" });
  t.equal(good(t, routes.sendMessage, answer).data.type, "text");
});

t.test("only participants can send and read", async (t) => {
  const { a, roomId } = await pair();
  const stranger = system.newUser();
  refused(t, await stranger.post(`/rooms/${roomId}/messages`, { content: "x" }), "room_not_found");
  refused(t, await stranger.get(`/rooms/${roomId}/messages`), "room_not_found");
  refused(t, await a.post(`/rooms/${unknownId()}/messages`, { content: "x" }), "room_not_found");
  refused(t, await a.get(`/rooms/${unknownId()}/messages`), "room_not_found");
  t.same((await pageOf(t, a, roomId)).messages, []);
});

t.test("concurrent messages all arrive, numbered without gaps and in one order for everyone", async (t) => {
  const [a, b, c] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(a, [b, c]);
  const sent = await Promise.all(
    Array.from({ length: 99 }, (_, i) => sendText(t, [a, b, c][i % 3]!, roomId, `text ${i}`)),
  );
  const { messages, seq } = await pageOf(t, a, roomId, "limit=100");
  t.same(
    messages.map((message) => message.seq),
    Array.from({ length: 99 }, (_, i) => i + 1),
  );
  t.equal(seq, 99);
  t.same(messages.map(({ content }) => content).sort(), sent.map(({ content }) => content).sort());
  const times = messages.map(({ timestamp }) => timestamp);
  t.same(times, [...times].sort(), "time rises with the number");
  const ids = messages.map(({ _id }) => _id);
  t.equal(new Set(ids).size, 99);
  t.same(
    (await pageOf(t, b, roomId, "limit=100")).messages.map(({ _id }) => _id),
    ids,
  );
  for (const message of sent) t.equal(messages[message.seq - 1]?._id, message._id, "as its sender was told");
});

for (const [how, once] of [
  ["clientMessageId", (id: string) => ({ body: { clientMessageId: id }, headers: {} })],
  ["Idempotency-Key", (id: string) => ({ body: {}, headers: { "idempotency-key": id } })],
] as const) {
  t.test(`retries with one ${how} create one message`, async (t) => {
    const { a, b, roomId } = await pair();
    const { body, headers } = once(randomUUID());
    const send = (user = a, room = roomId) =>
      user.post(`/rooms/${room}/messages`, { content: "once", ...body }, headers);
    const first = good(t, routes.sendMessage, await send()).data;
    for (let i = 0; i < 3; i++) t.same(good(t, routes.sendMessage, await send()).data, first);
    t.same(await contentsOf(t, b, roomId), ["once"]);
    const other = good(t, routes.sendMessage, await send(b)).data;
    t.not(other._id, first._id, "another sender's id is their own");
  });

  t.test(`twenty concurrent requests with one ${how} create one message`, async (t) => {
    const { a, b, roomId } = await pair();
    const { body, headers } = once(randomUUID());
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => a.post(`/rooms/${roomId}/messages`, { content: "once", ...body }, headers)),
    );
    const ids = new Set(answers.map((answer) => good(t, routes.sendMessage, answer).data._id));
    t.equal(ids.size, 1);
    t.same(await contentsOf(t, b, roomId), ["once"]);
    t.equal((await roomOf(t, b, roomId)).unreadCount, 1);
  });

  t.test(`a ${how} used in one room is refused in another`, async (t) => {
    const { a, b, roomId } = await pair();
    const elsewhere = await groupRoom(a, [b]);
    const { body, headers } = once(randomUUID());
    const send = (room: string) => a.post(`/rooms/${room}/messages`, { content: "once", ...body }, headers);
    good(t, routes.sendMessage, await send(roomId));
    refused(t, await send(elsewhere), "idempotency_conflict");
    t.same(await contentsOf(t, b, elsewhere), []);
  });

  t.test(`a ${how} used for one message is refused for another`, async (t) => {
    const { a, b, roomId } = await pair();
    const replyTo = (await sendText(t, b, roomId, "question"))._id;
    const { body, headers } = once(randomUUID());
    const send = (content: string, more = {}) =>
      a.post(`/rooms/${roomId}/messages`, { content, ...more, ...body }, headers);
    const { _id } = good(t, routes.sendMessage, await send("first")).data;
    await a.put(`/messages/${_id}`, { content: "edited" });
    refused(t, await send("second"), "idempotency_conflict");
    refused(t, await send("first", { replyTo }), "idempotency_conflict");
    t.match(good(t, routes.sendMessage, await send(" first\n")).data, { _id, content: "edited" });
    t.same(await contentsOf(t, b, roomId), ["question", "edited"]);
  });

  t.test(`a retry with its ${how} answers the message that its sender has hidden meanwhile`, async (t) => {
    const { a, roomId } = await pair();
    const { body, headers } = once(randomUUID());
    const send = () => a.post(`/rooms/${roomId}/messages`, { content: "mine", ...body }, headers);
    const { _id } = good(t, routes.sendMessage, await send()).data;
    good(t, routes.deleteMessage, await a.delete(`/messages/${_id}`, { deleteFor: "sender" }));
    t.match(good(t, routes.sendMessage, await send()).data, { _id, content: "mine" });
  });
}

t.test("one clientMessageId used concurrently in two rooms creates a message in one of them", async (t) => {
  const { a, b, roomId } = await pair();
  const elsewhere = await groupRoom(a, [b]);
  const clientMessageId = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      a.post(`/rooms/${i % 2 ? roomId : elsewhere}/messages`, { content: "once", clientMessageId }),
    ),
  );
  const sent = answers.filter(({ status }) => status === 201);
  t.equal(new Set(sent.map((answer) => good(t, routes.sendMessage, answer).data._id)).size, 1);
  for (const answer of answers) if (answer.status !== 201) refused(t, answer, "idempotency_conflict");
  t.same([...(await contentsOf(t, b, roomId)), ...(await contentsOf(t, b, elsewhere))], ["once"]);
});

t.test("a repeated send returns the message's current state", async (t) => {
  const { a, b, roomId } = await pair();
  const body = { content: "first", clientMessageId: "my-id" };
  const { _id, clientMessageId } = await sendText(t, a, roomId, "first", body);
  t.equal(clientMessageId, "my-id");
  await a.put(`/messages/${_id}`, { content: "second" });
  await b.post(`/rooms/${roomId}/read`);
  const again = good(t, routes.sendMessage, await a.post(`/rooms/${roomId}/messages`, body)).data;
  t.match(again, { _id, content: "second", isEdited: true, status: "read" });
  await a.delete(`/messages/${_id}`, { deleteFor: "everyone" });
  const gone = good(t, routes.sendMessage, await a.post(`/rooms/${roomId}/messages`, body)).data;
  t.match(gone, { _id, content: null, isDeleted: true });
});

t.test("a reply refers to its message and contains a preview of it", async (t) => {
  const { a, b, roomId } = await pair();
  const long = "ย".repeat(150) + "😀".repeat(100);
  const original = await sendText(t, a, roomId, long);
  const reply = await sendText(t, b, roomId, "answer", { replyTo: original._id });
  const preview = {
    _id: original._id,
    sender: original.sender,
    type: "text",
    content: [...long].slice(0, 200).join(""),
    isDeleted: false,
  };
  t.equal(reply.replyTo, original._id);
  t.same(reply.replyToMessage, preview);
  t.same((await find(t, a, roomId, reply._id))?.replyToMessage, preview);
  t.same((await roomOf(t, a, roomId)).lastMessage?.replyToMessage, preview);
  t.equal((await sendText(t, b, roomId, "none", { replyTo: null })).replyTo, null);
});

t.test("a reply must be to a visible message", async (t) => {
  const { a, b, roomId } = await pair();
  const elsewhere = await groupRoom(a, [b]);
  const other = await sendText(t, a, elsewhere, "elsewhere");
  await b.put(`/rooms/${roomId}/settings`, { name: "noted" });
  const note = (await pageOf(t, a, roomId)).messages.at(-1);
  t.equal(note?.type, "system");
  const hidden = await sendText(t, b, roomId, "hidden by a");
  await a.delete(`/messages/${hidden._id}`, { deleteFor: "sender" });
  for (const replyTo of [unknownId(), roomId, other._id, note?._id, hidden._id]) {
    refused(t, await a.post(`/rooms/${roomId}/messages`, { content: "x", replyTo }), "reply_not_found");
  }
  t.equal((await pageOf(t, b, roomId)).messages.length, 2);
  await sendText(t, b, roomId, "b still sees it", { replyTo: hidden._id });
});

t.test("a refused message takes no number", async (t) => {
  const { a, b, roomId } = await pair();
  const stranger = system.newUser();
  const answers = await Promise.all([
    ...Array.from({ length: 10 }, () => stranger.post(`/rooms/${roomId}/messages`, { content: "no" })),
    ...Array.from({ length: 10 }, () => a.post(`/rooms/${roomId}/messages`, { content: "no", replyTo: unknownId() })),
    ...Array.from({ length: 10 }, () => b.post(`/rooms/${roomId}/messages`, { content: "yes" })),
  ]);
  for (const answer of answers.slice(0, 10)) refused(t, answer, "room_not_found");
  for (const answer of answers.slice(10, 20)) refused(t, answer, "reply_not_found");
  const numbers = answers.slice(20).map((answer) => good(t, routes.sendMessage, answer).data.seq);
  t.same(
    numbers.sort((x, y) => x - y),
    Array.from({ length: 10 }, (_, i) => i + 1),
  );
});

t.test("sending updates the room's last message and its time", async (t) => {
  const { a, b, roomId } = await pair();
  for (const { _id, timestamp, seq } of await sendTexts(t, a, roomId, ["one"])) {
    t.match(await roomOf(t, b, roomId), { lastMessage: { _id }, lastMessageTime: timestamp, seq, messageCount: 1 });
  }
  const hidden = await sendText(t, a, roomId, "two");
  await b.delete(`/messages/${hidden._id}`, { deleteFor: "sender" });
  t.equal((await roomOf(t, b, roomId)).lastMessage?.content, "one", "what is hidden is not shown there either");
  t.equal((await roomOf(t, a, roomId)).lastMessage?.content, "two");
});
