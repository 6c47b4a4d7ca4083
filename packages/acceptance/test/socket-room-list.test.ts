// The live room list: messages in rooms that a socket has not joined arrive as chat_updated.
import { type Client, eventually, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { allOf, post } from "./socket-scene.js";

const system = await useSystem(t);

/** Two users in a room; Bob is connected and watches it, but has not joined. */
async function scene() {
  const [alice, bob] = [system.newUser("Alice"), system.newUser("Bob")];
  const room = await groupRoom(alice, [bob]);
  const bobs = await bob.connect();
  // Watching begins a moment after `authenticated`.
  await eventually(async () => {
    await post(alice, room, "are you there?");
    return bobs.count("chat_updated") > 0;
  });
  return { alice, bob, room, bobs };
}

/** Resolves when a message arrives: a gateway learns of a room a moment before it subscribes to it. */
async function toldOf(client: Client, sender: User, room: string): Promise<void> {
  const sent = new Set<string>();
  await eventually(async () => {
    sent.add(await post(sender, room, "hello"));
    return client.count("chat_updated", ({ message }) => sent.has(message._id)) > 0;
  });
}

t.test("a message in a room that is not open causes one complete chat_updated", async (t) => {
  const { alice, room, bobs } = await scene();
  const messageId = await post(alice, room, "สวัสดี");
  const { chatRoomId, seq, message } = await bobs.next("chat_updated", (told) => told.message._id === messageId);
  t.match({ chatRoomId, message }, { chatRoomId: room, message: { seq, content: "สวัสดี", sender: { name: "Alice" } } });
  const last = await post(alice, room, "after");
  await bobs.next("chat_updated", (told) => told.message._id === last);
  const numbers = allOf(bobs, "chat_updated").map((told) => told.seq);
  t.same(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    "each once and in order",
  );
  t.equal(bobs.count("new_message"), 0);
});

t.test("a joined socket gets only new_message; the user's other one keeps getting chat_updated", async (t) => {
  const { alice, bob, room, bobs } = await scene();
  const phone = await bob.connect();
  await phone.join(room);
  const messageId = await post(alice, room, "for both");
  await phone.next("new_message", ({ message }) => message._id === messageId);
  await bobs.next("chat_updated", ({ message }) => message._id === messageId);
  t.equal(
    phone.count("chat_updated", ({ message }) => message._id === messageId),
    0,
  );
  await phone.ask("leave_chat", { chatRoomId: room });
  const next = await post(alice, room, "closed again");
  await phone.next("chat_updated", ({ message }) => message._id === next);
});

t.test("a room created while connected is watched at once", async () => {
  const { alice, bob, bobs } = await scene();
  const carol = system.newUser("Carol");
  for (const room of [await privateRoom(carol, bob), await groupRoom(alice, [carol, bob])]) {
    await toldOf(bobs, carol, room);
  }
});

t.test("a user who joins a group over REST watches it, and stops after leaving", async (t) => {
  const { alice, bob, bobs } = await scene();
  const room = await groupRoom(alice, []);
  await bob.post(`/rooms/${room}/join`);
  await toldOf(bobs, alice, room);
  await bob.post(`/rooms/${room}/leave`);
  const secret = await post(alice, room, "now that he is gone");
  const other = await privateRoom(alice, bob);
  const mark = await post(alice, other, "still there?");
  await bobs.next("chat_updated", ({ message }) => message._id === mark);
  await post(alice, room, "one more");
  const told = allOf(bobs, "chat_updated").map(({ message }) => message._id);
  t.notOk(told.includes(secret));
});
