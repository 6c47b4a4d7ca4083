// Unread counts, read positions, and the status that senders see.
import { routes } from "@khui/contracts";
import { find, good, pageOf, refused, roomOf, sendText, sendTexts, unknownId } from "@khui/test-kit/rest-answers";
import { eventually, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

async function pair() {
  const [a, b] = [system.newUser(), system.newUser()];
  return { a, b, roomId: await privateRoom(a, b) };
}
const read = async (t: Test, user: User, roomId: string, messageId?: string) =>
  good(t, routes.markRead, await user.post(`/rooms/${roomId}/read`, messageId ? { messageId } : undefined));
const unread = async (t: Test, user: User, roomId: string) => (await roomOf(t, user, roomId)).unreadCount;
const statusOf = async (t: Test, user: User, roomId: string, id: string) => (await find(t, user, roomId, id))?.status;
const forEveryone = { deleteFor: "everyone" };
const forMe = { deleteFor: "sender" };

t.test("others' messages are unread until read, one's own never", async (t) => {
  const { a, b, roomId } = await pair();
  await sendTexts(t, a, roomId, ["1", "2", "3"]);
  await sendText(t, b, roomId, "mine");
  t.same([await unread(t, a, roomId), await unread(t, b, roomId)], [1, 3]);
  const { message, data } = await read(t, b, roomId);
  t.equal(message, "อัพเดทสถานะการอ่านสำเร็จ");
  const newest = (await pageOf(t, b, roomId)).messages.at(-1);
  t.match(data, { chatRoomId: roomId, userId: b.id, lastReadMessage: newest?._id, readSeq: newest?.seq });
  t.ok(data.timestamp >= (newest?.timestamp ?? ""), "at the time of reading");
  t.same([await unread(t, a, roomId), await unread(t, b, roomId)], [1, 0]);
  const self = (await roomOf(t, a, roomId)).participants.find(({ userId }) => userId === b.id);
  t.match(self, { lastReadMessage: newest?._id, lastReadTimestamp: data.timestamp });
  await sendText(t, a, roomId, "4");
  t.equal(await unread(t, b, roomId), 1);
});

t.test("an empty room can be marked as read", async (t) => {
  const { a, roomId } = await pair();
  t.match((await read(t, a, roomId)).data, { lastReadMessage: null, readSeq: 0 });
});

t.test("reading to the middle leaves the rest unread, and reading back changes nothing", async (t) => {
  const { a, b, roomId } = await pair();
  const [m1, m2, own, m3, m4] = [
    await sendText(t, a, roomId, "1"),
    await sendText(t, a, roomId, "2"),
    await sendText(t, b, roomId, "own"),
    await sendText(t, a, roomId, "3"),
    await sendText(t, a, roomId, "4"),
  ];
  t.match((await read(t, b, roomId, m1._id)).data, { lastReadMessage: m1._id, readSeq: m1.seq });
  t.equal(await unread(t, b, roomId), 3);
  await read(t, b, roomId, own._id);
  t.equal(await unread(t, b, roomId), 2);
  const { data } = await read(t, b, roomId, m3._id);
  t.equal(await unread(t, b, roomId), 1);
  for (const back of [m1, m2, own, m3]) t.same((await read(t, b, roomId, back._id)).data, data);
  t.equal(await unread(t, b, roomId), 1);
  await read(t, b, roomId, m4._id);
  t.equal(await unread(t, b, roomId), 0);
});

t.test("the message marked as read must be in the room", async (t) => {
  const { a, b, roomId } = await pair();
  const stranger = system.newUser();
  const elsewhere = await sendText(t, a, await groupRoom(a, [b]), "elsewhere");
  await sendText(t, a, roomId, "here");
  refused(t, await b.post(`/rooms/${roomId}/read`, { messageId: unknownId() }), "message_not_found");
  refused(t, await b.post(`/rooms/${roomId}/read`, { messageId: elsewhere._id }), "message_not_found");
  refused(t, await stranger.post(`/rooms/${roomId}/read`), "room_not_found");
  refused(t, await b.post(`/rooms/${unknownId()}/read`), "room_not_found");
  t.equal(await unread(t, b, roomId), 1);
});

t.test("deleted and hidden messages are not unread, and one that is both is subtracted once", async (t) => {
  const { a, b, roomId } = await pair();
  const [m1, m2, m3, m4, m5] = await sendTexts(t, a, roomId, ["1", "2", "3", "4", "5", "6", "7"]);
  await a.delete(`/messages/${m1!._id}`, forEveryone);
  t.equal(await unread(t, b, roomId), 6);
  await b.delete(`/messages/${m2!._id}`, forMe);
  t.equal(await unread(t, b, roomId), 5);
  await b.delete(`/messages/${m3!._id}`, forMe);
  await a.delete(`/messages/${m3!._id}`, forEveryone);
  t.equal(await unread(t, b, roomId), 4, "hidden, then deleted");
  await a.delete(`/messages/${m4!._id}`, forEveryone);
  await b.delete(`/messages/${m4!._id}`, forMe);
  t.equal(await unread(t, b, roomId), 3, "deleted, then hidden");
  await b.delete(`/messages/${m2!._id}`, forMe);
  await a.delete(`/messages/${m1!._id}`, forEveryone);
  t.equal(await unread(t, b, roomId), 3, "doing it again counts nothing");
  await read(t, b, roomId, m5!._id);
  t.equal(await unread(t, b, roomId), 2);
  await a.delete(`/messages/${m5!._id}`, forEveryone);
  t.equal(await unread(t, b, roomId), 2, "what was read is no less unread");
});

t.test("deleted and hidden messages after the read position are not unread", async (t) => {
  const { a, b, roomId } = await pair();
  const [m1, m2, m3, m4] = await sendTexts(t, a, roomId, ["1", "2", "3", "4", "5"]);
  await a.delete(`/messages/${m2!._id}`, forEveryone);
  await b.delete(`/messages/${m3!._id}`, forMe);
  await b.delete(`/messages/${m4!._id}`, forMe);
  await a.delete(`/messages/${m4!._id}`, forEveryone);
  await read(t, b, roomId, m1!._id);
  t.equal(await unread(t, b, roomId), 1);
  await read(t, b, roomId);
  t.equal(await unread(t, b, roomId), 0);
  await sendText(t, a, roomId, "6");
  t.equal(await unread(t, b, roomId), 1);
});

t.test("hiding and deleting one's own messages does not change one's unread count", async (t) => {
  const { a, b, roomId } = await pair();
  const [own] = await sendTexts(t, b, roomId, ["own 1", "own 2"]);
  await sendTexts(t, a, roomId, ["1", "2"]);
  await b.delete(`/messages/${own!._id}`, forMe);
  await b.delete(`/messages/${own!._id}`, forEveryone);
  t.equal(await unread(t, b, roomId), 2);
});

t.test("messages hidden and deleted concurrently are subtracted once each", async (t) => {
  const { a, b, roomId } = await pair();
  const sent = await sendTexts(
    t,
    a,
    roomId,
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
  await Promise.all(
    sent.slice(0, 15).flatMap(({ _id }, i) => {
      const both = [() => a.delete(`/messages/${_id}`, forEveryone), () => b.delete(`/messages/${_id}`, forMe)];
      return (i % 2 ? both : both.reverse()).map((remove) => remove());
    }),
  );
  t.equal(await unread(t, b, roomId), 5);
});

t.test("marking as read while messages arrive loses none: each is read or unread", async (t) => {
  const { a, b, roomId } = await pair();
  const marks: Promise<{ data: { readSeq: number } }>[] = [];
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      await sendText(t, a, roomId, `${i}`);
      if (i % 5 === 0) marks.push(read(t, b, roomId));
    }),
  );
  const furthest = Math.max(...(await Promise.all(marks)).map(({ data }) => data.readSeq));
  const { messages } = await pageOf(t, b, roomId, "limit=100");
  t.equal(await unread(t, b, roomId), messages.filter(({ seq }) => seq > furthest).length);
});

