// What test files are given: a system, people, and sockets that remember.
import { t, test } from "tap";
import { eventually, groupRoom, privateRoom, useSystem } from "../src/system.js";

const system = await useSystem(t);

test("two people talk over REST and sockets", async (t) => {
  const [alice, bob] = [system.newUser("Alice"), system.newUser("Bob")];
  const roomId = await privateRoom(alice, bob);
  const client = await bob.connect();
  const joined = await client.join(roomId);
  t.equal(joined.chatRoomId, roomId);
  const { status, body } = await alice.post(`/rooms/${roomId}/messages`, { type: "text", content: "hello" });
  t.equal(status, 201);
  const { message } = await client.next("new_message", (event) => event.message._id === body.data._id);
  t.equal(message.sender.name, "Alice");
  t.equal(client.count("new_message"), 1);
  t.same((await alice.get(`/rooms/${roomId}/messages`)).body.messages.length, 1);
});

test("an event is handed out once, and one that came before it was asked for is not lost", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(alice, [bob]);
  const client = await bob.connect({ transports: ["websocket"] });
  await client.join(roomId);
  for (const content of ["one", "two"]) await alice.post(`/rooms/${roomId}/messages`, { content });
  await eventually(() => client.count("new_message") === 2);
  const said = [await client.next("new_message"), await client.next("new_message")].map((e) => e.message.content);
  t.same(said, ["one", "two"]);
});

test("a refused token and a refused room are errors", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser("Expired", { exp: 1 })];
  await t.rejects(bob.connect(), { cause: { message: "not authenticated: token_expired" } });
  const client = await alice.connect();
  await t.rejects(client.join("0".repeat(24)), { message: "join_chat was refused: room_not_found" });
  t.equal((await bob.get("/rooms")).status, 401);
});

test("a condition that never holds ends with its own failure", async (t) => {
  const never = () => {
    throw new Error("not yet");
  };
  await t.rejects(eventually(never, 50), { message: "not yet" });
  await t.rejects(
    eventually(() => false, 50),
    { message: "still false after 50 ms" },
  );
});
