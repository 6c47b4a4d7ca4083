// Invalid input: every part of a request is validated, and nothing takes the server down.
import { type ErrorCode, routes } from "@khui/contracts";
import { bearer, good, rawRequest, refused, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { ask, pollingQuery } from "@khui/test-kit/socketio/rig";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);
const [a, b, stranger] = [system.newUser(), system.newUser(), system.newUser()];
const admin = system.newUser(undefined, { scope: "chat:admin" });
const roomId = await privateRoom(a, b);
const groupId = await groupRoom(a, [b]);
const messageId = (await a.post(`/rooms/${roomId}/messages`, { content: "here" })).body.data._id;

/** Valid bodies for each route that has one, so that the fault under test is the only one. */
const goodBodies: Partial<Record<keyof typeof routes, Record<string, unknown>>> = {
  createRoom: { type: "private", participants: [b.id] },
  updateSettings: { description: "d" },
  addParticipants: { userIds: ["someone"] },
  updateParticipant: { role: "admin" },
  upsertUsers: { users: [{ _id: "someone" }] },
  sendMessage: { content: "text" },
  sendSticker: { setId: unknownId(), stickerId: "any", stickerType: "static" },
  editMessage: { content: "text" },
  deleteMessage: { deleteFor: "sender" },
  addReaction: { emoji: "👍" },
  forwardMessage: { chatRoomIds: [groupId] },
  markRead: {},
};
type Name = keyof typeof routes;
const names = Object.keys(routes) as Name[];
const ofRoom = names.filter((name) => routes[name].url.includes(":chatRoomId"));
const ofMessage = names.filter((name) => routes[name].url.includes(":messageId"));

function call(user: User, name: Name, ids: { room?: string; message?: string } = {}, body: unknown = goodBodies[name]) {
  const path = routes[name].url
    .replace("/api/v1/chat", "")
    .replace(":chatRoomId", ids.room ?? groupId)
    .replace(":messageId", ids.message ?? messageId)
    .replace(":userId", b.id)
    .replace(":code", "A".repeat(22));
  const verb = routes[name].method.toLowerCase() as "get" | "post" | "put" | "delete";
  return verb === "get" ? user.get(path) : user[verb](path, body);
}

/** Sends each body and expects the same error. */
async function refuseAll(t: Test, user: User, name: Name, bodies: readonly unknown[], code: ErrorCode) {
  for (const body of bodies) {
    refused(t, await call(user, name, {}, body), code, `${name} ${JSON.stringify(body)?.slice(0, 80)}`);
  }
}

t.test("every room route refuses invalid ids, unknown rooms and rooms of others", async (t) => {
  t.ok(ofRoom.length >= 9);
  for (const name of ofRoom) {
    const bad = [
      "x",
      "null",
      "0",
      unknownId().toUpperCase().replace(/^./, "A"),
      `${unknownId()}0`,
      "%00",
      "..%2f",
      "ก",
    ];
    for (const room of bad) refused(t, await call(a, name, { room }), "invalid_request");
    refused(t, await call(a, name, { room: unknownId() }), "room_not_found");
    refused(t, await call(stranger, name, { room: roomId }), "room_not_found");
  }
});

t.test("every message route refuses invalid ids and messages the user cannot see", async (t) => {
  t.ok(ofMessage.length >= 5);
  for (const name of ofMessage) {
    for (const message of ["x", "null", `${messageId}0`, messageId.slice(1), "%E0%B8%81"]) {
      refused(t, await call(a, name, { message }), "invalid_request");
    }
    refused(t, await call(a, name, { message: unknownId() }), "message_not_found");
    refused(t, await call(a, name, { message: roomId }), "message_not_found");
    refused(t, await call(stranger, name, { message: messageId }), "message_not_found");
  }
});

t.test("malformed and unknown paths are answered in the usual error format", async (t) => {
  refused(t, await rawRequest(system, "GET", "/rooms/%E0%A4%A", bearer(a)), "invalid_request");
  for (const path of ["/nothing", `/rooms/${roomId}/nothing`, `/messages/${messageId}/nothing`]) {
    refused(t, await a.get(path), "not_found");
  }
  refused(t, await rawRequest(system, "PATCH", "/rooms", bearer(a)), "not_found");
});

t.test("a request that offers another protocol is answered over HTTP/1.1", async (t) => {
  const offer = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAoAAAAAIAAAAA" };
  const url = `${system.url}/api/v1/chat/rooms/${groupId}/messages`;
  const headers = { ...bearer(a), ...offer, "content-type": "application/json" };
  const { status, body } = await ask(url, "POST", '{"content":"over HTTP/1.1"}', headers);
  t.equal(status, 201);
  t.match(JSON.parse(body), { success: true, data: { content: "over HTTP/1.1" } });
  const handshake = await ask(system.url + pollingQuery, "GET", undefined, offer);
  t.match(handshake, { status: 200, body: /"sid"/ });
});

