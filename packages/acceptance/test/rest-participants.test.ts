// What admins do with the people of a group: add, remove, change a role.
import { routes } from "@khui/contracts";
import { good, pageOf, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);
const app = system.newUser(undefined, { scope: "chat:admin" });
const people = (count: number) => Array.from({ length: count }, () => system.newUser());

const add = (by: User, roomId: string, userIds: string[], more: object = {}) =>
  by.post(`/rooms/${roomId}/participants`, { userIds, ...more });
const remove = (by: User, roomId: string, user: Pick<User, "id">) =>
  by.delete(`/rooms/${roomId}/participants/${encodeURIComponent(user.id)}`);
const setRole = (by: User, roomId: string, user: Pick<User, "id">, role: string) =>
  by.put(`/rooms/${roomId}/participants/${encodeURIComponent(user.id)}`, { role });
const rolesIn = async (t: Test, user: User, roomId: string) =>
  Object.fromEntries((await roomOf(t, user, roomId)).participants.map(({ userId, role }) => [userId, role]));
const lastSystemMessage = async (t: Test, user: User, roomId: string) =>
  (await pageOf(t, user, roomId, "limit=100")).messages.filter(({ type }) => type === "system").at(-1);

t.test("an admin adds people, who are in at once", async (t) => {
  const [admin, here] = [system.newUser("Ann"), system.newUser()];
  const [first, second] = [system.newUser("Nok"), system.newUser("Fah")];
  const roomId = await groupRoom(admin, [here], { settings: { joinPolicy: "closed" } });
  // Names are known from the first request on.
  for (const user of [first, second]) await user.get("/rooms");
  const client = await here.connect();
  await client.join(roomId);
  const { added, skipped } = good(t, routes.addParticipants, await add(admin, roomId, [first.id, here.id, second.id]));
  t.strictSame([added, skipped], [[first.id, second.id], [{ userId: here.id, reason: "already_in" }]]);
  const told = [await client.next("user_joined_chat"), await client.next("user_joined_chat")];
  t.strictSame(
    told.map(({ userId }) => userId),
    [first.id, second.id],
  );
  t.match(await lastSystemMessage(t, here, roomId), {
    content: "Ann เพิ่ม Nok, Fah เข้าห้องแชท",
    sender: { _id: admin.id },
    systemInfo: { action: "members_added", userId: admin.id, userIds: [first.id, second.id] },
  });
  t.match(await roomOf(t, first, roomId), { participantCount: 4, unreadCount: 0 });
  await sendText(t, second, roomId, "hello");
  good(t, routes.addParticipants, await add(admin, roomId, [first.id]));
  t.equal((await roomOf(t, admin, roomId)).participantCount, 4, "adding again changes nothing");
});

t.test("a hundred people are added with one message, and keep their order", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, []);
  const userIds = people(100).map(({ id }) => id);
  t.equal(good(t, routes.addParticipants, await add(admin, roomId, userIds, { role: "admin" })).added.length, 100);
  const page = await admin.get(`/rooms/${roomId}/participants?limit=100&page=1`);
  t.strictSame(
    good(t, routes.listParticipants, page)
      .participants.slice(1)
      .map(({ userId, role }) => [userId, role]),
    userIds.slice(0, 99).map((userId) => [userId, "admin"]),
  );
  t.match(await pageOf(t, admin, roomId), { messages: [{ type: "system", systemInfo: { role: "admin" } }], seq: 101 });
});

t.test("who may add, and whom", async (t) => {
  const [admin, member, stranger, other] = people(4) as [User, User, User, User];
  const roomId = await groupRoom(admin, [member], { settings: { maxParticipants: 3 } });
  refused(t, await add(member, roomId, [other.id]), "not_room_admin");
  refused(t, await add(stranger, roomId, [other.id]), "not_a_participant");
  refused(t, await add(admin, unknownId(), [other.id]), "room_not_found");
  refused(t, await add(app, unknownId(), [other.id]), "room_not_found");
  refused(t, await add(admin, await privateRoom(admin, member), [other.id]), "not_a_group");
  refused(t, await add(admin, roomId, [admin.id]), "invalid_participants");
  refused(t, await add(admin, roomId, [other.id, other.id]), "invalid_request");
  refused(t, await add(admin, roomId, []), "invalid_request");
  refused(
    t,
    await add(
      admin,
      roomId,
      people(101).map(({ id }) => id),
    ),
    "invalid_request",
  );
  refused(t, await add(admin, roomId, [other.id], { role: "owner" }), "invalid_request");
  refused(t, await add(admin, roomId, [other.id, stranger.id]), "room_full");
  t.equal((await roomOf(t, admin, roomId)).participantCount, 2, "nothing was half done");
  good(t, routes.updateSettings, await admin.put(`/rooms/${roomId}/settings`, { settings: { membersCanAdd: true } }));
  refused(t, await add(member, roomId, [other.id], { role: "admin" }), "not_room_admin");
  t.strictSame(good(t, routes.addParticipants, await add(member, roomId, [other.id])).added, [other.id]);
});

