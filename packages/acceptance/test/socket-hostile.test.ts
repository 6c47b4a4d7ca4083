// Hostile input: it is refused or the socket is closed, and other clients are not affected.
import { clientEvents, closeCodes } from "@khui/contracts";
import { type Client, eventually, privateRoom, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { type Bare, openBare } from "./plain-client.js";
import { done, fence, inRooms, logOf, nextOf, openSocket, range } from "./socket-scene.js";

const system = await useSystem(t);

const [good, peer] = [system.newUser(), system.newUser()];
const room = await privateRoom(good, peer);
const bystander = await inRooms(good, room);
let drops = 0;
bystander.socket.on("disconnect", () => drops++);

/** The bystander still receives each message once, and nothing else. */
async function unnoticed(t: Test) {
  const head = await fence(peer, room, bystander);
  t.strictSame(logOf(bystander, room), range(1, head));
  t.equal(bystander.count("error") + drops, 0);
}

const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const fits = { chatRoomId: room, messageId: "0123456789abcdef01234567" };

/** Payloads that are invalid for every event, with a description. */
const payloads: Array<[string, unknown]> = [
  ["null", null],
  ["a number", 7],
  ["a string", "room"],
  ["a boolean", true],
  ["an array", [fits]],
  ["an empty object", {}],
  ["a long string", "ก".repeat(60_000)],
  ["numbers for ids", { chatRoomId: 7, messageId: 7, token: 7, status: 7 }],
  ["objects for ids", { chatRoomId: { $ne: null }, messageId: { $gt: "" }, token: {}, status: {} }],
  ["a long id", { chatRoomId: "0".repeat(60_000), messageId: "0".repeat(60_000), status: "x".repeat(60_000) }],
  ["SQL for ids", { chatRoomId: "' OR 1=1 --", messageId: "' OR 1=1 --", status: "'" }],
  ["subjects for ids", { chatRoomId: "khui.>", messageId: "*", status: "*" }],
  ["a Buffer", Buffer.from("bytes")],
  [
    "Buffers for ids",
    { chatRoomId: Buffer.from(room), messageId: Buffer.alloc(12), token: Buffer.alloc(3), status: Buffer.alloc(3) },
  ],
  [
    "a prototype for the fields",
    JSON.parse(
      `{"__proto__":${JSON.stringify({ ...fits, emoji: "👍", newContent: "x", status: "away", token: "x" })}}`,
    ),
  ],
  ["a lone surrogate", { chatRoomId: "\ud800", messageId: "\ud800", status: "\ud800" }],
];

for (const { name } of Object.values(clientEvents)) {
  t.test(`${name} refuses every invalid payload`, async (t) => {
    // get_online_users needs no payload and so accepts any.
    const answer = name === "get_online_users" ? { success: true } : { success: false, code: "invalid_request" };
    const client = await system.newUser().connect();
    const clients = [client];
    for (const [n, [what, payload]] of payloads.entries()) {
      // The event limit allows fewer at once of an event that costs several tokens.
      if (n % 8 === 0) clients.push(await system.newUser().connect());
      const one = clients.at(-1) ?? client;
      t.match(await one.ask(name, payload), answer, what);
      one.socket.emit(name, payload);
    }
    for (const one of clients) t.match(await one.ask("update_status", { status: "away" }), { success: true });
    t.match(await client.socket.timeout(10_000).emitWithAck(name), answer, "no payload");
    t.match(await client.socket.timeout(10_000).emitWithAck(name, undefined, fits), answer, "several arguments");
    t.match(await client.ask("update_status", { status: "away" }), { success: true }, "the socket goes on");
    const failure = name === "authenticate" ? "auth_error" : "error";
    const expected =
      name === "get_online_users" ? 0 : payloads.length + (name === "authenticate" ? payloads.length + 2 : 0);
    const told = clients.reduce((sum, one) => sum + one.count(failure), 0);
    t.equal(told, expected, "each refusal is reported once");
    await unnoticed(t);
  });
}

t.test("deeply nested and prototype-polluting JSON is refused", async (t) => {
  const user = system.newUser();
  const plain = await openBare(t, system.url, "/ws");
  await plain.ask("authenticate", { token: user.token });
  const texts = [
    `{"event":"join_chat","id":"a","data":${deep(100_000)}}`,
    `{"event":"join_chat","id":"b","data":{"chatRoomId":${deep(50_000)}}}`,
    `{"event":"join_chat","id":"c","data":{"__proto__":{"chatRoomId":"${room}"}}}`,
    `{"event":"join_chat","id":"d","data":{"constructor":{"prototype":{"chatRoomId":"${room}"}}}}`,
  ];
  for (const text of texts) plain.socket.send(text);
  for (const id of ["a", "b", "c", "d"]) {
    t.match(await plain.frame(({ reply }) => reply === id), { success: false, code: "invalid_request" });
  }
  plain.socket.send(`{"event":"get_online_users","id":"e","data":${deep(100_000)}}`);
  t.match(await plain.frame(({ reply }) => reply === "e"), { success: true });
  await unnoticed(t);
});

t.test("malformed Socket.IO packets are answered or close their connection, nothing else", async (t) => {
  const open = async (): Promise<Bare> => {
    const bare = await openBare(t, system.url, "/socket.io/?EIO=4&transport=websocket");
    bare.socket.send("40");
    await eventually(() => bare.texts.some((text) => text.startsWith("40")));
    return bare;
  };
  const answered = await open();
  answered.socket.send(`420["join_chat",${deep(30_000)}]`);
  answered.socket.send(`421["__proto__",{}]`);
  answered.socket.send(`422["",{}]`);
  await eventually(() => ["430", "431", "432"].every((ack) => answered.texts.some((text) => text.startsWith(ack))));
  const ending = [
    '42["connect"]',
    '42["disconnect"]',
    "42{}",
    "42[]",
    "42[null]",
    "42",
    "4",
    "49",
    "nonsense",
    '42["x"',
    `4${"9".repeat(400)}["x"]`,
    '451-["x",{"_placeholder":true,"num":7}]',
    '459999999-["x"]',
    `42["send_message","${"x".repeat(300_000)}"]`,
  ];
  for (const text of ending) {
    const bare = await open();
    bare.socket.send(text);
    // A missing attachment keeps a packet waiting; another text frame ends that.
    bare.socket.send('42["x"]');
    await bare.closed();
  }
  await unnoticed(t);
});

t.test("a frame of 1 MB closes only its own connection, on either transport", async (t) => {
  for (const transport of ["websocket", "polling"] as const) {
    const user = system.newUser();
    const socket = openSocket(t, system.url, { auth: { token: user.token }, transports: [transport] });
    await nextOf(socket, "authenticated");
    const closed = nextOf<string>(socket, "disconnect");
    socket.emit("send_message", { chatRoomId: room, content: "x".repeat(1_000_000) });
    t.not(await closed, "io client disconnect", transport);
  }
  await unnoticed(t);
});

t.test("a thousand events at once are refused, then the socket is closed with a code to retry later", async (t) => {
  const user = system.newUser();
  const plain = await openBare(t, system.url, "/ws");
  await plain.ask("authenticate", { token: user.token });
  for (let i = 0; i < 1_000; i++) plain.socket.send(`{"event":"get_online_users","id":"${i}"}`);
  t.equal(await plain.closed(), closeCodes.flood.code);
  const replies = plain.texts.map((text) => JSON.parse(text)).filter(({ reply }) => typeof reply === "string");
  t.ok(
    replies.some(({ code, details }) => code === "rate_limited" && details.retryAfter >= 1),
    "told how long to wait",
  );
  const again = await user.connect();
  await done(again, "get_online_users");
  await unnoticed(t);
});

t.test("a client slightly over the event limit is refused and recovers on the same socket", async (t) => {
  const client = await system.newUser().connect();
  const asks = await Promise.all(range(1, 180).map(() => client.ask("leave_chat", { chatRoomId: room })));
  const refusals = asks.filter((answer) => !answer.success);
  t.ok(refusals.length > 0 && refusals.length < asks.length, `${refusals.length} of ${asks.length} were refused`);
  for (const answer of refusals) t.match(answer, { code: "rate_limited" });
  await eventually(async () => (await client.ask("get_online_users")).success);
  t.ok(client.socket.connected);
  await unnoticed(t);
});

t.test("a room's events never reach someone who guesses its id", async (t) => {
  const stranger: Client = await system.newUser().connect();
  for (const event of ["join_chat", "typing_start", "leave_chat", "mark_as_read", "send_message"]) {
    await stranger.ask(event, { chatRoomId: room, content: "let me in", lastSeq: 0 });
  }
  await unnoticed(t);
  await done(stranger, "get_online_users");
  t.strictSame(
    stranger.events.map(({ event }) => event).filter((event) => event !== "online_users"),
    ["authenticated", "left_chat"],
  );
});
