// A room's name, picture and rules: who may change them, and that they are enforced.
import { routes } from "@khui/contracts";
import { find, good, pageOf, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

const change = async (t: Test, user: User, roomId: string, body: Record<string, unknown>) =>
  good(t, routes.updateSettings, await user.put(`/rooms/${roomId}/settings`, body));

t.test("an admin can change a room's name, picture and permissions", async (t) => {
  const [admin, member] = [system.newUser("Dao"), system.newUser()];
  const roomId = await groupRoom(admin, [member]);
  const before = await roomOf(t, admin, roomId);
  const shown = { name: "ชื่อใหม่ 🎉", description: "คำอธิบายใหม่", avatar: "https://example.com/new.png" };
  const settings = { allowMediaUpload: false, allowStickers: false, allowReactions: false };
  const { message, chatRoom } = await change(t, admin, roomId, { ...shown, settings });
  t.equal(message, "อัพเดทการตั้งค่าห้องแชทสำเร็จ");
  t.match(chatRoom, { ...shown, settings: { ...settings, maxParticipants: 500 } });
  t.ok(chatRoom.updatedAt > before.updatedAt);
  t.same(await roomOf(t, admin, roomId), chatRoom);
  t.match(await roomOf(t, member, roomId), { ...shown, settings });
  const note = (await pageOf(t, member, roomId)).messages.at(-1);
  t.match(note, { type: "system", content: "Dao เปลี่ยนการตั้งค่าห้องแชท", sender: { _id: admin.id } });
  t.same(note?.systemInfo, {
    action: "settings_changed",
    userId: admin.id,
    changes: { ...shown, ...settings },
  });
});

t.test("omitted settings stay unchanged", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, [], { description: "d", settings: { allowStickers: false } });
  const { chatRoom } = await change(t, admin, roomId, { settings: { allowReactions: false } });
  t.match(chatRoom, { name: "A group", description: "d" });
  t.same(chatRoom.settings, {
    allowMediaUpload: true,
    allowStickers: false,
    allowReactions: false,
    maxParticipants: 500,
    joinPolicy: "open",
    membersCanAdd: false,
  });
});

t.test("an empty text clears a field", async (t) => {
  const [admin, other] = [system.newUser(), system.newUser()];
  const shown = { description: "d", avatar: "https://example.com/a.png" };
  const cleared = { description: "", avatar: "" };
  const roomId = await groupRoom(admin, [], shown);
  t.match((await change(t, admin, roomId, cleared)).chatRoom, { name: "A group", description: null, avatar: null });
  const pair = await privateRoom(admin, other);
  await change(t, admin, pair, { name: "for a while" });
  t.equal((await change(t, admin, pair, { name: "" })).chatRoom.name, null);
  t.match(await groupRoom(admin, [], cleared).then((id) => roomOf(t, admin, id)), { description: null, avatar: null });
});

t.test("a room may come back as it was read, with what is changed", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  for (const roomId of [await privateRoom(a, b), await groupRoom(a, [b])]) {
    await sendText(t, a, roomId, "x".repeat(10_000));
    const read = await roomOf(t, a, roomId);
    t.same((await change(t, a, roomId, { ...read })).chatRoom, read);
    const chosen = { ...read, description: "new", status: "archived", participants: [], seq: "seven" };
    t.match((await change(t, a, roomId, chosen)).chatRoom, { description: "new", status: "active" });
  }
});

t.test("setting the current values leaves no system message", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, []);
  const before = await roomOf(t, admin, roomId);
  for (const body of [{}, { settings: {} }, { name: before.name, settings: before.settings }]) {
    t.same((await change(t, admin, roomId, body)).chatRoom, before);
  }
  t.same((await pageOf(t, admin, roomId)).messages, []);
});

t.test("only admins can change a group", async (t) => {
  const [admin, member, stranger] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [member]);
  refused(t, await member.put(`/rooms/${roomId}/settings`, { name: "mine" }), "not_room_admin");
  refused(t, await stranger.put(`/rooms/${roomId}/settings`, { name: "mine" }), "not_a_participant");
  refused(t, await admin.put(`/rooms/${unknownId()}/settings`, { name: "mine" }), "room_not_found");
  t.match(await roomOf(t, admin, roomId), { name: "A group", seq: 0 });
});

t.test("both participants can change a private room, but not raise its limit", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const roomId = await privateRoom(a, b);
  t.equal((await change(t, a, roomId, { name: "by a" })).chatRoom.name, "by a");
  t.equal((await change(t, b, roomId, { name: "by b" })).chatRoom.name, "by b");
  refused(t, await a.put(`/rooms/${roomId}/settings`, { settings: { maxParticipants: 3 } }), "private_room");
});

t.test("a group's name cannot be removed", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, []);
  for (const name of ["", "   ", "\n\t", "\u200b\u3164"]) {
    refused(t, await admin.put(`/rooms/${roomId}/settings`, { name }), "invalid_request");
  }
  t.equal((await roomOf(t, admin, roomId)).name, "A group");
});

t.test("a room that allows no reactions refuses them", async (t) => {
  const [admin, member] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [member]);
  const { _id } = await sendText(t, admin, roomId, "react to this");
  const path = `/messages/${_id}/reactions`;
  good(t, routes.addReaction, await member.post(path, { emoji: "👍" }));
  await change(t, admin, roomId, { settings: { allowReactions: false } });
  refused(t, await member.post(path, { emoji: "😀" }), "reactions_not_allowed");
  refused(t, await admin.post(path, { emoji: "👍" }), "reactions_not_allowed");
  t.match((await find(t, member, roomId, _id))?.reactions, [{ userId: member.id, emoji: "👍" }]);
  t.same(
    good(t, routes.removeReaction, await member.delete(path)).data.reactions,
    [],
    "one's own may still be removed",
  );
  await change(t, admin, roomId, { settings: { allowReactions: true } });
  good(t, routes.addReaction, await admin.post(path, { emoji: "👍" }));
});

t.test("a changed participant limit is enforced", async (t) => {
  const [admin, b, c, d] = [system.newUser(), system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [b, c]);
  const limit = (maxParticipants: number) => admin.put(`/rooms/${roomId}/settings`, { settings: { maxParticipants } });
  refused(t, await limit(2), "room_full");
  good(t, routes.updateSettings, await limit(3));
  refused(t, await d.post(`/rooms/${roomId}/join`), "room_full");
  good(t, routes.joinRoom, await b.post(`/rooms/${roomId}/join`));
  good(t, routes.updateSettings, await limit(4));
  good(t, routes.joinRoom, await d.post(`/rooms/${roomId}/join`));
});

t.test("concurrent changes are all applied, one after the other", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, []);
  const names = Array.from({ length: 12 }, (_, i) => `name ${i}`);
  await Promise.all(names.map((name) => change(t, admin, roomId, { name })));
  const notes = (await pageOf(t, admin, roomId)).messages;
  t.same(notes.map(({ systemInfo }) => systemInfo?.changes?.name).sort(), [...names].sort());
  t.equal((await roomOf(t, admin, roomId)).name, notes.at(-1)?.systemInfo?.changes?.name, "the last in the log holds");
});
