// Membership takes effect at its place in the log, for leaving and for joining.
import { eventually, groupRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { allOf, done, fence, inRooms, logOf, post, range, refused, sendMany } from "./socket-scene.js";

const system = await useSystem(t);

async function scene() {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const [room, other] = await Promise.all([groupRoom(alice, [bob]), groupRoom(alice, [bob])]);
  const [alices, bobs] = await Promise.all([inRooms(alice, room, other), inRooms(bob, room, other)]);
  return { alice, bob, room, other, alices, bobs };
}

t.test("a user who leaves over REST is notified on every device and receives nothing more of the room", async (t) => {
  const { alice, bob, room, other, alices, bobs } = await scene();
  const phone = await inRooms(bob, room, other);
  await post(alice, room, "before");
  await bob.post(`/rooms/${room}/leave`);
  for (const client of [alices, bobs, phone]) {
    const { message } = await client.next("new_message", (one) => one.message.type === "system");
    t.match(message, { seq: 2, systemInfo: { action: "member_left", userId: bob.id } });
    t.match(await client.next("user_left_chat", ({ seq }) => seq !== undefined), {
      seq: 3,
      chatRoomId: room,
      userId: bob.id,
    });
  }
  await fence(alice, room, alices);
  await fence(alice, other, bobs, phone);
  for (const client of [bobs, phone]) t.strictSame(logOf(client, room), [1, 2, 3], "nothing after the leaving");
  for (const client of [bobs, phone]) t.strictSame(logOf(client, other), [1], "the other room goes on");
  t.strictSame(logOf(alices, room), range(1, 4));
});

t.test("a former member can do nothing in the room", async (t) => {
  const { alice, bob, room, alices, bobs } = await scene();
  const messageId = await post(bob, room, "mine");
  await bob.post(`/rooms/${room}/leave`);
  await bobs.next("user_left_chat", ({ userId }) => userId === bob.id);
  await refused(t, bobs, "send_message", { chatRoomId: room, content: "still here" }, "not_a_participant");
  await refused(t, bobs, "send_message", { chatRoomId: room, messageId }, "message_not_found");
  await refused(t, bobs, "join_chat", { chatRoomId: room }, "not_a_participant");
  await refused(t, bobs, "join_chat", { chatRoomId: room, lastSeq: 0 }, "not_a_participant");
  await refused(t, bobs, "typing_start", { chatRoomId: room }, "not_joined");
  await refused(t, bobs, "mark_as_read", { chatRoomId: room }, "not_a_participant");
  await refused(t, bobs, "edit_message", { messageId, newContent: "changed" }, "message_not_found");
  await refused(t, bobs, "delete_message", { messageId, deleteFor: "everyone" }, "message_not_found");
  await refused(t, bobs, "add_reaction", { messageId, emoji: "👍" }, "message_not_found");
  const head = await fence(alice, room, alices);
  t.equal(head, 4, "the message, two entries of the leaving, and the fence");
  t.equal(alices.count("user_typing"), 0);
});

t.test("a user who joins over REST is announced to the room and can open it", async (t) => {
  const { alice, room, alices } = await scene();
  const carol = system.newUser("แครอล");
  const carols = await carol.connect();
  await refused(t, carols, "join_chat", { chatRoomId: room }, "not_a_participant");
  await carol.post(`/rooms/${room}/join`);
  const { message } = await alices.next("new_message");
  t.match(message, { type: "system", content: /แครอล/, systemInfo: { action: "member_joined", userId: carol.id } });
  t.match(await alices.next("user_joined_chat", ({ seq }) => seq !== undefined), {
    chatRoomId: room,
    userId: carol.id,
    seq: 2,
  });
  t.match(await carols.join(room), { seq: 2, participantCount: 3 });
  await fence(alice, room, alices, carols);
  t.strictSame(logOf(carols, room), [3]);
});

t.test("a member who rejoins resumes where they left off", async (t) => {
  const { alice, bob, room, bobs } = await scene();
  await bob.post(`/rooms/${room}/leave`);
  await bobs.next("user_left_chat", ({ seq }) => seq === 2);
  await post(alice, room, "meanwhile");
  await bob.post(`/rooms/${room}/join`);
  await bobs.join(room, 2);
  await fence(alice, room, bobs);
  t.strictSame(logOf(bobs, room), range(1, 6));
});

t.test("under load a leaving user receives everything before leaving and nothing after", async (t) => {
  const { alice, bob, room, alices, bobs } = await scene();
  const sending = sendMany(alice, room, 120);
  await eventually(() => alices.count("new_message") >= 40);
  await bob.post(`/rooms/${room}/leave`);
  await sending;
  const head = await fence(alice, room, alices);
  const { seq: left } = await bobs.next("user_left_chat", ({ userId }) => userId === bob.id);
  await done(bobs, "get_online_users");
  t.strictSame(logOf(bobs, room), range(1, left!));
  t.ok(left! < head, "sends went on after it");
  t.strictSame(logOf(alices, room), range(1, head));
});

t.test("joining a room while leaving it never delivers a later entry", async (t) => {
  const { alice, bob, room, alices } = await scene();
  for (let round = 0; round < 8; round++) {
    const sockets = await Promise.all([bob.connect(), bob.connect(), bob.connect()]);
    const sending = sendMany(alice, room, 16);
    const joins = sockets.map((client) => client.ask("join_chat", { chatRoomId: room, lastSeq: 0 }));
    await bob.post(`/rooms/${room}/leave`);
    await Promise.all([sending, ...joins]);
    await fence(alice, room, alices);
    await Promise.all(sockets.map((client) => done(client, "get_online_users")));
    const left = Math.max(...allOf(alices, "user_left_chat").map(({ seq }) => seq ?? 0));
    for (const client of sockets) {
      const log = logOf(client, room);
      t.strictSame(log, range(1, log.length), "no hole");
      t.ok(log.length <= left, `nothing after the leaving, entry ${left}`);
      client.close();
    }
    await bob.post(`/rooms/${room}/join`);
  }
});

t.test("settings take effect at their place in the log: a later reaction is refused", async (t) => {
  const { alice, room, alices, bobs } = await scene();
  const messageId = await post(alice, room, "one");
  await done(bobs, "add_reaction", { messageId, emoji: "👍" });
  await alice.put(`/rooms/${room}/settings`, { settings: { allowReactions: false } });
  await refused(t, bobs, "add_reaction", { messageId, emoji: "😂" }, "reactions_not_allowed");
  await fence(alice, room, alices);
  const { payload } = alices.events.find(({ event, payload }) => event === "new_message" && payload.seq === 3)!;
  t.match(payload, { message: { type: "system", systemInfo: { action: "settings_changed" } } });
});
