// The events that write messages: send, edit, delete. Idempotent after REST, complete without it, with clear errors.
import { type Client, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { allOf, done, fence, inRooms, post, refused, unknownId } from "./socket-scene.js";

const system = await useSystem(t);

interface Sent {
  _id: string;
  seq: number;
  content: string;
}

/** Alice and bob in their room, and carol, who shares another one with alice. */
async function scene(): Promise<{
  alice: User;
  bob: User;
  carol: User;
  room: string;
  other: string;
  alices: Client;
  bobs: Client;
}> {
  const [alice, bob, carol] = [system.newUser(), system.newUser(), system.newUser()];
  const [room, other] = await Promise.all([groupRoom(alice, [bob]), privateRoom(alice, carol)]);
  const [alices, bobs] = await Promise.all([inRooms(alice, room), inRooms(bob, room)]);
  return { alice, bob, carol, room, other, alices, bobs };
}

const contents = (client: Client) => allOf(client, "new_message").map(({ message }) => message.content);

t.test("send_message for a message sent over REST returns it and announces nothing twice", async (t) => {
  const { alice, room, alices, bobs } = await scene();
  const messageId = await post(alice, room, "hello");
  const payload = { chatRoomId: room, messageId, type: "text", content: "hello" };
  t.equal((await done<Sent>(alices, "send_message", payload))._id, messageId);
  alices.socket.emit("send_message", payload);
  alices.socket.emit("send_message", { chatRoomId: room, messageId, type: "image" });
  await done(alices, "send_message", payload);
  await fence(alice, room, alices, bobs);
  t.strictSame([contents(alices), contents(bobs)], Array(2).fill(["hello", "fence"]));
});

t.test("send_message without a messageId sends, with and without an acknowledgement", async (t) => {
  const { alice, room, alices, bobs } = await scene();
  const sent = await done<Sent>(alices, "send_message", { chatRoomId: room, type: "text", content: "  acknowledged " });
  t.match(sent, { _id: /^[0-9a-f]{24}$/, chatRoom: room, content: "acknowledged", sender: { _id: alice.id } });
  alices.socket.emit("send_message", { chatRoomId: room, content: "not acknowledged" });
  await bobs.next("new_message", ({ message }) => message.content === "not acknowledged");
  await fence(alice, room, alices, bobs);
  t.strictSame([contents(alices), contents(bobs)], Array(2).fill(["acknowledged", "not acknowledged", "fence"]));
  const { body } = await alice.get(`/rooms/${room}/messages`);
  t.same(
    body.messages.map(({ content }) => content),
    contents(bobs),
    "what was told is what is stored",
  );
});

t.test("null in an optional field is as if it were absent", async (t) => {
  const { room, alices } = await scene();
  const absent = { replyTo: null, type: null, messageId: null, clientMessageId: null };
  const sent = await done<Sent>(alices, "send_message", {
    chatRoomId: room,
    content: "as Jackson writes it",
    ...absent,
  });
  t.match(sent, { content: "as Jackson writes it" });
  await done(alices, "edit_message", { chatRoomId: null, messageId: sent._id, newContent: "edited" });
  await done(alices, "mark_as_read", { chatRoomId: room, messageId: null });
  await refused(t, alices, "send_message", { chatRoomId: null, content: "x" }, "invalid_request");
});

t.test("a reply over the socket carries a preview", async (t) => {
  const { alice, room, alices, bobs } = await scene();
  const replyTo = await post(alice, room, "question");
  await done(alices, "send_message", { chatRoomId: room, content: "answer", replyTo });
  const { message } = await bobs.next("new_message", (one) => one.message.content === "answer");
  t.match(message, { replyTo, replyToMessage: { _id: replyTo, content: "question" } });
});

t.test(
  "repeats with one clientMessageId create one message, serially and concurrently, over socket and REST",
  async (t) => {
    const { alice, room, alices, bobs } = await scene();
    const payload = { chatRoomId: room, content: "once", clientMessageId: "c1" };
    const answers = await Promise.all(Array.from({ length: 10 }, () => done<Sent>(alices, "send_message", payload)));
    const again = await done<Sent>(alices, "send_message", payload);
    const { body } = await alice.post(`/rooms/${room}/messages`, { content: "once", clientMessageId: "c1" });
    t.equal(new Set([...answers, again, body.data].map(({ _id }) => _id)).size, 1);
    await fence(alice, room, alices, bobs);
    t.strictSame([contents(alices), contents(bobs)], Array(2).fill(["once", "fence"]));
  },
);

t.test("send_message is refused", async (t) => {
  const { alice, bob, carol, room, other, alices, bobs } = await scene();
  const carols = await carol.connect();
  const ofAlice = await post(alice, room, "mine");
  const elsewhere = await post(alice, other, "elsewhere");
  await done(alices, "send_message", { chatRoomId: room, content: "x", clientMessageId: "taken" });
  const cases: Array<[Client, object, string]> = [
    [carols, { chatRoomId: room, content: "hello" }, "not_a_participant"],
    [carols, { chatRoomId: room, messageId: ofAlice }, "message_not_found"],
    [alices, { chatRoomId: unknownId, content: "hello" }, "room_not_found"],
    [alices, { chatRoomId: room, messageId: unknownId, content: "hello" }, "message_not_found"],
    [bobs, { chatRoomId: room, messageId: ofAlice, content: "mine" }, "message_not_found"],
    [alices, { chatRoomId: room, messageId: elsewhere }, "message_not_found"],
    [alices, { chatRoomId: room, content: " \n\t " }, "empty_content"],
    [alices, { chatRoomId: room }, "empty_content"],
    [alices, { chatRoomId: room, content: "ก".repeat(10_001) }, "content_too_long"],
    [alices, { chatRoomId: room, type: "image", content: "hello" }, "invalid_request"],
    [alices, { chatRoomId: room, type: "system", content: "hello" }, "invalid_request"],
    [alices, { chatRoomId: room, content: "hello", replyTo: unknownId }, "reply_not_found"],
    [alices, { chatRoomId: room, content: "hello", replyTo: elsewhere }, "reply_not_found"],
    [alices, { chatRoomId: other, content: "x", clientMessageId: "taken" }, "idempotency_conflict"],
    [alices, { chatRoomId: "room", content: "hello" }, "invalid_request"],
    [alices, { content: "hello" }, "invalid_request"],
    [alices, { chatRoomId: room, content: "a\0b" }, "invalid_request"],
    [alices, { chatRoomId: room, content: 7 }, "invalid_request"],
  ];
  for (const [client, payload, code] of cases) await refused(t, client, "send_message", payload, code);
  await fence(bob, room, bobs);
  t.strictSame(contents(bobs), ["mine", "x", "fence"], "nothing of that was sent");
});

t.test("10,000 characters of any script arrive unchanged", async (t) => {
  const { room, alices, bobs } = await scene();
  for (const content of ["ก".repeat(10_000), "👩‍👩‍👧".repeat(2_000), "\u{10348}".repeat(10_000)]) {
    await done(alices, "send_message", { chatRoomId: room, content });
    const { message } = await bobs.next("new_message");
    t.ok(message.content === content);
  }
});

t.test("edit_message works with and without an acknowledgement, and notifies each socket once", async (t) => {
  const { alice, room, alices, bobs } = await scene();
  const messageId = await post(alice, room, "one");
  const edited = { messageId, chatRoomId: room, newContent: "two" };
  t.match(await done(alices, "edit_message", edited), { _id: messageId, content: "two", isEdited: true });
  await done(alices, "edit_message", edited);
  alices.socket.emit("edit_message", { ...edited, newContent: "three" });
  await bobs.next("message_edited", ({ newContent }) => newContent === "three");
  await alice.put(`/messages/${messageId}`, { content: "four" });
  await done(alices, "edit_message", { messageId, newContent: "four" });
  await fence(alice, room, alices, bobs);
  for (const client of [alices, bobs]) {
    const told = allOf(client, "message_edited");
    t.strictSame(
      told.map(({ newContent }) => newContent),
      ["two", "three", "four"],
    );
    t.match(told[2], { chatRoomId: room, messageId, message: { content: "four", editHistory: { length: 3 } } });
  }
});

t.test("edit_message is refused", async (t) => {
  const { alice, carol, room, other, alices, bobs } = await scene();
  const carols = await carol.connect();
  const messageId = await post(alice, room, "one");
  const deleted = await post(alice, room, "gone");
  await done(alices, "delete_message", { messageId: deleted, deleteFor: "everyone" });
  const cases: Array<[Client, object, string]> = [
    [bobs, { messageId, newContent: "two" }, "not_message_sender"],
    [carols, { messageId, newContent: "two" }, "message_not_found"],
    [alices, { messageId: unknownId, newContent: "two" }, "message_not_found"],
    [alices, { messageId, chatRoomId: other, newContent: "two" }, "message_not_found"],
    [alices, { messageId: deleted, newContent: "two" }, "not_editable"],
    [alices, { messageId, newContent: "  " }, "empty_content"],
    [alices, { messageId, newContent: "x".repeat(10_001) }, "content_too_long"],
    [alices, { messageId }, "invalid_request"],
    [alices, { messageId: "one", newContent: "two" }, "invalid_request"],
  ];
  for (const [client, payload, code] of cases) await refused(t, client, "edit_message", payload, code);
  await fence(alice, room, bobs);
  t.equal(bobs.count("message_edited"), 0);
});

t.test("delete_message for everyone empties the message for all, with one event", async (t) => {
  const { alice, bob, room, alices, bobs } = await scene();
  const messageId = await post(alice, room, "regret");
  const payload = { messageId, chatRoomId: room, deleteFor: "everyone" };
  t.strictSame(await done(alices, "delete_message", payload), { messageId, deleteFor: "everyone" });
  alices.socket.emit("delete_message", payload);
  await done(alices, "delete_message", payload);
  await fence(alice, room, alices, bobs);
  for (const client of [alices, bobs]) {
    const told = allOf(client, "message_deleted");
    t.equal(told.length, 1);
    t.match(told[0], { chatRoomId: room, messageId, deleteFor: "everyone", deletedBy: alice.id, seq: Number });
  }
  const { body } = await bob.get(`/rooms/${room}/messages`);
  t.match(body.messages[0], { _id: messageId, isDeleted: true, content: null });
});

t.test("a room admin can delete another's message for everyone, without an acknowledgement", async (t) => {
  const { alice, bob, room, alices, bobs } = await scene();
  const messageId = await post(bob, room, "rude");
  alices.socket.emit("delete_message", { messageId, chatRoomId: room, deleteFor: "everyone" });
  t.match(await bobs.next("message_deleted"), { messageId, deletedBy: alice.id });
});

t.test("delete_message for the sender reaches only that user's own devices", async (t) => {
  const { alice, bob, room, alices, bobs } = await scene();
  const phone = await bob.connect();
  const messageId = await post(alice, room, "not for bob's eyes");
  const payload = { messageId, chatRoomId: room, deleteFor: "sender" };
  t.strictSame(await done(bobs, "delete_message", payload), { messageId, deleteFor: "sender" });
  t.match(await phone.next("message_deleted"), { messageId, chatRoomId: room, deleteFor: "sender", deletedBy: bob.id });
  await done(bobs, "delete_message", { messageId, deleteFor: "sender" });
  await fence(alice, room, alices, bobs);
  await done(phone, "get_online_users");
  t.equal(phone.count("message_deleted"), 1, "once, in a room or not");
  t.equal(alices.count("message_deleted"), 0, "the others never learn of it");
  const [mine, theirs] = await Promise.all([bob, alice].map((user) => user.get(`/rooms/${room}/messages`)));
  t.equal(mine?.body.messages.length, 1);
  t.equal(theirs?.body.messages.length, 2);
});

t.test("delete_message is refused", async (t) => {
  const { alice, bob, carol, room, other, alices, bobs } = await scene();
  const carols = await carol.connect();
  const messageId = await post(alice, room, "stays");
  await bob.post(`/rooms/${room}/leave`);
  await bob.post(`/rooms/${room}/join`);
  await done(bobs, "join_chat", { chatRoomId: room });
  const { body } = await alice.get(`/rooms/${room}/messages`);
  const system = body.messages.find(({ type }) => type === "system")?._id;
  const cases: Array<[Client, object, string]> = [
    [bobs, { messageId, deleteFor: "everyone" }, "not_message_sender"],
    [carols, { messageId, deleteFor: "everyone" }, "message_not_found"],
    [carols, { messageId, deleteFor: "sender" }, "message_not_found"],
    [alices, { messageId: unknownId, deleteFor: "everyone" }, "message_not_found"],
    [alices, { messageId, chatRoomId: other, deleteFor: "everyone" }, "message_not_found"],
    [alices, { messageId, chatRoomId: other, deleteFor: "sender" }, "message_not_found"],
    [alices, { messageId: system, deleteFor: "everyone" }, "forbidden"],
    [alices, { messageId, deleteFor: "nobody" }, "invalid_request"],
    [alices, { deleteFor: "everyone" }, "invalid_request"],
    [alices, { messageId }, "invalid_request"],
  ];
  for (const [client, payload, code] of cases) await refused(t, client, "delete_message", payload, code);
  await fence(alice, room, bobs);
  t.equal(bobs.count("message_deleted") + alices.count("message_deleted"), 0);
});
