// Who gets a room's events and who does not: every device in the room, each event once, in the order of the log.
import { type Client, groupRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { fence, inRooms, logOf, post, range } from "./socket-scene.js";

const system = await useSystem(t);

t.test("each kind of log event reaches every device in the room once, in order, and nobody else", async (t) => {
  const [alice, bob, carol, dave] = [system.newUser(), system.newUser(), system.newUser(), system.newUser()];
  const room = await groupRoom(alice, [bob, carol]);
  const other = await groupRoom(alice, [bob, carol, dave]);
  const inside = await Promise.all([alice, alice, bob, bob, carol].map((user) => inRooms(user, room, other)));
  // Carol's second device has not opened the room; dave is no member of it.
  const outside = await Promise.all([carol, dave].map((user) => inRooms(user, other)));

  const first = await post(alice, room, "one");
  const second = await post(bob, room, "two");
  await bob.put(`/messages/${second}`, { content: "two, edited" });
  await carol.post(`/messages/${first}/reactions`, { emoji: "👍" });
  await carol.delete(`/messages/${first}/reactions`);
  await alice.delete(`/messages/${first}`, { deleteFor: "everyone" });
  await alice.put(`/rooms/${room}/settings`, { name: "Renamed" });
  await dave.post(`/rooms/${room}/join`);
  await dave.post(`/rooms/${room}/leave`);
  await alice.post(`/messages/${second}/forward`, { chatRoomIds: [room] });
  const head = await fence(alice, room, ...inside);
  await fence(alice, other, ...inside, ...outside);

  const expected = [
    "new_message",
    "new_message",
    "message_edited",
    "reaction_updated",
    "reaction_updated",
    "message_deleted",
    "new_message",
    "room_updated",
    "new_message",
    "user_joined_chat",
    "new_message",
    "user_left_chat",
    "new_message",
    "new_message",
  ];
  t.equal(head, expected.length);
  for (const client of inside) {
    t.strictSame(logOf(client, room), range(1, head), "every number once, in order");
    t.strictSame(logNames(client, room), expected);
  }
  for (const client of outside) t.strictSame(logOf(client, room), [], "not a member, or not in the room");
  for (const client of [...inside, ...outside]) t.strictSame(logOf(client, other), [1]);
});

t.test("an event shows a message as a fresh fetch does", async (t) => {
  const [alice, bob] = [system.newUser("อลิซ"), system.newUser()];
  const room = await groupRoom(alice, [bob]);
  const bobs = await inRooms(bob, room);
  const original = await post(alice, room, "สวัสดี");
  await alice.post(`/rooms/${room}/messages`, { content: "reply", replyTo: original, clientMessageId: "c1" });
  await fence(alice, room, bobs);
  const { body } = await bob.get(`/rooms/${room}/messages`);
  const told = bobs.events.flatMap(({ event, payload }) => (event === "new_message" ? [payload.message] : []));
  t.strictSame(told, body.messages);
  t.match(told[0], { sender: { _id: alice.id, name: "อลิซ" } });
});

t.test("with many concurrent senders everyone sees the same order", async (t) => {
  const users = Array.from({ length: 6 }, () => system.newUser());
  const [admin, ...others] = users;
  const room = await groupRoom(admin!, others);
  const clients = await Promise.all(users.map((user) => inRooms(user, room)));
  const bySocket = (client: Client, i: number) => {
    for (let n = 0; n < 10; n++) client.socket.emit("send_message", { chatRoomId: room, content: `${i}: ${n}` });
  };
  clients.forEach(bySocket);
  await Promise.all(users.flatMap((user) => [post(user, room, "rest"), post(user, room, "rest")]));
  for (const client of clients) await client.next("new_message", ({ seq }) => seq === 72);
  const [reference] = clients;
  const contents = (client: Client) =>
    client.events.flatMap(({ event, payload }) => (event === "new_message" ? [payload.message.content] : []));
  for (const client of clients) {
    t.strictSame(logOf(client, room), range(1, 72));
    t.strictSame(contents(client), contents(reference!));
  }
  for (const i of users.keys()) {
    const own = contents(reference!).filter((content) => content?.startsWith(`${i}: `));
    t.strictSame(
      own,
      range(0, 9).map((n) => `${i}: ${n}`),
      "one socket's messages keep their order",
    );
  }
});

function logNames(client: Client, roomId: string): string[] {
  return client.events.flatMap(({ event, payload }) => {
    const { chatRoomId, seq } = payload as { chatRoomId?: string; seq?: number };
    return chatRoomId === roomId && typeof seq === "number" && event !== "joined_chat" ? [event] : [];
  });
}
