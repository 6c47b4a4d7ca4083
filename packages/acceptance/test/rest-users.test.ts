// Names and avatars: set by an administrator in bulk, or learned from tokens.
import { randomUUID } from "node:crypto";
import { routes } from "@khui/contracts";
import { bearer, find, good, rawRequest, refused, roomOf, sendText } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t from "tap";

const system = await useSystem(t);
const admin = system.newUser("Admin", { scope: "chat:admin" });

/** A user whose token contains only their id. */
const nameless = () => {
  const id = `quiet-${randomUUID()}`;
  const token = system.sign({ sub: id });
  const post = (path: string, body: unknown) =>
    rawRequest(
      system,
      "POST",
      path,
      { ...bearer({ token }), "content-type": "application/json" },
      JSON.stringify(body),
    );
  return { id, post };
};

t.test("an administrator can set names in bulk", async (t) => {
  const viewer = system.newUser();
  const users = Array.from({ length: 1000 }, (_, i) => ({ _id: randomUUID(), name: `ชื่อ ${i} 😀`, avatar: `a/${i}` }));
  const { message, count } = good(t, routes.upsertUsers, await admin.put("/users", { users }));
  t.same([message, count], ["บันทึกข้อมูลผู้ใช้สำเร็จ", 1000]);
  const roomId = await groupRoom(
    viewer,
    users.slice(0, 3).map(({ _id }) => ({ id: _id }) as User),
  );
  t.match(
    (await roomOf(t, viewer, roomId)).participants.slice(1),
    users.slice(0, 3).map(({ _id, name, avatar }) => ({ userId: _id, name, avatar })),
  );
  const page = await viewer.get(`/rooms/${roomId}/participants`);
  t.match(good(t, routes.listParticipants, page).participants[1], { userId: users[0]?._id, name: users[0]?.name });
});

t.test("one request may contain at most a thousand users", async (t) => {
  const users = Array.from({ length: 1001 }, () => ({ _id: randomUUID() }));
  refused(t, await admin.put("/users", { users }), "invalid_request");
});

t.test("only administrators can set names of others", async (t) => {
  const [user, victim] = [system.newUser(), nameless()];
  refused(t, await user.put("/users", { users: [{ _id: victim.id, name: "Fake" }] }), "forbidden");
  const roomId = await groupRoom(user, [{ id: victim.id } as User]);
  t.equal((await roomOf(t, user, roomId)).participants[1]?.name, null);
});

t.test("omitted fields are kept, and the last entry for a user wins", async (t) => {
  const [viewer, id] = [system.newUser(), randomUUID()];
  const roomId = await groupRoom(viewer, [{ id } as User]);
  const shown = async () => (await roomOf(t, viewer, roomId)).participants[1];
  const tell = async (...users: object[]) => good(t, routes.upsertUsers, await admin.put("/users", { users }));
  t.match(await shown(), { name: null, avatar: null });
  await tell({ _id: id, name: "First", avatar: "a.png" });
  t.match(await shown(), { name: "First", avatar: "a.png" });
  await tell({ _id: id, name: "Second" });
  t.match(await shown(), { name: "Second", avatar: "a.png" });
  await tell({ _id: id });
  t.match(await shown(), { name: "Second", avatar: "a.png" });
  await tell({ _id: id, name: "Third" }, { _id: id, name: "Fourth" });
  t.match(await shown(), { name: "Fourth" });
});

t.test("concurrent updates of the same users end with one of the given names", async (t) => {
  const viewer = system.newUser();
  const ids = Array.from({ length: 50 }, () => randomUUID());
  const tellings = Array.from({ length: 10 }, (_, n) => {
    const users = ids.map((_id) => ({ _id, name: `name ${n}` }));
    return admin.put("/users", { users: n % 2 ? users : users.reverse() });
  });
  for (const answer of await Promise.all(tellings)) good(t, routes.upsertUsers, answer);
  const roomId = await groupRoom(
    viewer,
    ids.map((id) => ({ id }) as User),
  );
  const { participants } = await roomOf(t, viewer, roomId);
  t.ok(participants.slice(1).every(({ name }) => /^name \d$/.test(name ?? "")));
});

