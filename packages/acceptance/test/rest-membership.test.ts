// Joining and leaving groups.
import { routes } from "@khui/contracts";
import { good, pageOf, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

const join = async (t: Test, user: User, roomId: string) =>
  good(t, routes.joinRoom, await user.post(`/rooms/${roomId}/join`));
const leave = async (t: Test, user: User, roomId: string) =>
  good(t, routes.leaveRoom, await user.post(`/rooms/${roomId}/leave`));
const systemMessages = async (t: Test, user: User, roomId: string) =>
  (await pageOf(t, user, roomId, "limit=100")).messages.filter(({ type }) => type === "system");
const rolesIn = async (t: Test, user: User, roomId: string) =>
  new Map((await roomOf(t, user, roomId)).participants.map(({ userId, role }) => [userId, role]));

t.test("anyone may join a group by its id", async (t) => {
  const [admin, newcomer] = [system.newUser(), system.newUser("Nok")];
  const roomId = await groupRoom(admin, []);
  const before = await sendText(t, admin, roomId, "before");
  const { message, chatRoom } = await join(t, newcomer, roomId);
  t.equal(message, "เข้าร่วมห้องแชทสำเร็จ");
  t.match(chatRoom, { _id: roomId, participantCount: 2, unreadCount: 0 });
  t.match(chatRoom.participants[0], { userId: newcomer.id, name: "Nok", role: "member", isActive: true });
  const [note] = await systemMessages(t, admin, roomId);
  t.match(note, {
    type: "system",
    content: "Nok เข้าร่วมห้องแชท",
    sender: { _id: newcomer.id, name: "Nok" },
    systemInfo: { action: "member_joined", userId: newcomer.id },
  });
  t.match((await pageOf(t, newcomer, roomId)).messages, [{ _id: before._id }, { _id: note?._id }]);
  await sendText(t, newcomer, roomId, "hi");
});

t.test("joining again changes nothing", async (t) => {
  const [admin, member] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  const first = await join(t, member, roomId);
  for (const answer of await Promise.all(Array.from({ length: 10 }, () => member.post(`/rooms/${roomId}/join`)))) {
    t.same(good(t, routes.joinRoom, answer).chatRoom, first.chatRoom);
  }
  t.equal((await systemMessages(t, admin, roomId)).length, 1);
});

t.test("ten concurrent joins of one user count as one", async (t) => {
  const [admin, member] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  const answers = await Promise.all(Array.from({ length: 10 }, () => member.post(`/rooms/${roomId}/join`)));
  for (const answer of answers) t.equal(good(t, routes.joinRoom, answer).chatRoom.participantCount, 2);
  t.equal((await systemMessages(t, admin, roomId)).length, 1);
});

t.test("a private room can be neither joined nor left", async (t) => {
  const [a, b, stranger] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await privateRoom(a, b);
  refused(t, await stranger.post(`/rooms/${roomId}/join`), "room_not_found");
  refused(t, await a.post(`/rooms/${roomId}/leave`), "private_room");
  t.equal((await roomOf(t, a, roomId)).participantCount, 2);
});

t.test("an unknown room can be neither joined nor left", async (t) => {
  const [admin, stranger] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  refused(t, await stranger.post(`/rooms/${unknownId()}/join`), "room_not_found");
  refused(t, await stranger.post(`/rooms/${unknownId()}/leave`), "room_not_found");
  refused(t, await stranger.post(`/rooms/${roomId}/leave`), "not_a_participant");
});

t.test("a group never exceeds its limit, also with concurrent joins", async (t) => {
  const [admin, ...crowd] = Array.from({ length: 21 }, () => system.newUser());
  const roomId = await groupRoom(admin!, [], { settings: { maxParticipants: 4 } });
  const answers = await Promise.all(crowd.map((user) => user.post(`/rooms/${roomId}/join`)));
  const [inside, outside] = [answers.filter(({ status }) => status === 200), answers.filter((a) => a.status !== 200)];
  t.equal(inside.length, 3);
  for (const answer of outside) refused(t, answer, "room_full");
  t.equal((await roomOf(t, admin!, roomId)).participantCount, 4);
  const lucky = crowd[answers.findIndex(({ status }) => status === 200)]!;
  const late = crowd[answers.findIndex(({ status }) => status !== 200)]!;
  await leave(t, lucky, roomId);
  await join(t, late, roomId);
});

t.test("a user who has left has no access to the room", async (t) => {
  const [admin, member] = [system.newUser(), system.newUser("Mai")];
  const roomId = await groupRoom(admin, [member]);
  const sent = await sendText(t, member, roomId, "mine");
  const { message } = await leave(t, member, roomId);
  t.equal(message, "ออกจากห้องแชทสำเร็จ");
  const refusals = await Promise.all([
    member.get(`/rooms/${roomId}`),
    member.get(`/rooms/${roomId}/participants`),
    member.get(`/rooms/${roomId}/messages`),
    member.get(`/rooms/${roomId}/stats`),
    member.post(`/rooms/${roomId}/messages`, { content: "x" }),
    member.post(`/rooms/${roomId}/read`),
    member.post(`/rooms/${roomId}/leave`),
    member.put(`/rooms/${roomId}/settings`, { name: "x" }),
  ]);
  for (const answer of refusals) refused(t, answer, "not_a_participant");
  const hidden = await Promise.all([
    member.put(`/messages/${sent._id}`, { content: "x" }),
    member.delete(`/messages/${sent._id}`, { deleteFor: "everyone" }),
    member.delete(`/messages/${sent._id}`, { deleteFor: "sender" }),
    member.post(`/messages/${sent._id}/reactions`, { emoji: "👍" }),
    member.delete(`/messages/${sent._id}/reactions`),
    member.post(`/messages/${sent._id}/forward`, { chatRoomIds: [roomId] }),
  ]);
  for (const answer of hidden) refused(t, answer, "message_not_found");
  t.same(good(t, routes.listRooms, await member.get("/rooms")).chatRooms, []);
  const room = await roomOf(t, admin, roomId);
  t.equal(room.participantCount, 1);
  t.same(
    room.participants.map(({ userId }) => userId),
    [admin.id],
  );
  t.match((await pageOf(t, admin, roomId)).messages, [
    { _id: sent._id, content: "mine", sender: { name: "Mai" } },
    { content: "Mai ออกจากห้องแชท", systemInfo: { action: "member_left", userId: member.id } },
  ]);
});

t.test("rejoining restores a member", async (t) => {
  const [admin, member] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [member]);
  const sent = await sendText(t, member, roomId, "mine");
  await leave(t, member, roomId);
  await sendText(t, admin, roomId, "while away");
  const { chatRoom } = await join(t, member, roomId);
  t.match(chatRoom, { participantCount: 2, unreadCount: 0 });
  t.equal((await pageOf(t, member, roomId)).messages.length, 4, "with all that was said");
  t.equal(
    good(t, routes.editMessage, await member.put(`/messages/${sent._id}`, { content: "still" })).data._id,
    sent._id,
  );
  await sendText(t, admin, roomId, "welcome back");
  t.equal((await roomOf(t, member, roomId)).unreadCount, 1);
});

