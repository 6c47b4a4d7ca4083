// The same events over a plain WebSocket at /ws, as JSON text.
import { closeCodes } from "@khui/contracts";
import { privateRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { openBare } from "./plain-client.js";
import { fence, inRooms, range, unknownId } from "./socket-scene.js";

const system = await useSystem(t);

t.test("a plain socket can authenticate, join, send and receive, with replies matched by id", async (t) => {
  const [alice, bob] = [system.newUser("Alice"), system.newUser()];
  const room = await privateRoom(alice, bob);
  const bobs = await inRooms(bob, room);
  const plain = await openBare(t, system.url, "/ws");
  t.match(await plain.ask("get_online_users"), { success: false, code: "unauthorized" });
  t.match(await plain.ask("authenticate", { token: "x" }), { success: false, code: "invalid_token" });
  t.match(await plain.ask("authenticate", { token: alice.token, userId: alice.id }), {
    success: true,
    data: { userId: alice.id },
  });
  await plain.frame(({ event, data }) => event === "authenticated" && data?.userId === alice.id);
  t.match(await plain.ask("join_chat", { chatRoomId: room }), { success: true, data: { chatRoomId: room, seq: 0 } });
  t.match(await plain.ask("send_message", { chatRoomId: room, content: "สวัสดี" }), {
    success: true,
    data: { content: "สวัสดี" },
  });
  t.match(await bobs.next("new_message"), { message: { content: "สวัสดี", sender: { name: "Alice" } } });
  bobs.socket.emit("typing_start", { chatRoomId: room });
  t.match(await plain.frame(({ event }) => event === "user_typing"), { data: { userId: bob.id } });
  await bob.post(`/rooms/${room}/messages`, { content: "back" });
  t.match(await plain.frame(({ event, data }) => event === "new_message" && data?.seq === 2), {
    data: { chatRoomId: room, message: { content: "back" } },
  });
});

t.test("without an id, failures cause error events and successes no reply", async (t) => {
  const user = system.newUser();
  const plain = await openBare(t, system.url, "/ws");
  await plain.ask("authenticate", { token: user.token });
  plain.socket.send(JSON.stringify({ event: "join_chat", data: { chatRoomId: unknownId } }));
  t.match(await plain.frame(({ event }) => event === "error"), {
    data: { event: "join_chat", code: "room_not_found" },
  });
  plain.socket.send(JSON.stringify({ event: "update_status", data: { status: "away" } }));
  await plain.ask("get_online_users");
  t.equal(plain.texts.filter((text) => text.includes("update_status")).length, 0);
});

t.test("string ids are returned unchanged", async (t) => {
  const plain = await openBare(t, system.url, "/ws");
  plain.socket.send(JSON.stringify({ event: "nonsense", id: "ก-1" }));
  t.match(await plain.frame(({ reply }) => reply === "ก-1"), { success: false, code: "unsupported_event" });
});

t.test("a plain socket resumes exactly from lastSeq", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  for (const n of range(1, 8)) await alice.post(`/rooms/${room}/messages`, { content: `${n}` });
  const plain = await openBare(t, system.url, "/ws");
  await plain.ask("authenticate", { token: bob.token });
  t.match(await plain.ask("join_chat", { chatRoomId: room, lastSeq: 3 }), { success: true, data: { seq: 8 } });
  const alices = await inRooms(alice, room);
  await fence(alice, room, alices);
  await plain.frame(({ event, data }) => event === "new_message" && data?.seq === 9);
  const seqs = plain.texts.map((text) => JSON.parse(text)).filter(({ event }) => event === "new_message");
  t.strictSame(
    seqs.map(({ data }) => data.seq),
    range(4, 9),
  );
});

t.test("bad frames cause errors, and a peer that sends nothing else is closed", async (t) => {
  const plain = await openBare(t, system.url, "/ws");
  const bad = ["nonsense", "7", "null", "[]", "{}", '{"event":7}', '{"event":""}', '{"event":"x","id":{}}'];
  for (const text of bad) plain.socket.send(text);
  await plain.frame(() => plain.texts.length === bad.length);
  for (const text of plain.texts)
    t.match(JSON.parse(text), { event: "error", data: { code: "bad_frame", message: /./ } });
  const user = system.newUser();
  t.match(await plain.ask("authenticate", { token: user.token }), { success: true }, "a few are forgiven");
  plain.socket.send("nonsense");
  plain.socket.send("nonsense");
  t.equal(await plain.closed(), closeCodes.protocol_error.code);
});

t.test("binary and oversized frames close the socket with WebSocket's own codes", async (t) => {
  const binary = await openBare(t, system.url, "/ws");
  binary.socket.send(Buffer.from([1, 2, 3]));
  t.equal(await binary.closed(), 1003);
  const large = await openBare(t, system.url, "/ws");
  large.socket.send(JSON.stringify({ event: "send_message", data: "x".repeat(1_000_000) }));
  t.equal(await large.closed(), 1009);
});

t.test("a plain socket is closed with a code and a reason", async (t) => {
  const user = system.newUser();
  const silent = await openBare(t, system.url, "/ws");
  const refused = await openBare(t, system.url, "/ws");
  t.match(await refused.ask("authenticate", { token: "nonsense" }), { success: false, code: "invalid_token" });
  const ending = await openBare(t, system.url, "/ws");
  await ending.ask("authenticate", { token: system.sign({ sub: user.id }, 5) });
  t.equal(await ending.closed(), closeCodes.token_expired.code);
  t.match(await ending.frame(({ event }) => event === "auth_error"), { data: { code: "token_expired" } });
  t.equal(await silent.closed(), closeCodes.authentication_timeout.code);
  t.match(await silent.frame(({ event }) => event === "auth_error"), { data: { code: "authentication_timeout" } });
  t.equal(
    await refused.closed(),
    closeCodes.authentication_failed.code,
    "a client must not come back with the same token",
  );
});
