// Socket authentication: by event or handshake, what is refused, and what happens when the token expires.
import { eventually, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { done, inRooms, nextOf, openSocket } from "./socket-scene.js";

const system = await useSystem(t);

interface AuthError {
  code: string;
  message: string;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

t.test("the authenticate event signs in, and its acknowledgement says the same", async (t) => {
  const user = system.newUser("Nok");
  const socket = openSocket(t, system.url);
  const event = nextOf(socket, "authenticated");
  const answer = await socket.emitWithAck("authenticate", { token: user.token, userId: user.id });
  t.match(answer, { success: true, data: { userId: user.id, name: "Nok", expiresAt: /^\d{4}-.*Z$/ } });
  t.strictSame(await event, answer.data);
});

t.test("the userId next to the token may be omitted", async (t) => {
  const user = system.newUser();
  const socket = openSocket(t, system.url);
  t.match(await socket.emitWithAck("authenticate", { token: user.token }), {
    success: true,
    data: { userId: user.id },
  });
});

t.test("the handshake's auth signs in", async (t) => {
  const user = system.newUser();
  for (const auth of [{ token: user.token }, { token: user.token, userId: user.id }]) {
    const socket = openSocket(t, system.url, { auth });
    t.match(await nextOf(socket, "authenticated"), { userId: user.id });
    t.match(await socket.emitWithAck("get_online_users"), { success: true });
  }
});

t.test("a refused handshake is a connect_error, and no client comes back by itself with the same token", async (t) => {
  const user = system.newUser();
  const name = user.name;
  const cases: Array<[string, object, string]> = [
    ["another's userId", { token: user.token, userId: "somebody else" }, "user_mismatch"],
    ["garbage", { token: "nonsense" }, "invalid_token"],
    ["an ended token", { token: system.sign({ sub: user.id, name }, -10) }, "token_expired"],
    ["a number for the userId", { token: user.token, userId: 7 }, "invalid_request"],
  ];
  for (const transports of [["polling", "websocket"], ["websocket"]]) {
    for (const [what, refused, code] of cases) {
      let auth = refused;
      const options = { auth: (give: (auth: object) => void) => give(auth), reconnection: true, reconnectionDelay: 1 };
      const socket = openSocket(t, system.url, { ...options, transports, extraHeaders: { "accept-language": "en" } });
      let connects = 0;
      socket.on("connect", () => (connects += 1));
      const error = await nextOf<Error & { data: AuthError }>(socket, "connect_error");
      t.match(error, { message: /^[A-Z]/, data: { code, message: error.message } }, what);
      t.notOk(socket.active, "the client does not come back by itself");
      auth = { token: user.token };
      const authenticated = nextOf(socket, "authenticated");
      socket.connect();
      t.match(await authenticated, { userId: user.id }, "its app does, with a good token");
      t.equal(connects, 1);
    }
  }
});

t.test("a token whose end is beyond all dates signs in like any other", async (t) => {
  const { id } = system.newUser();
  const token = system.sign({ sub: id, exp: 9_999_999_999_999 });
  const handshake = openSocket(t, system.url, { auth: { token } });
  t.strictSame(await nextOf(handshake, "authenticated"), { userId: id, name: null, expiresAt: null });
  const socket = openSocket(t, system.url);
  t.match(await socket.emitWithAck("authenticate", { token }), { success: true, data: { expiresAt: null } });
  t.match(await socket.emitWithAck("get_online_users"), { success: true });
});

t.test("an invalid token causes auth_error and leaves the socket open", async (t) => {
  const user = system.newUser();
  const [header = "", body = "", signature = ""] = user.token.split(".");
  const other = signature.startsWith("A") ? "B" : "A";
  const unsigned = `${part({ alg: "none", typ: "JWT" })}.${part({ sub: user.id })}.`;
  const cases: Array<[string, unknown, string]> = [
    ["another's userId", { token: user.token, userId: "somebody else" }, "user_mismatch"],
    ["garbage", { token: "garbage", userId: user.id }, "invalid_token"],
    ["a wrong signature", { token: `${header}.${body}.${other}${signature.slice(1)}` }, "invalid_token"],
    [
      "another's claims under this signature",
      { token: `${header}.${part({ sub: "x" })}.${signature}` },
      "invalid_token",
    ],
    ["no algorithm", { token: unsigned }, "invalid_token"],
    ["no algorithm, but a signature", { token: unsigned + signature }, "invalid_token"],
    ["no user id", { token: system.sign({ name: "nobody" }) }, "invalid_token"],
    ["an ended token", { token: system.sign({ sub: user.id }, -10) }, "token_expired"],
    ["no token", { userId: user.id }, "invalid_request"],
    ["an empty token", { token: "" }, "invalid_request"],
    ["nothing", undefined, "invalid_request"],
  ];
  const socket = openSocket(t, system.url);
  for (const [what, payload, code] of cases) {
    const event = nextOf<AuthError>(socket, "auth_error");
    t.match(await socket.emitWithAck("authenticate", payload), { success: false, code, message: /./ }, what);
    t.match(await event, { code, message: /./ }, `${what}, as event`);
  }
  t.match(await socket.emitWithAck("authenticate", { token: user.token }), { success: true });
});

t.test("every other event before authentication is unauthorized", async (t) => {
  const socket = openSocket(t, system.url);
  const chatRoomId = "0123456789abcdef01234567";
  const messageId = chatRoomId;
  const events: Array<[string, object]> = [
    ["join_chat", { chatRoomId }],
    ["leave_chat", { chatRoomId }],
    ["send_message", { chatRoomId, content: "hello" }],
    ["typing_start", { chatRoomId }],
    ["typing_stop", { chatRoomId }],
    ["add_reaction", { messageId, emoji: "👍" }],
    ["delete_message", { messageId, deleteFor: "sender" }],
    ["edit_message", { messageId, newContent: "hello" }],
    ["mark_as_read", { chatRoomId }],
    ["update_status", { status: "away" }],
    ["get_online_users", {}],
  ];
  for (const [event, payload] of events) {
    t.match(await socket.emitWithAck(event, payload), { success: false, code: "unauthorized" }, event);
    const error = nextOf(socket, "error");
    socket.emit(event, payload);
    t.match(await error, { event, code: "unauthorized" }, `${event} without acknowledgement`);
  }
});

t.test("a socket cannot change its user", async (t) => {
  const [first, second] = [system.newUser(), system.newUser()];
  const client = await first.connect();
  t.match(await client.ask("authenticate", { token: second.token, userId: second.id }), { code: "user_mismatch" });
  const { userId } = await done<{ userId: string }>(client, "update_status", { status: "online" });
  t.equal(userId, first.id);
});

t.test("errors are in the client's language", async (t) => {
  const thai = openSocket(t, system.url);
  const english = openSocket(t, system.url, { extraHeaders: { "accept-language": "en" } });
  t.match(await thai.emitWithAck("authenticate", { token: "x" }), { message: /[ก-๙]/ });
  t.match(await english.emitWithAck("authenticate", { token: "x" }), { message: /token/ });
});

t.test("a socket that does not authenticate in time is notified and closed", async (t) => {
  const { id } = system.newUser();
  const silent = openSocket(t, system.url);
  const refused = openSocket(t, system.url);
  const ends = [silent, refused].map((socket) => nextOf<string>(socket, "disconnect"));
  await refused.emitWithAck("authenticate", { token: "nonsense", userId: id });
  const errors = [silent, refused].map((socket) => nextOf<AuthError>(socket, "auth_error"));
  for (const error of await Promise.all(errors)) t.match(error, { code: "authentication_timeout" });
  const [reason, refusedReason] = await Promise.all(ends);
  t.match(reason, /^transport/, "after which a client comes back by itself");
  t.equal(refusedReason, "io server disconnect", "but not one whose token was refused");
});

t.test("an expired token closes the socket with a notice; a fresh token before that extends it", async (t) => {
  const user = system.newUser();
  const short = () => system.sign({ sub: user.id, name: user.name }, 5);
  const extended = openSocket(t, system.url);
  await extended.emitWithAck("authenticate", { token: short() });
  const ending = openSocket(t, system.url);
  const end = Promise.all([nextOf<AuthError>(ending, "auth_error"), nextOf<string>(ending, "disconnect")]);
  await ending.emitWithAck("authenticate", { token: short() });
  t.match(await extended.emitWithAck("authenticate", { token: user.token }), { success: true });
  const [error, reason] = await end;
  t.match(error, { code: "token_expired" });
  t.not(reason, "io client disconnect");
  t.match(
    await extended.emitWithAck("get_online_users"),
    { success: true },
    "the extended socket outlived its first token",
  );
});

t.test("a socket closed when its token expired can reconnect with a fresh one and resume", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const { body } = await alice.post("/rooms", { type: "private", participants: [bob.id] });
  const roomId = body.chatRoom._id;
  const alices = await inRooms(alice, roomId);
  let token = system.sign({ sub: bob.id }, 5);
  const socket = openSocket(t, system.url, {
    auth: (give) => give({ token }),
    reconnection: true,
    reconnectionDelay: 20,
  });
  const ended = nextOf(socket, "auth_error");
  await nextOf(socket, "authenticated");
  const { data } = await socket.emitWithAck("join_chat", { chatRoomId: roomId });
  const back = nextOf<string>(socket, "disconnect").then(() => nextOf(socket, "authenticated"));
  await ended;
  token = bob.token;
  await done(alices, "send_message", { chatRoomId: roomId, content: "while you were away" });
  await back;
  const missed = nextOf<{ message: { content: string } }>(socket, "new_message");
  await socket.emitWithAck("join_chat", { chatRoomId: roomId, lastSeq: data.seq });
  t.match(await missed, { seq: data.seq + 1, message: { content: "while you were away" } });
  await eventually(() => socket.connected);
});