t.test("fields of the wrong type are refused, never coerced", async (t) => {
  const notObjects = ["text", 5, true, [], [{}]];
  for (const name of names) {
    const user = name === "upsertUsers" ? admin : a;
    if (goodBodies[name]) await refuseAll(t, user, name, notObjects, "invalid_request");
  }
  const create = [
    ...[{}, { type: "public" }, { type: 5 }, { type: ["private"] }, { type: null }],
    ...["x", 5, {}, [5], [null], [[b.id]], [""], ["x".repeat(129)]].map((participants) => ({
      type: "private",
      participants,
    })),
    ...[{ name: 5 }, { name: "n".repeat(201) }, { description: {} }, { avatar: [] }].map((field) => ({
      ...goodBodies.createRoom,
      ...field,
    })),
    ...[{ maxParticipants: 1 }, { maxParticipants: 2.5 }, { maxParticipants: "9" }, { allowReactions: "yes" }].map(
      (settings) => ({ type: "group", name: "g", activityId: "x", settings }),
    ),
    { type: "group", name: "g", activityId: 5 },
  ];
  await refuseAll(t, a, "createRoom", create, "invalid_request");
  const unnamed = (await call(a, "createRoom", {}, { type: "public" })).body.details;
  t.match(unnamed, { faults: [{ path: "/type", message: 'must be "private" or "group"' }] });
  const settings = [
    ...[{ settings: [] }, { settings: { allowStickers: 1 } }, { name: 1 }, { avatar: 1 }],
    ...[{ nmae: "x" }, { settings: { allowReaction: false } }, { name: "x", __proto: 1 }],
  ];
  await refuseAll(t, a, "updateSettings", settings, "invalid_request");
  const send = [
    ...[{}, { content: 5 }, { content: null }, { content: ["x"] }, { content: { $gt: "" } }],
    ...[{ type: "image" }, { type: "system" }, { type: "sticker" }, { type: 1 }, { replyTo: "x" }, { replyTo: 5 }].map(
      (field) => ({ content: "x", ...field }),
    ),
    ...["", 5, "c".repeat(129), {}].map((clientMessageId) => ({ content: "x", clientMessageId })),
  ];
  await refuseAll(t, a, "sendMessage", send, "invalid_request");
  await refuseAll(t, a, "editMessage", [{}, { content: 5 }], "invalid_request");
  await refuseAll(t, a, "editMessage", [{ content: null }], "empty_content");
  await refuseAll(t, a, "deleteMessage", [{ deleteFor: "all" }, { deleteFor: 1 }], "invalid_request");
  const reactions = [{}, { emoji: 5 }, { emoji: "" }, { emoji: null }, { emoji: "👍", reactionType: "hate" }];
  await refuseAll(t, a, "addReaction", reactions, "invalid_request");
  const many = Array.from({ length: 21 }, unknownId);
  const forwards = [{}, [], "x", ["x"], [5], [null], many].map((chatRoomIds) => ({ chatRoomIds }));
  await refuseAll(t, a, "forwardMessage", forwards, "invalid_request");
  await refuseAll(t, a, "markRead", [{ messageId: "x" }, { messageId: 5 }], "invalid_request");
  const users = [{}, { users: [] }, { users: {} }, { users: [{}] }, { users: [{ _id: 5 }] }, { users: [{ _id: "" }] }];
  await refuseAll(t, admin, "upsertUsers", users, "invalid_request");
});

t.test("null in an optional field is as if it were absent", async (t) => {
  const nulls = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, null]));
  const fields = ["name", "activityId", "description", "avatar", "settings"];
  const pair = { ...nulls(fields), type: "private", participants: [b.id] };
  t.equal((await a.post("/rooms", pair)).body.chatRoom._id, roomId);
  const group = { type: "group", name: "g", activityId: "x", participants: null, settings: { allowStickers: null } };
  t.match(good(t, routes.createRoom, await a.post("/rooms", { ...nulls(fields), ...group })).chatRoom, {
    description: null,
    settings: { allowStickers: true },
  });
  good(t, routes.updateSettings, await a.put(`/rooms/${groupId}/settings`, nulls(fields)));
  const text = { content: "x", ...nulls(["type", "replyTo", "clientMessageId"]) };
  const sent = good(t, routes.sendMessage, await a.post(`/rooms/${groupId}/messages`, text)).data;
  good(t, routes.addReaction, await a.post(`/messages/${sent._id}/reactions`, { emoji: "👍", reactionType: null }));
  const forward = { chatRoomIds: [groupId], clientMessageId: null };
  good(t, routes.forwardMessage, await a.post(`/messages/${sent._id}/forward`, forward));
  good(t, routes.markRead, await a.post(`/rooms/${roomId}/read`, { messageId: null }));
  const users = [{ _id: b.id, name: null, avatar: null }];
  good(t, routes.upsertUsers, await admin.put("/users", { users }));
});

