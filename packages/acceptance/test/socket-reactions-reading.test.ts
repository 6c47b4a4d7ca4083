// The events for reactions and read positions, and how they reach the room.
import { type Client, eventually, groupRoom, privateRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { allOf, done, fence, inRooms, post, refused, unknownId } from "./socket-scene.js";

const system = await useSystem(t);

async function scene() {
  const [alice, bob, carol] = [system.newUser(), system.newUser(), system.newUser()];
  const [room, other] = await Promise.all([groupRoom(alice, [bob]), privateRoom(alice, carol)]);
  const [alices, bobs] = await Promise.all([inRooms(alice, room), inRooms(bob, room)]);
  return { alice, bob, carol, room, other, alices, bobs };
}

t.test("add_reaction adds or replaces a reaction, and announces nothing twice after REST", async (t) => {
  const { alice, bob, room, alices, bobs } = await scene();
  const messageId = await post(alice, room, "nice");
  const like = { messageId, emoji: "👍", reactionType: "like", chatRoomId: room };
  await bob.post(`/messages/${messageId}/reactions`, { emoji: "👍", reactionType: "like" });
  t.match(await done(bobs, "add_reaction", like), {
    messageId,
    action: null,
    reactions: [{ userId: bob.id, emoji: "👍" }],
  });
  bobs.socket.emit("add_reaction", like);
  t.match(await done(bobs, "add_reaction", { messageId, emoji: "😂", reactionType: "haha" }), { action: "changed" });
  alices.socket.emit("add_reaction", { messageId, emoji: "❤️", chatRoomId: room });
  await bobs.next("reaction_updated", ({ userId }) => userId === alice.id);
  await bob.delete(`/messages/${messageId}/reactions`);
  await fence(alice, room, alices, bobs);
  for (const client of [alices, bobs]) {
    const told = allOf(client, "reaction_updated");
    t.strictSame(
      told.map(({ userId, emoji, reactionType, action }) => [userId, emoji, reactionType, action]),
      [
        [bob.id, "👍", "like", "added"],
        [bob.id, "😂", "haha", "changed"],
        [alice.id, "❤️", null, "added"],
        [bob.id, null, null, "removed"],
      ],
    );
    t.match(told[3], { chatRoomId: room, messageId, reactions: [{ userId: alice.id, emoji: "❤️" }] });
    t.equal(told[3]?.reactions.length, 1);
  }
});

t.test("add_reaction is refused", async (t) => {
  const { alice, carol, room, other, alices, bobs } = await scene();
  const carols = await carol.connect();
  const messageId = await post(alice, room, "react to this");
  const deleted = await post(alice, room, "or not");
  await alice.delete(`/messages/${deleted}`, { deleteFor: "everyone" });
  const cases: Array<[Client, object, string]> = [
    [bobs, { messageId, emoji: "x" }, "invalid_emoji"],
    [bobs, { messageId, emoji: "👍👍" }, "invalid_emoji"],
    [bobs, { messageId, emoji: "👍a" }, "invalid_emoji"],
    [bobs, { messageId, emoji: "7" }, "invalid_emoji"],
    [bobs, { messageId, emoji: "" }, "invalid_request"],
    [bobs, { messageId }, "invalid_request"],
    [bobs, { messageId, emoji: "👍", reactionType: "meh" }, "invalid_request"],
    [bobs, { messageId: unknownId, emoji: "👍" }, "message_not_found"],
    [bobs, { messageId: deleted, emoji: "👍" }, "message_not_found"],
    [carols, { messageId, emoji: "👍" }, "message_not_found"],
    [alices, { messageId, emoji: "👍", chatRoomId: other }, "message_not_found"],
  ];
  for (const [client, payload, code] of cases) await refused(t, client, "add_reaction", payload, code);
  await alice.put(`/rooms/${room}/settings`, { settings: { allowReactions: false } });
  await refused(t, bobs, "add_reaction", { messageId, emoji: "👍" }, "reactions_not_allowed");
  await fence(alice, room, bobs);
  t.equal(bobs.count("reaction_updated"), 0);
});

t.test("mark_as_read notifies the room once, and going back changes nothing", async (t) => {
  const { alice, bob, room, alices, bobs } = await scene();
  const first = await post(alice, room, "one");
  const second = await post(alice, room, "two");
  t.match(await done(bobs, "mark_as_read", { chatRoomId: room, messageId: first }), {
    lastReadMessage: first,
    readSeq: 1,
  });
  bobs.socket.emit("mark_as_read", { chatRoomId: room });
  await alices.next("message_read", ({ readSeq }) => readSeq === 2);
  t.match(await done(bobs, "mark_as_read", { chatRoomId: room, messageId: first }), {
    lastReadMessage: second,
    readSeq: 2,
  });
  await bob.post(`/rooms/${room}/read`);
  await post(alice, room, "three");
  await done(bobs, "mark_as_read", { chatRoomId: room });
  for (const client of [alices, bobs]) {
    await client.next("message_read", ({ readSeq }) => readSeq === 3);
    const told = allOf(client, "message_read");
    t.strictSame(
      told.map(({ userId, readSeq }) => [userId, readSeq]),
      [1, 2, 3].map((seq) => [bob.id, seq]),
    );
    t.match(told[1], { chatRoomId: room, lastReadMessage: second, timestamp: /Z$/ });
  }
  const { body } = await bob.get(`/rooms/${room}`);
  t.equal(body.chatRoom.unreadCount, 0);
});

t.test("when many read within a second, one event names them all, and each reader's devices are told", async (t) => {
  const readers = Array.from({ length: 12 }, () => system.newUser());
  const alice = system.newUser();
  const room = await groupRoom(alice, readers);
  const alices = await inRooms(alice, room);
  const devices = await Promise.all(readers.map((reader) => inRooms(reader, room)));
  const messageId = await post(alice, room, "read this");
  await Promise.all(devices.map((device) => done(device, "mark_as_read", { chatRoomId: room })));
  const named = () => allOf(alices, "message_read").flatMap(({ readers, ...one }) => readers ?? [one]);
  await eventually(() => new Set(named().map(({ userId }) => userId)).size === readers.length);
  t.strictSame(
    named()
      .map(({ userId }) => userId)
      .sort(),
    readers.map(({ id }) => id).sort(),
    "each once",
  );
  for (const told of named()) t.match(told, { lastReadMessage: messageId, readSeq: 1, timestamp: /Z$/ });
  for (const [n, device] of devices.entries())
    t.match(await device.next("message_read", ({ userId }) => userId === readers[n]?.id), { readSeq: 1 });
});

t.test("mark_as_read is refused", async (t) => {
  const { alice, carol, room, other, alices, bobs } = await scene();
  const carols = await carol.connect();
  const elsewhere = await post(alice, other, "elsewhere");
  const cases: Array<[Client, object, string]> = [
    [carols, { chatRoomId: room }, "not_a_participant"],
    [bobs, { chatRoomId: unknownId }, "room_not_found"],
    [bobs, { chatRoomId: room, messageId: unknownId }, "message_not_found"],
    [alices, { chatRoomId: room, messageId: elsewhere }, "message_not_found"],
    [bobs, { chatRoomId: room, messageId: "first" }, "invalid_request"],
    [bobs, {}, "invalid_request"],
  ];
  for (const [client, payload, code] of cases) await refused(t, client, "mark_as_read", payload, code);
});

t.test("a message that reached another's socket is announced as delivered, only in the room", async (t) => {
  const { alice, bob, carol, room, other, alices } = await scene();
  const carols = await inRooms(carol, other);
  const { body } = await alice.post(`/rooms/${room}/messages`, { content: "hello" });
  const { seq } = body.data;
  const told = await alices.next(
    "message_delivered",
    ({ userId, deliveredSeq }) => userId === bob.id && deliveredSeq >= seq,
  );
  t.match(told, { chatRoomId: room, timestamp: /Z$/ });
  const page = await alice.get(`/rooms/${room}/messages`);
  t.equal(page.body.messages.at(-1)?.status, "delivered");
  await fence(alice, other, carols);
  t.equal(
    carols.count("message_delivered", ({ chatRoomId }) => chatRoomId === room),
    0,
  );
});