t.test("system messages are never unread", async (t) => {
  const [admin, member, other] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [member]);
  await other.post(`/rooms/${roomId}/join`);
  await sendText(t, admin, roomId, "hello");
  await admin.put(`/rooms/${roomId}/settings`, { name: "new" });
  await other.post(`/rooms/${roomId}/leave`);
  t.equal(await unread(t, member, roomId), 1);
  const note = (await pageOf(t, member, roomId)).messages[0];
  await member.delete(`/messages/${note?._id}`, forMe);
  t.equal(await unread(t, member, roomId), 1, "nor when one is hidden");
});

t.test("a new member has nothing unread until new messages arrive", async (t) => {
  const [admin, member] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  const [old] = await sendTexts(t, admin, roomId, ["1", "2", "3"]);
  await member.post(`/rooms/${roomId}/join`);
  t.equal(await unread(t, member, roomId), 0);
  await admin.delete(`/messages/${old!._id}`, forEveryone);
  t.equal(await unread(t, member, roomId), 0);
  await sendText(t, admin, roomId, "4");
  t.equal(await unread(t, member, roomId), 1);
  await member.post(`/rooms/${roomId}/leave`);
  await sendText(t, admin, roomId, "5");
  await member.post(`/rooms/${roomId}/join`);
  t.equal(await unread(t, member, roomId), 0, "also after rejoining");
  await sendText(t, admin, roomId, "6");
  t.equal(await unread(t, member, roomId), 1);
});