t.test("text that cannot be stored is refused in every field", async (t) => {
  for (const text of ["a\u0000b", "\ud800", "x\udc00y", "\udc00\ud800"]) {
    const bodies: [Name, unknown][] = [
      ["createRoom", { type: "private", participants: [text] }],
      ["createRoom", { ...goodBodies.createRoom, name: text }],
      ["createRoom", { ...goodBodies.createRoom, description: text }],
      ["createRoom", { ...goodBodies.createRoom, avatar: text }],
      ["createRoom", { type: "group", name: "g", activityId: text }],
      ["updateSettings", { name: text }],
      ["updateSettings", { description: text }],
      ["sendMessage", { content: text }],
      ["sendMessage", { content: "x", clientMessageId: text }],
      ["editMessage", { content: text }],
      ["addReaction", { emoji: text }],
      ["forwardMessage", { chatRoomIds: [groupId], clientMessageId: text }],
    ];
    for (const [name, body] of bodies) await refuseAll(t, a, name, [body], "invalid_request");
    await refuseAll(
      t,
      admin,
      "upsertUsers",
      [{ users: [{ _id: text }] }, { users: [{ _id: "x", name: text }] }],
      "invalid_request",
    );
  }
});

t.test("query parameters outside their bounds are refused", async (t) => {
  const numbers = [
    "0",
    "-1",
    "101",
    "9999999999999999999999",
    "1e1",
    "1.5",
    "x",
    "",
    "%00",
    "NaN",
    "Infinity",
    "0x10",
    "5&limit=6",
  ];
  const paths = ["/rooms", `/rooms/${roomId}/messages`, `/rooms/${groupId}/participants`];
  for (const path of paths) {
    for (const value of numbers) {
      const limit = `${path}?limit=${value}`;
      refused(t, await a.get(limit), "invalid_request", limit);
      if (value === "101") continue;
      const page = limit.replaceAll("limit", "page");
      refused(t, await a.get(page), "invalid_request", page);
    }
    refused(t, await a.get(`${path}?page=1000001`), "invalid_request");
    t.equal((await a.get(`${path}?page=1000000&limit=100`)).status, 200, "far beyond the end is an empty page");
  }
  const dates = [
    "yesterday",
    "",
    "1",
    "2024",
    "2024-13-01",
    "2024-01-32",
    "2024-02-30",
    "2024-02-30T25:00:00Z",
    "%00",
    "null",
    "-1",
    "x".repeat(70),
    "2024-01-01T00:00:00.000Z%27--",
    "0000-01-01",
    "9999-12-31T23:59:59-12:00",
  ];
  for (const date of dates) {
    refused(t, await a.get(`/rooms/${roomId}/messages?before=${date}`), "invalid_request", date);
  }
  for (const seq of ["-1", "x", "1.5", "9007199254740993", ""]) {
    refused(t, await a.get(`/rooms/${roomId}/messages?beforeSeq=${seq}`), "invalid_request");
    refused(t, await a.get(`/rooms/${roomId}/messages?afterSeq=${seq}`), "invalid_request");
  }
});

t.test("the earliest and latest dates are accepted", async (t) => {
  for (const [date, length] of [
    ["0001-01-01T00:00:00Z", 0],
    ["9999-12-31", 1],
    ["1970-01-01", 0],
  ] as const) {
    const path = `/rooms/${roomId}/messages?before=${date}`;
    t.equal(good(t, routes.listMessages, await a.get(path)).messages.length, length);
  }
});

t.test("an Idempotency-Key must be short printable text", async (t) => {
  for (const key of ["k".repeat(129), "with space", "caf\u00e9"]) {
    const headers = { "idempotency-key": key };
    refused(t, await a.post(`/rooms/${roomId}/messages`, { content: "x" }, headers), "invalid_request");
  }
});

t.test("the server is still healthy and accepts messages after all of these requests", async (t) => {
  t.equal((await fetch(`${system.url}/healthz`)).status, 200);
  t.equal((await sendText(t, a, groupId, "still here")).content, "still here");
});