t.test("a token's name and avatar are known from its first request", async (t) => {
  const other = system.newUser();
  const user = system.newUser("มานี 🌸", { avatar: "https://example.com/m.png" });
  const roomId = await privateRoom(user, other);
  t.match((await roomOf(t, user, roomId)).participants[0], { name: "มานี 🌸", avatar: "https://example.com/m.png" });
  const { _id, sender } = await sendText(t, user, roomId, "hi");
  t.same(sender, { _id: user.id, name: "มานี 🌸", avatar: "https://example.com/m.png" });
  t.same((await find(t, other, roomId, _id))?.sender, sender);
  t.same((await roomOf(t, other, roomId)).lastMessage?.sender, sender);
  const picture = system.newUser("P", { picture: "https://example.com/p.png" });
  const room = await privateRoom(picture, other);
  t.equal((await sendText(t, picture, room, "hi")).sender.avatar, "https://example.com/p.png");
});

t.test(
  "of several tokens the newest says the name, and an administrator's word counts from when it came",
  async (t) => {
    const [viewer, id] = [system.newUser(), randomUUID()];
    const roomId = await groupRoom(viewer, [{ id } as User]);
    const now = Math.floor(Date.now() / 1000);
    const nameAfter = async (name: string, iat: number) => {
      const token = system.sign({ sub: id, name, iat });
      good(t, routes.listRooms, await rawRequest(system, "GET", "/rooms", bearer({ token })));
      return (await roomOf(t, viewer, roomId)).participants[1]?.name;
    };
    t.equal(await nameAfter("New", now - 100), "New");
    t.equal(await nameAfter("Old", now - 200), "New", "an old device");
    t.equal(await nameAfter("Newer", now - 50), "Newer");
    good(t, routes.upsertUsers, await admin.put("/users", { users: [{ _id: id, name: "Told" }] }));
    t.equal(await nameAfter("Newest", now - 20), "Told", "a token from before");
    t.equal(await nameAfter("Fresh", now + 20), "Fresh", "a token from after");
  },
);

t.test("a user without a name can use everything", async (t) => {
  const [quiet, other] = [nameless(), system.newUser()];
  const made = await quiet.post("/rooms", { type: "private", participants: [other.id] });
  const { chatRoom } = good(t, routes.createRoom, made);
  t.match(chatRoom.participants[0], { userId: quiet.id, name: null, avatar: null });
  const sent = good(t, routes.sendMessage, await quiet.post(`/rooms/${chatRoom._id}/messages`, { content: "hi" }));
  t.same(sent.data.sender, { _id: quiet.id, name: null, avatar: null });
  const group = good(t, routes.createRoom, await quiet.post("/rooms", { type: "group", name: "g", activityId: "x" }));
  await other.post(`/rooms/${group.chatRoom._id}/join`);
  good(t, routes.leaveRoom, await quiet.post(`/rooms/${group.chatRoom._id}/leave`, {}));
  const page = good(t, routes.listMessages, await other.get(`/rooms/${group.chatRoom._id}/messages`));
  t.equal(page.messages.at(-1)?.content, `${quiet.id} ออกจากห้องแชท`);
});

t.test("messages show the name that an administrator has set", async (t) => {
  const [quiet, other] = [nameless(), system.newUser()];
  good(t, routes.upsertUsers, await admin.put("/users", { users: [{ _id: quiet.id, name: "Told" }] }));
  const made = await quiet.post("/rooms", { type: "private", participants: [other.id] });
  const roomId = good(t, routes.createRoom, made).chatRoom._id;
  const { data } = good(t, routes.sendMessage, await quiet.post(`/rooms/${roomId}/messages`, { content: "hi" }));
  t.equal(data.sender.name, "Told");
  const reply = await sendText(t, other, roomId, "hello", { replyTo: data._id });
  t.equal(reply.replyToMessage?.sender.name, "Told");
});