t.test("when the last admin leaves, the longest-standing member becomes one", async (t) => {
  const [admin, second, third] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  await join(t, third, roomId);
  await join(t, second, roomId);
  await leave(t, third, roomId);
  await join(t, third, roomId);
  await leave(t, admin, roomId);
  t.same(
    [...(await rolesIn(t, third, roomId))].sort(),
    [
      [second.id, "admin"],
      [third.id, "member"],
    ].sort(),
  );
  const left = (await systemMessages(t, second, roomId)).at(-1);
  t.match(left?.systemInfo, { action: "member_left", userId: admin.id, newAdmin: second.id });
  good(t, routes.updateSettings, await second.put(`/rooms/${roomId}/settings`, { name: "new" }));
  await join(t, admin, roomId);
  t.equal((await rolesIn(t, second, roomId)).get(admin.id), "member", "a former admin who rejoins is a member");
  refused(t, await admin.put(`/rooms/${roomId}/settings`, { name: "mine" }), "not_room_admin");
});

t.test("nobody becomes admin when an ordinary member leaves", async (t) => {
  const [admin, member, other] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [member, other]);
  await leave(t, member, roomId);
  t.same(
    [...(await rolesIn(t, other, roomId))].sort(),
    [
      [admin.id, "admin"],
      [other.id, "member"],
    ].sort(),
  );
  t.notOk((await systemMessages(t, admin, roomId)).at(-1)?.systemInfo?.newAdmin);
});

t.test("the first to join an empty group becomes its admin", async (t) => {
  const [admin, next] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  await leave(t, admin, roomId);
  await join(t, next, roomId);
  t.equal((await rolesIn(t, next, roomId)).get(next.id), "admin");
});

t.test("leaving takes effect at its place among messages being sent", async (t) => {
  const [admin, member] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [member]);
  const sends = Array.from({ length: 40 }, (_, i) => member.post(`/rooms/${roomId}/messages`, { content: `m${i}` }));
  const leaving = leave(t, member, roomId);
  const answers = await Promise.all(sends);
  await leaving;
  const { messages } = await pageOf(t, admin, roomId, "limit=100");
  t.equal(messages.at(-1)?.systemInfo?.action, "member_left", "nothing of theirs stands after it");
  const accepted = answers.filter(({ status }) => status === 201);
  t.equal(messages.length - 1, accepted.length, "what was accepted is there, and no more");
  for (const answer of answers) if (answer.status !== 201) refused(t, answer, "not_a_participant");
});

t.test("concurrent joins and leaves add up", async (t) => {
  const [admin, ...crowd] = Array.from({ length: 16 }, () => system.newUser());
  const roomId = await groupRoom(admin!, []);
  await Promise.all(
    crowd.map(async (user, i) => {
      await join(t, user, roomId);
      await leave(t, user, roomId);
      if (i % 2) await join(t, user, roomId);
    }),
  );
  const room = await roomOf(t, admin!, roomId);
  t.equal(room.participantCount, 1 + 7);
  t.equal(room.participants.length, 1 + 7);
  const notes = await systemMessages(t, admin!, roomId);
  t.equal(notes.length, 15 * 2 + 7);
  t.same(
    notes,
    [...notes].sort((a, b) => a.seq - b.seq),
  );
});
