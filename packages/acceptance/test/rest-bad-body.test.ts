// Bodies that are malformed, huge, deeply nested, or have unknown fields.
import { routes } from "@khui/contracts";
import { bearer, good, json, rawRequest, refused, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";

const system = await useSystem(t);
const [a, b] = [system.newUser(), system.newUser()];
const admin = system.newUser(undefined, { scope: "chat:admin" });
const roomId = await privateRoom(a, b);
const groupId = await groupRoom(a, [b]);
const messageId = (await a.post(`/rooms/${roomId}/messages`, { content: "here" })).body.data._id;

t.test("a body that is not JSON is refused", async (t) => {
  const post = (body: string | Uint8Array<ArrayBuffer>) =>
    rawRequest(system, "POST", `/rooms/${roomId}/messages`, { ...bearer(a), ...json }, body);
  for (const body of ["{", "{'content':'x'}", '{"content":"x"', "content=x", "\u0000", "{}}", "undefined", " "]) {
    refused(t, await post(body), "invalid_json", body);
  }
  for (const body of ['{"__proto__":{"content":"x"}}', '{"content":"x","constructor":{"prototype":{"y":1}}}']) {
    refused(t, await post(body), "invalid_json");
  }
  refused(t, await post(""), "invalid_request");
});

/** As many levels as fit into the smallest body limit. */
const depth = 2_500;
const levels = (open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`;
const deep = { lists: levels("[", "]"), objects: levels('{"a":', "}") };

t.test("JSON nested thousands of levels deep is refused", async (t) => {
  for (const value of Object.values(deep)) {
    for (const [method, path, body] of [
      ["POST", `/rooms/${roomId}/messages`, `{"content":${value}}`],
      ["POST", "/rooms", `{"type":"private","participants":${value}}`],
      ["PUT", `/rooms/${groupId}/settings`, `{"name":${value}}`],
      ["PUT", `/messages/${messageId}`, value],
      ["POST", `/messages/${messageId}/forward`, `{"chatRoomIds":${value}}`],
    ] as const) {
      const answer = await rawRequest(system, method, path, { ...bearer(a), ...json }, body);
      refused(t, answer, "invalid_request");
    }
  }
});

t.test("unknown fields are ignored and not stored", async (t) => {
  const headers = { ...bearer(a), ...json };
  for (const extra of Object.values(deep)) {
    const text = `{"content":"plain","_id":"${unknownId()}","sender":"x","seq":1,"isDeleted":true,"extra":${extra}}`;
    const sent = await rawRequest(system, "POST", `/rooms/${roomId}/messages`, headers, text);
    t.match(good(t, routes.sendMessage, sent).data, { content: "plain", sender: { _id: a.id }, isDeleted: false });
    const settings = `{"status":"archived","participants":${extra},"settings":{"allowStickers":true}}`;
    const updated = await rawRequest(system, "PUT", `/rooms/${groupId}/settings`, headers, settings);
    const { chatRoom } = good(t, routes.updateSettings, updated);
    t.equal(chatRoom.status, "active");
    const names = [
      "allowMediaUpload",
      "allowReactions",
      "allowStickers",
      "joinPolicy",
      "maxParticipants",
      "membersCanAdd",
    ];
    t.same(Object.keys(chatRoom.settings).sort(), names);
    const users = `{"users":[{"_id":"someone","extra":${extra}}],"extra":${extra}}`;
    good(t, routes.upsertUsers, await rawRequest(system, "PUT", "/users", { ...bearer(admin), ...json }, users));
  }
  const group = { type: "group", name: "g", activityId: "x", createdBy: b.id, extra: 1 };
  const { chatRoom } = good(t, routes.createRoom, await a.post("/rooms", group));
  t.same([chatRoom.createdBy, "extra" in chatRoom], [a.id, false]);
});

t.test("a misspelled setting is refused by its name", async (t) => {
  const group = { type: "group", name: "g", activityId: "x", settings: { allowSticker: false } };
  for (const [answer, path] of [
    [await a.post("/rooms", group), "/settings/allowSticker"],
    [await a.put(`/rooms/${groupId}/settings`, { settings: group.settings }), "/settings/allowSticker"],
    [await a.put(`/rooms/${groupId}/settings`, { nmae: "x" }), "/nmae"],
  ] as const) {
    refused(t, answer, "invalid_request");
    t.match(answer.body.details, { faults: [{ path, message: "is not a field that is known" }] });
  }
});

t.test("nobody can act as someone else by naming them in the body", async (t) => {
  const other = await sendText(t, a, groupId, "other");
  const names = {
    userId: b.id,
    sender: b.id,
    senderId: b.id,
    roomId,
    messageId: other._id,
    identity: { userId: b.id },
  };
  const target = await sendText(t, a, groupId, "target");
  const reacted = await a.post(`/messages/${target._id}/reactions`, { emoji: "👍", ...names });
  const { data } = good(t, routes.addReaction, reacted);
  t.match([data.messageId, data.reactions], [target._id, [{ userId: a.id }]]);
  t.equal(
    good(t, routes.editMessage, await a.put(`/messages/${target._id}`, { content: "x", ...names })).data._id,
    target._id,
  );
  refused(
    t,
    await b.put(`/messages/${target._id}`, { content: "y", userId: a.id, sender: a.id }),
    "not_message_sender",
  );
  const copies = await a.post(`/messages/${target._id}/forward`, { chatRoomIds: [roomId], ...names });
  t.match(good(t, routes.forwardMessage, copies).data, [{ sender: { _id: a.id }, content: "x", chatRoom: roomId }]);
  const { userId, roomId: room } = names;
  const mark = good(t, routes.markRead, await a.post(`/rooms/${groupId}/read`, { userId, roomId: room })).data;
  t.match(mark, { userId: a.id, chatRoomId: groupId });
});

t.test("a huge body is refused before it is read", async (t) => {
  const body = JSON.stringify({ content: "x".repeat(2_000_000) });
  for (const [method, path] of [
    ["POST", `/rooms/${roomId}/messages`],
    ["PUT", `/messages/${messageId}`],
    ["POST", "/rooms"],
  ] as const) {
    refused(t, await rawRequest(system, method, path, { ...bearer(a), ...json }, body), "payload_too_large");
  }
});

t.test("a body of another content type is refused", async (t) => {
  for (const type of ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json", "nonsense"]) {
    const headers = { ...bearer(a), "content-type": type };
    const answer = await rawRequest(system, "POST", `/rooms/${roomId}/messages`, headers, '{"content":"x"}');
    refused(t, answer, "unsupported_media_type");
  }
  const headers = { ...bearer(a), "content-type": "application/json; charset=utf-8" };
  const answer = await rawRequest(system, "POST", `/rooms/${roomId}/messages`, headers, '{"content":"x"}');
  good(t, routes.sendMessage, answer);
});

t.test("an empty body is none, whatever its content type", async (t) => {
  // As `fetch` with `body: ""`, `axios.post(url, null)` and XMLHttpRequest name it.
  for (const type of ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "application/octet-stream"]) {
    const headers = { ...bearer(a), "content-type": type };
    good(t, routes.joinRoom, await rawRequest(system, "POST", `/rooms/${groupId}/join`, headers, ""));
    good(t, routes.markRead, await rawRequest(system, "POST", `/rooms/${groupId}/read`, headers, ""));
    refused(t, await rawRequest(system, "POST", `/rooms/${roomId}/messages`, headers, ""), "invalid_request");
  }
  const headers = { ...bearer(a), ...json };
  good(t, routes.joinRoom, await rawRequest(system, "POST", `/rooms/${groupId}/join`, headers));
  good(t, routes.markRead, await rawRequest(system, "POST", `/rooms/${groupId}/read`, headers));
  good(t, routes.markRead, await rawRequest(system, "POST", `/rooms/${groupId}/read`, headers, "null"));
  const mine = await sendText(t, a, groupId, "to hide");
  const path = `/messages/${mine._id}?deleteFor=sender`;
  good(t, routes.deleteMessage, await rawRequest(system, "DELETE", path, headers));
});

t.test("the server is still healthy and accepts messages after all of these requests", async (t) => {
  t.equal((await fetch(`${system.url}/healthz`)).status, 200);
  t.equal((await sendText(t, a, groupId, "still here")).content, "still here");
});
