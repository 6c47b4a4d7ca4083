// User ids may be any text: none gives access to another user's events, breaks a subject or key, or is altered.
import { type Client, eventually, groupRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { done, fence, inRooms, nextOf, openSocket, post } from "./socket-scene.js";

const system = await useSystem(t);
const unique = `${process.pid}-${Date.now()}`;

/** Ids that a subject, a key or a comparison could confuse with each other. */
const ids = [
  `a.b.${unique}`,
  `a b ${unique}`,
  `*.${unique}`,
  `>${unique}`,
  `khui.user.*.${unique}`,
  `${unique}:held:user`,
  `{${unique}}`,
  `__proto__${unique}`,
  `' OR 1=1 -- ${unique}`,
  `สมชาย 😀 ${unique}`,
  `é${unique}`,
  `e\u0301${unique}`,
  `A${unique}`,
  `a${unique}`,
  "x".repeat(128 - unique.length) + unique,
];

t.test("users with any id can meet in a room, and each receives only their own events", async (t) => {
  const [owner, watcher] = [system.newUser(), system.newUser()];
  const room = await groupRoom(owner, [watcher]);
  const client: Client = await inRooms(watcher, room);
  const people = await Promise.all(
    ids.map(async (id) => {
      const token = system.sign({ sub: id });
      const authorization = `Bearer ${token}`;
      const joined = await fetch(`${system.url}/api/v1/chat/rooms/${room}/join`, {
        method: "POST",
        headers: { authorization },
      });
      t.equal(joined.status, 200, `${id} joins`);
      const socket = openSocket(t, system.url, { auth: { token, userId: id } });
      t.match(await nextOf(socket, "authenticated"), { userId: id });
      const told: Array<{ event: string; messageId: string }> = [];
      socket.on("message_deleted", ({ messageId }) => told.push({ event: "message_deleted", messageId }));
      t.match(await socket.emitWithAck("join_chat", { chatRoomId: room }), { success: true });
      return { id, socket, told };
    }),
  );
  for (const { id, socket } of people) {
    await socket.emitWithAck("typing_start", { chatRoomId: room });
    await client.next("user_typing", ({ userId }) => userId === id);
  }
  t.pass("each is seen typing under their own id");
  // Presence arrives a little later.
  await eventually(async () => {
    const online = await done<Array<{ userId: string }>>(client, "get_online_users");
    return ids.every((id) => online.some(({ userId }) => userId === id));
  });

  const hidden = new Map<string, string>();
  for (const { id, socket } of people) {
    const messageId = await post(owner, room, `for ${id}`);
    hidden.set(id, messageId);
    t.match(await socket.emitWithAck("delete_message", { messageId, deleteFor: "sender" }), { success: true }, id);
  }
  await eventually(() => people.every(({ told }) => told.length > 0));
  await fence(owner, room, client);
  for (const { id, told } of people) {
    t.strictSame(
      told,
      [{ event: "message_deleted", messageId: hidden.get(id) }],
      `${id} hears of their own hiding alone`,
    );
  }
  t.equal(client.count("message_deleted"), 0);
});

t.test("an invalid user id cannot authenticate", async (t) => {
  for (const sub of ["", "x".repeat(129), { id: "x" }, ["x"], null]) {
    const socket = openSocket(t, system.url);
    t.match(
      await socket.emitWithAck("authenticate", { token: system.sign({ sub }) }),
      { success: false, code: "invalid_token" },
      JSON.stringify(sub).slice(0, 30),
    );
  }
});
