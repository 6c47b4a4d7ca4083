// Editing and deleting messages; deleted content is gone from every response.
import { type Message, routes } from "@khui/contracts";
import { find, good, pageOf, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

async function pair() {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return { a, b, roomId: await privateRoom(a, b) };
}
const edit = async (t: Test, user: User, id: string, content: string): Promise<Message> =>
  good(t, routes.editMessage, await user.put(`/messages/${id}`, { content })).data;
const remove = async (t: Test, user: User, id: string, deleteFor: "sender" | "everyone") =>
  good(t, routes.deleteMessage, await user.delete(`/messages/${id}`, { deleteFor }));

t.test("an edit changes the text and keeps the previous version", async (t) => {
  const { a, b, roomId } = await pair();
  const { _id, timestamp, seq } = await sendText(t, a, roomId, "first");
  const { message, data } = good(t, routes.editMessage, await a.put(`/messages/${_id}`, { content: " ข้อความใหม่ 🎈 " }));
  t.equal(message, "แก้ไขข้อความสำเร็จ");
  t.match(data, { _id, seq, timestamp, content: "ข้อความใหม่ 🎈", isEdited: true, editHistory: [{ content: "first" }] });
  const third = await edit(t, a, _id, "third");
  t.same(
    third.editHistory.map(({ content }) => content),
    ["first", "ข้อความใหม่ 🎈"],
  );
  const times = [timestamp, ...third.editHistory.map(({ editedAt }) => editedAt)];
  t.same(times, [...times].sort());
  t.match(times[2], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same(await find(t, b, roomId, _id), third, "others see the same");
  t.match((await roomOf(t, b, roomId)).lastMessage, { content: "third", isEdited: true });
});

t.test("an edit to the same text changes nothing", async (t) => {
  const { a, roomId } = await pair();
  const { _id } = await sendText(t, a, roomId, "same");
  t.match(await edit(t, a, _id, "  same\n"), { isEdited: false, editHistory: [] });
  t.equal((await roomOf(t, a, roomId)).seq, 1);
});

t.test("edits follow the rules for texts", async (t) => {
  const { a, roomId } = await pair();
  const { _id } = await sendText(t, a, roomId, "text");
  refused(t, await a.put(`/messages/${_id}`, { content: "" }), "empty_content");
  refused(t, await a.put(`/messages/${_id}`, { content: " \n\u3000" }), "empty_content");
  refused(t, await a.put(`/messages/${_id}`, { content: "\u200b\u2060 \u2800" }), "empty_content");
  refused(t, await a.put(`/messages/${_id}`, { content: "😀".repeat(10_001) }), "content_too_long");
  t.equal((await edit(t, a, _id, "😀".repeat(10_000))).content, "😀".repeat(10_000));
});

t.test("only the sender can edit a message", async (t) => {
  const [admin, member, stranger] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [member]);
  const { _id } = await sendText(t, member, roomId, "mine");
  refused(t, await admin.put(`/messages/${_id}`, { content: "x" }), "not_message_sender");
  refused(t, await stranger.put(`/messages/${_id}`, { content: "x" }), "message_not_found");
  refused(t, await member.put(`/messages/${unknownId()}`, { content: "x" }), "message_not_found");
  t.match(await find(t, admin, roomId, _id), { content: "mine", isEdited: false });
});

t.test("a system message can be neither edited nor deleted for everyone", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, []);
  await admin.put(`/rooms/${roomId}/settings`, { name: "noted" });
  const note = (await pageOf(t, admin, roomId)).messages[0]!;
  refused(t, await admin.put(`/messages/${note._id}`, { content: "x" }), "not_editable");
  refused(t, await admin.delete(`/messages/${note._id}`, { deleteFor: "everyone" }), "forbidden");
  await remove(t, admin, note._id, "sender");
  t.same((await pageOf(t, admin, roomId)).messages, []);
});

t.test("concurrent edits are all kept, in one order", async (t) => {
  const { a, b, roomId } = await pair();
  const { _id } = await sendText(t, a, roomId, "v0");
  const texts = Array.from({ length: 20 }, (_, i) => `v${i + 1}`);
  await Promise.all(texts.map((text) => edit(t, a, _id, text)));
  const message = await find(t, b, roomId, _id);
  const versions = [...(message?.editHistory.map(({ content }) => content) ?? []), message?.content];
  t.equal(versions[0], "v0");
  t.same([...versions].sort(), ["v0", ...texts].sort());
});

