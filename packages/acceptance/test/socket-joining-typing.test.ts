// Opening and leaving rooms, and typing: who is notified, how often, and when typing ends by itself.
import { eventually, groupRoom, privateRoom, type System, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { allOf, done, fence, inRooms, post, refused, unknownId } from "./socket-scene.js";

const system = await useSystem(t);

async function scene(of: System = system) {
  const [alice, bob, carol] = [of.newUser(), of.newUser(), of.newUser()];
  const [room, other] = await Promise.all([groupRoom(alice, [bob]), privateRoom(alice, carol)]);
  const [alices, bobs, carols] = await Promise.all([
    inRooms(alice, room, other),
    inRooms(bob, room),
    inRooms(carol, other),
  ]);
  return { alice, bob, carol, room, other, alices, bobs, carols };
}

t.test("joined_chat and the acknowledgement describe the room's current state", async (t) => {
  const { alice, bob, room, alices } = await scene();
  const messageId = await post(alice, room, "one");
  await done(alices, "mark_as_read", { chatRoomId: room });
  await alices.ask("typing_start", { chatRoomId: room });
  const client = await bob.connect();
  const answer = await done<{ epoch: string }>(client, "join_chat", { chatRoomId: room });
  t.strictSame(answer, { chatRoomId: room, seq: 1, epoch: answer.epoch, typing: [alice.id], participantCount: 2 });
  const { readPositions, ...joined } = await client.next("joined_chat");
  t.strictSame(joined, answer);
  // Positions may be those of a moment ago: what has changed since follows.
  const shown = readPositions.find(({ userId }) => userId === alice.id);
  const position =
    shown?.readSeq === 1 ? shown : await client.next("message_read", ({ userId }) => userId === alice.id);
  t.match(position, { readSeq: 1, lastReadMessage: messageId });
});

t.test("join_chat is refused", async (t) => {
  const { room, carols } = await scene();
  await refused(t, carols, "join_chat", { chatRoomId: room }, "not_a_participant");
  await refused(t, carols, "join_chat", { chatRoomId: unknownId }, "room_not_found");
  await refused(t, carols, "join_chat", { chatRoomId: "room" }, "invalid_request");
  await refused(t, carols, "join_chat", { chatRoomId: room, lastSeq: -1 }, "invalid_request");
  await refused(t, carols, "join_chat", { chatRoomId: room, lastSeq: "1" }, "invalid_request");
});

t.test("opening and leaving a room is announced once to the others in it", async (t) => {
  const { alice, bob, room, other, alices, bobs, carols } = await scene();
  const openings = () => alices.count("user_joined_chat", ({ userId }) => userId === bob.id);
  t.match(await done(bobs, "leave_chat", { chatRoomId: room }), { chatRoomId: room });
  t.match(await bobs.next("left_chat"), { chatRoomId: room });
  t.match(await alices.next("user_left_chat"), { chatRoomId: room, userId: bob.id });
  // The first one is announced only to those who were in the room before bob.
  const before = openings();
  bobs.socket.emit("join_chat", { chatRoomId: room });
  await eventually(() => openings() > before);
  await done(bobs, "join_chat", { chatRoomId: room });
  await fence(alice, room, alices, bobs);
  await fence(alice, other, carols);
  t.equal(openings(), before + 1);
  t.equal(alices.count("user_left_chat"), 1);
  t.equal(
    bobs.count("user_joined_chat", ({ userId }) => userId === bob.id),
    0,
    "not to oneself",
  );
  t.equal(
    carols.count("user_joined_chat", ({ chatRoomId }) => chatRoomId === room),
    0,
  );
});

t.test("after leave_chat no events of the room arrive, and joining again delivers what was missed", async (t) => {
  const { alice, bob, room, bobs } = await scene();
  const phone = await inRooms(bob, room);
  const { seq } = await done<{ seq: number }>(bobs, "join_chat", { chatRoomId: room });
  bobs.socket.emit("leave_chat", { chatRoomId: room });
  t.match(await bobs.next("left_chat"), { chatRoomId: room });
  await fence(alice, room, phone);
  await done(bobs, "get_online_users");
  t.equal(bobs.count("new_message"), 0);
  await refused(t, bobs, "typing_start", { chatRoomId: room }, "not_joined");
  await bobs.join(room, seq);
  t.equal(bobs.count("new_message"), 1);
});

t.test("leaving a room that was not joined succeeds; an invalid room id is refused", async (t) => {
  const { room, carols } = await scene();
  t.match(await done(carols, "leave_chat", { chatRoomId: room }), { chatRoomId: room });
  await refused(t, carols, "leave_chat", { chatRoomId: 7 }, "invalid_request");
  await refused(t, carols, "leave_chat", undefined, "invalid_request");
});

t.test("the start and end of typing are announced once to the others in the room", async (t) => {
  const { alice, bob, room, other, alices, bobs, carols } = await scene();
  const phone = await inRooms(bob, room);
  t.match(await done(bobs, "typing_start", { chatRoomId: room }), { chatRoomId: room });
  bobs.socket.emit("typing_start", { chatRoomId: room });
  t.match(await alices.next("user_typing"), { chatRoomId: room, userId: bob.id });
  t.match(await done(bobs, "typing_stop", { chatRoomId: room }), { chatRoomId: room });
  await alices.next("user_stop_typing");
  bobs.socket.emit("typing_stop", { chatRoomId: room });
  bobs.socket.emit("typing_start", { chatRoomId: room });
  await alices.next("user_typing");
  bobs.socket.emit("typing_stop", { chatRoomId: room });
  await alices.next("user_stop_typing");
  await fence(alice, room, bobs, phone);
  await fence(alice, other, carols);
  t.equal(alices.count("user_typing"), 2);
  t.equal(alices.count("user_stop_typing"), 2);
  for (const client of [bobs, phone, carols]) {
    t.equal(client.count("user_typing") + client.count("user_stop_typing"), 0, "neither oneself nor other rooms");
  }
});

t.test("typing ends by itself", async (t) => {
  const { bob, room, alices, bobs } = await scene();
  const before = Date.now();
  await done(bobs, "typing_start", { chatRoomId: room });
  t.match(await alices.next("user_stop_typing"), { chatRoomId: room, userId: bob.id });
  t.ok(Date.now() - before >= 5_500, "after six seconds, not at once");
  await done(bobs, "typing_start", { chatRoomId: room });
  await alices.next("user_typing");
  await alices.next("user_typing");
});

t.test("typing ends when the typing socket disconnects or leaves the room", async (t) => {
  const { bob, room, alices, bobs } = await scene();
  await done(bobs, "typing_start", { chatRoomId: room });
  await alices.next("user_typing");
  const before = Date.now();
  await done(bobs, "leave_chat", { chatRoomId: room });
  t.match(await alices.next("user_stop_typing"), { userId: bob.id });
  await bobs.join(room);
  await done(bobs, "typing_start", { chatRoomId: room });
  await alices.next("user_typing");
  bobs.close();
  t.match(await alices.next("user_stop_typing"), { userId: bob.id });
  t.ok(Date.now() - before < 5_500, "before it would have ended by itself");
  const again = await bob.connect();
  t.strictSame((await again.join(room)).typing, []);
});

t.test("typing ends with the typist's own message, for those who are there and those who join", async (t) => {
  const { bob, room, alice, alices, bobs } = await scene();
  for (const send of ["REST", "socket"]) {
    await done(bobs, "typing_start", { chatRoomId: room });
    await alices.next("user_typing", ({ userId }) => userId === bob.id);
    const before = Date.now();
    if (send === "REST") await post(bob, room, "sent");
    else await done(bobs, "send_message", { chatRoomId: room, content: "sent" });
    await alices.next("new_message", ({ message }) => message.sender._id === bob.id);
    await alices.next("user_stop_typing", ({ userId }) => userId === bob.id);
    t.ok(Date.now() - before < 5_500, "before it would have ended by itself");
    const late = await alice.connect();
    t.strictSame((await late.join(room)).typing, [], send);
  }
  t.equal(alices.count("user_typing"), alices.count("user_stop_typing"), "each was told once");
});

t.test("typing requires joining the room", async (t) => {
  const { room, carols } = await scene();
  for (const event of ["typing_start", "typing_stop"]) {
    await refused(t, carols, event, { chatRoomId: room }, "not_joined");
    await refused(t, carols, event, { chatRoomId: unknownId }, "not_joined");
    await refused(t, carols, event, {}, "invalid_request");
  }
});

t.test("an unknown event is refused", async (t) => {
  const { bobs } = await scene();
  for (const event of ["send", "new_message", "__proto__", "constructor", "toString", "ข้อความ"]) {
    await refused(t, bobs, event, {}, "unsupported_event");
  }
  t.equal(allOf(bobs, "error").length, 6);
});