t.test("the application's back end does all of it in any group", async (t) => {
  const [admin, member, other] = people(3) as [User, User, User];
  const roomId = await groupRoom(admin, [member], { settings: { joinPolicy: "closed" } });
  good(t, routes.addParticipants, await add(app, roomId, [other.id]));
  good(t, routes.updateParticipant, await setRole(app, roomId, other, "admin"));
  good(t, routes.removeParticipant, await remove(app, roomId, admin));
  t.strictSame(await rolesIn(t, other, roomId), { [other.id]: "admin", [member.id]: "member" });
  refused(t, await remove(app, roomId, other), "last_admin");
  refused(t, await app.get(`/rooms/${roomId}/messages`), "room_not_found");
});

t.test("who is removed gets that entry, and nothing after it", async (t) => {
  const [admin, member, gone] = people(3) as [User, User, User];
  const roomId = await groupRoom(admin, [member, gone]);
  const client = await gone.connect();
  await client.join(roomId);
  good(t, routes.removeParticipant, await remove(admin, roomId, gone));
  t.match(await client.next("user_left_chat"), { userId: gone.id, by: admin.id });
  await sendText(t, admin, roomId, "not for you");
  t.match(await client.ask("send_message", { chatRoomId: roomId, content: "x" }), { code: "not_a_participant" });
  t.match(await client.ask("join_chat", { chatRoomId: roomId }), { code: "not_a_participant" });
  t.equal(
    client.count("new_message", ({ message }) => message.content === "not for you"),
    0,
  );
  refused(t, await gone.get(`/rooms/${roomId}/messages`), "not_a_participant");
  t.match(await pageOf(t, admin, roomId), {
    messages: [{ systemInfo: { action: "member_removed", userId: gone.id, by: admin.id } }, { content: "not for you" }],
  });
});

t.test("who may remove, and whom", async (t) => {
  const [admin, member, stranger] = people(3) as [User, User, User];
  const roomId = await groupRoom(admin, [member]);
  refused(t, await remove(member, roomId, admin), "not_room_admin");
  refused(t, await remove(stranger, roomId, member), "not_a_participant");
  refused(t, await remove(admin, roomId, stranger), "participant_not_found");
  refused(t, await remove(admin, roomId, admin), "invalid_participants");
  refused(t, await remove(admin, await privateRoom(admin, member), member), "not_a_group");
  refused(t, await remove(admin, unknownId(), member), "room_not_found");
  t.equal((await roomOf(t, admin, roomId)).participantCount, 2);
});

t.test("roles change for everybody who sees them", async (t) => {
  const [admin, member, watcher] = people(3) as [User, User, User];
  const roomId = await groupRoom(admin, [member, watcher]);
  const client = await watcher.connect();
  await client.join(roomId);
  good(t, routes.updateParticipant, await setRole(admin, roomId, member, "admin"));
  t.match(await client.next("member_updated"), { chatRoomId: roomId, userId: member.id, role: "admin", by: admin.id });
  good(t, routes.updateParticipant, await setRole(admin, roomId, member, "admin"));
  good(t, routes.updateParticipant, await setRole(member, roomId, admin, "member"));
  t.match(await client.next("member_updated"), { userId: admin.id, role: "member", by: member.id });
  t.equal(client.count("member_updated"), 2, "the same role again is no change");
  t.match(await rolesIn(t, watcher, roomId), { [admin.id]: "member", [member.id]: "admin" });
  refused(t, await admin.put(`/rooms/${roomId}/settings`, { name: "mine" }), "not_room_admin");
  refused(t, await setRole(member, roomId, member, "member"), "last_admin");
  refused(t, await setRole(member, roomId, system.newUser(), "admin"), "participant_not_found");
  refused(t, await setRole(watcher, roomId, watcher, "admin"), "not_room_admin");
  refused(t, await setRole(member, roomId, watcher, "king"), "invalid_request");
});

t.test("of two admins who demote each other, one stays", async (t) => {
  for (let round = 0; round < 5; round++) {
    const [a, b] = people(2) as [User, User];
    const roomId = await groupRoom(a, [b]);
    good(t, routes.updateParticipant, await setRole(a, roomId, b, "admin"));
    const answers = await Promise.all([setRole(a, roomId, b, "member"), setRole(b, roomId, a, "member")]);
    t.equal(answers.filter(({ status }) => status === 200).length, 1);
    t.strictSame(Object.values(await rolesIn(t, a, roomId)).sort(), ["admin", "member"]);
  }
});

t.test("the last place is had by one", async (t) => {
  const [admin, a, b, c] = people(4) as [User, User, User, User];
  const roomId = await groupRoom(admin, [], { settings: { maxParticipants: 2 } });
  const answers = await Promise.all([a, b, c].map(({ id }) => add(admin, roomId, [id])));
  t.equal(answers.filter(({ status }) => status === 200).length, 1);
  for (const answer of answers.filter(({ status }) => status !== 200)) refused(t, answer, "room_full");
});

t.test("what a change of settings changed is told", async (t) => {
  const [admin, member] = people(2) as [User, User];
  const roomId = await groupRoom(admin, [member]);
  const client = await member.connect();
  await client.join(roomId);
  await admin.put(`/rooms/${roomId}/settings`, { name: "Another", settings: { joinPolicy: "invite" } });
  t.match(await client.next("room_updated"), {
    chatRoomId: roomId,
    userId: admin.id,
    changes: { name: "Another", joinPolicy: "invite" },
  });
});