t.test("a message can be edited at most a hundred times", async (t) => {
  const { a, roomId } = await pair();
  const { _id } = await sendText(t, a, roomId, "v0");
  for (let i = 1; i <= 100; i++) await a.put(`/messages/${_id}`, { content: `v${i}` });
  refused(t, await a.put(`/messages/${_id}`, { content: "v101" }), "too_many_edits");
  const message = await edit(t, a, _id, "v100");
  t.same([message.content, message.editCount], ["v100", 100]);
  const whole = good(t, routes.getMessage, await a.get(`/messages/${_id}`)).data;
  const versions = Array.from({ length: 100 }, (_, i) => `v${i}`);
  t.same(
    whole.editHistory.map(({ content }) => content),
    versions,
    "all of them, by the message's own address",
  );
  const shown = message.editHistory.map(({ content }) => content);
  t.same(shown, versions.slice(-shown.length), "the newest of them wherever it goes");
  t.ok(shown.length > 10 && Buffer.byteLength(JSON.stringify(message.editHistory)) <= 4096, `${shown.length} versions`);
});

t.test("a message deleted for everyone keeps its place and loses its content", async (t) => {
  const { a, b, roomId } = await pair();
  const { _id, seq, timestamp } = await sendText(t, a, roomId, "secret one");
  await edit(t, a, _id, "secret two");
  await b.post(`/messages/${_id}/reactions`, { emoji: "👍" });
  const reply = await sendText(t, b, roomId, "answer", { replyTo: _id });
  const { message, data } = await remove(t, a, _id, "everyone");
  t.same([message, data], ["ลบข้อความสำเร็จ", { messageId: _id, deleteFor: "everyone" }]);
  for (const user of [a, b]) {
    t.match(await find(t, user, roomId, _id), {
      seq,
      timestamp,
      sender: { _id: a.id, name: "Ann" },
      type: "text",
      content: null,
      isDeleted: true,
      deletedFor: "everyone",
      reactions: [],
      editHistory: [],
    });
    t.match((await find(t, user, roomId, reply._id))?.replyToMessage, { _id, content: null, isDeleted: true });
    for (const path of [`/rooms/${roomId}/messages`, `/rooms/${roomId}`, "/rooms", `/rooms/${roomId}/stats`]) {
      t.notMatch(JSON.stringify((await user.get(path)).body), /secret/, `gone from ${path}`);
    }
  }
});

t.test("a reply numbered after a concurrent deletion shows nothing of the deleted message", async (t) => {
  const { a, b, roomId } = await pair();
  for (let i = 0; i < 20; i++) {
    const original = await sendText(t, a, roomId, "secret");
    const [reply] = await Promise.all([
      sendText(t, b, roomId, "answer", { replyTo: original._id }),
      remove(t, a, original._id, "everyone"),
    ]);
    const deleted = reply.seq === original.seq + 2;
    t.match(reply.replyToMessage, { content: deleted ? null : "secret", isDeleted: deleted });
  }
});

t.test("a deleted last message is shown as deleted", async (t) => {
  const { a, b, roomId } = await pair();
  await sendText(t, a, roomId, "before");
  const { _id } = await sendText(t, a, roomId, "secret");
  await remove(t, a, _id, "everyone");
  const room = await roomOf(t, b, roomId);
  t.match(room.lastMessage, { _id, content: null, isDeleted: true });
  t.equal(room.messageCount, 1);
});

t.test("deleting a message again changes nothing", async (t) => {
  const { a, b, roomId } = await pair();
  const { _id } = await sendText(t, a, roomId, "text");
  await Promise.all(Array.from({ length: 10 }, () => remove(t, a, _id, "everyone")));
  await remove(t, a, _id, "everyone");
  const room = await roomOf(t, b, roomId);
  t.same([room.seq, room.unreadCount, room.messageCount], [2, 0, 0]);
});

t.test("a deleted message cannot be edited, reacted to or forwarded", async (t) => {
  const { a, b, roomId } = await pair();
  const { _id } = await sendText(t, a, roomId, "text");
  await remove(t, a, _id, "everyone");
  refused(t, await a.put(`/messages/${_id}`, { content: "back" }), "not_editable");
  refused(t, await b.post(`/messages/${_id}/reactions`, { emoji: "👍" }), "message_not_found");
  refused(t, await b.post(`/messages/${_id}/forward`, { chatRoomIds: [roomId] }), "not_forwardable");
  t.match((await pageOf(t, b, roomId)).messages, [{ content: null, isDeleted: true, isEdited: false, reactions: [] }]);
});