t.test("a forwarded message is unread like any other", async (t) => {
  const { a, b, roomId } = await pair();
  const message = await sendText(t, a, roomId, "1");
  await a.post(`/messages/${message._id}/forward`, { chatRoomIds: [roomId] });
  t.same([await unread(t, a, roomId), await unread(t, b, roomId)], [0, 2]);
});

t.test("a message is sent, then delivered, then read", async (t) => {
  const { a, b, roomId } = await pair();
  const { _id, status } = await sendText(t, a, roomId, "hello");
  t.equal(status, "sent");
  t.equal(await statusOf(t, a, roomId, _id), "sent");
  await (await b.connect()).join(roomId);
  await eventually(async () => (await statusOf(t, a, roomId, _id)) === "delivered");
  t.equal((await roomOf(t, a, roomId)).lastMessage?.status, "delivered");
  await read(t, b, roomId);
  t.equal(await statusOf(t, a, roomId, _id), "read");
  t.equal((await roomOf(t, a, roomId)).lastMessage?.status, "read");
  t.equal(good(t, routes.editMessage, await a.put(`/messages/${_id}`, { content: "edited" })).data.status, "read");
  t.equal(await statusOf(t, b, roomId, _id), "sent", "it is the sender's to see");
});

t.test("messages up to the read position are read, later ones are not", async (t) => {
  const { a, b, roomId } = await pair();
  const [, second] = await sendTexts(t, a, roomId, ["1", "2", "3"]);
  await read(t, b, roomId, second!._id);
  const statuses = (await pageOf(t, a, roomId)).messages.map(({ status }) => status);
  t.same(statuses, ["read", "read", "sent"]);
});

t.test("in a group a message is delivered or read once it is so for all members", async (t) => {
  const [a, b, c] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(a, [b, c]);
  const { _id } = await sendText(t, a, roomId, "hello all");
  const status = () => statusOf(t, a, roomId, _id);
  const deliveredTo = (client: Awaited<ReturnType<User["connect"]>>, userId: string) =>
    client.next("message_delivered", (event) => event.userId === userId && event.chatRoomId === roomId);
  const watcher = await a.connect();
  await watcher.join(roomId);
  await (await b.connect()).join(roomId);
  await deliveredTo(watcher, b.id);
  t.equal(await status(), "sent", "one has it, one has not");
  await (await c.connect()).join(roomId);
  await eventually(async () => (await status()) === "delivered");
  await read(t, b, roomId);
  t.equal(await status(), "delivered");
  await read(t, c, roomId);
  t.equal(await status(), "read");
});

t.test("a message's status ignores members who left and counts later members as having read it", async (t) => {
  const [a, b, c, d] = [system.newUser(), system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(a, [b, c]);
  const { _id } = await sendText(t, a, roomId, "hello");
  await read(t, b, roomId);
  t.equal(await statusOf(t, a, roomId, _id), "sent");
  await c.post(`/rooms/${roomId}/leave`);
  t.equal(await statusOf(t, a, roomId, _id), "read");
  await d.post(`/rooms/${roomId}/join`);
  t.equal(await statusOf(t, a, roomId, _id), "read");
});

t.test("in a group of one a message stays sent", async (t) => {
  const a = system.newUser();
  const roomId = await groupRoom(a, []);
  const { _id } = await sendText(t, a, roomId, "alone");
  await read(t, a, roomId);
  t.equal(await statusOf(t, a, roomId, _id), "sent");
});