t.test("only the sender or a room admin can delete a message for everyone", async (t) => {
  const [admin, member, other, stranger] = Array.from({ length: 4 }, () => system.newUser()) as [
    User,
    User,
    User,
    User,
  ];
  const roomId = await groupRoom(admin, [member, other]);
  const [mine, admins] = [await sendText(t, member, roomId, "mine"), await sendText(t, admin, roomId, "admin's")];
  const everyone = { deleteFor: "everyone" };
  refused(t, await other.delete(`/messages/${mine._id}`, everyone), "not_message_sender");
  refused(t, await member.delete(`/messages/${admins._id}`, everyone), "not_message_sender");
  refused(t, await stranger.delete(`/messages/${mine._id}`, everyone), "message_not_found");
  refused(t, await admin.delete(`/messages/${unknownId()}`, everyone), "message_not_found");
  await remove(t, admin, mine._id, "everyone");
  t.equal((await find(t, member, roomId, mine._id))?.isDeleted, true);
  t.equal((await find(t, member, roomId, admins._id))?.isDeleted, false);
  const { a, b, roomId: privateId } = await pair();
  const hers = await sendText(t, a, privateId, "hers");
  refused(t, await b.delete(`/messages/${hers._id}`, everyone), "not_message_sender");
});

t.test("deleteFor sender hides a message from the caller, whoever sent it", async (t) => {
  const { a, b, roomId } = await pair();
  const [first, second] = [await sendText(t, a, roomId, "one"), await sendText(t, a, roomId, "two")];
  const { data } = await remove(t, b, second._id, "sender");
  t.same(data, { messageId: second._id, deleteFor: "sender" });
  t.same(
    (await pageOf(t, b, roomId)).messages.map(({ _id }) => _id),
    [first._id],
  );
  t.equal((await roomOf(t, b, roomId)).lastMessage?._id, first._id);
  t.match(await find(t, a, roomId, second._id), { content: "two", isDeleted: false });
  t.equal((await roomOf(t, a, roomId)).seq, 2, "the others never learn of it");
  for (const answer of await Promise.all([
    b.post(`/messages/${second._id}/reactions`, { emoji: "👍" }),
    b.delete(`/messages/${second._id}/reactions`),
    b.post(`/messages/${second._id}/forward`, { chatRoomIds: [roomId] }),
  ])) {
    refused(t, answer, "message_not_found");
  }
  await remove(t, b, second._id, "sender");
  await remove(t, a, first._id, "sender");
  t.same(
    (await pageOf(t, a, roomId)).messages.map(({ _id }) => _id),
    [second._id],
    "one's own too",
  );
  t.same(
    (await pageOf(t, b, roomId)).messages.map(({ _id }) => _id),
    [first._id],
  );
});

t.test("a hidden message is hidden in the previews of its replies too", async (t) => {
  const { a, b, roomId } = await pair();
  const original = await sendText(t, a, roomId, "secret");
  const reply = await sendText(t, a, roomId, "answer", { replyTo: original._id });
  await remove(t, b, original._id, "sender");
  const gone = { _id: original._id, content: null, isDeleted: true };
  t.match((await find(t, b, roomId, reply._id))?.replyToMessage, gone);
  t.match((await roomOf(t, b, roomId)).lastMessage?.replyToMessage, gone);
  t.match(good(t, routes.getMessage, await b.get(`/messages/${reply._id}`)).data.replyToMessage, gone);
  const shown = { content: "secret", isDeleted: false };
  t.match((await find(t, a, roomId, reply._id))?.replyToMessage, shown, "the others see it still");
});

t.test("deleteFor may be in the query, and is never guessed", async (t) => {
  const { a, b, roomId } = await pair();
  const { _id } = await sendText(t, a, roomId, "text");
  for (const body of [undefined, {}, null, { deleteFor: null }])
    refused(t, await a.delete(`/messages/${_id}`, body), "invalid_request");
  refused(t, await a.delete(`/messages/${_id}?deleteFor=sender`, { deleteFor: "everyone" }), "invalid_request");
  refused(t, await a.delete(`/messages/${_id}?deleteFor=all`), "invalid_request");
  t.match(await find(t, a, roomId, _id), { content: "text", isDeleted: false });
  for (const [deleteFor, body] of [
    ["sender", undefined],
    ["everyone", { deleteFor: "everyone" }],
  ] as const) {
    const message = await sendText(t, a, roomId, deleteFor);
    const answer = await a.delete(`/messages/${message._id}?deleteFor=${deleteFor}`, body);
    t.equal(good(t, routes.deleteMessage, answer).data.deleteFor, deleteFor);
    t.equal((await find(t, b, roomId, message._id))?.isDeleted, deleteFor === "everyone");
  }
});

t.test("a stranger cannot hide a message", async (t) => {
  const { a, roomId } = await pair();
  const stranger = system.newUser();
  const { _id } = await sendText(t, a, roomId, "text");
  refused(t, await stranger.delete(`/messages/${_id}`, { deleteFor: "sender" }), "message_not_found");
  refused(t, await a.delete(`/messages/${unknownId()}`, { deleteFor: "sender" }), "message_not_found");
});
