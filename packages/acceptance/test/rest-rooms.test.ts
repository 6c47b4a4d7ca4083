// Rooms: created, listed and described.
import { randomUUID } from "node:crypto";
import { routes } from "@khui/contracts";
import { bearer, good, json, rawRequest, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t from "tap";

const system = await useSystem(t);

const group = (extra: Record<string, unknown> = {}) => ({
  type: "group",
  name: "ทีมวิ่ง",
  activityId: "run-1",
  participants: [],
  ...extra,
});

t.test("a private room is created as asked", async (t) => {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  await b.get("/rooms");
  const body = {
    name: "ชื่อห้องแชท 🏠",
    type: "private",
    participants: [a.id, b.id],
    description: "คำอธิบายห้อง",
    avatar: "https://example.com/a.png",
  };
  const { message, chatRoom } = good(t, routes.createRoom, await a.post("/rooms", body));
  t.equal(message, "สร้างห้องแชทสำเร็จ");
  t.match(chatRoom, {
    name: body.name,
    type: "private",
    description: body.description,
    avatar: body.avatar,
    activityId: null,
    status: "active",
    createdBy: a.id,
    participants: [
      { userId: a.id, name: "Ann", isActive: true },
      { userId: b.id, name: "Ben", isActive: true },
    ],
    participantCount: 2,
    lastMessage: null,
    lastMessageTime: null,
    messageCount: 0,
    unreadCount: 0,
  });
  t.match(chatRoom.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same(await roomOf(t, a, chatRoom._id), chatRoom);
  t.equal((await roomOf(t, b, chatRoom._id)).participants[0]?.userId, b.id, "everyone stands first in their own view");
});

t.test("a pair has one private room, whoever creates it again", async (t) => {
  const [a, b, c] = [system.newUser(), system.newUser(), system.newUser()];
  const first = good(t, routes.createRoom, await a.post("/rooms", { type: "private", participants: [a.id, b.id] }));
  for (const [user, participants] of [
    [a, [b.id]],
    [b, [a.id]],
    [b, [b.id, a.id, a.id]],
  ] as const) {
    const again = good(t, routes.createRoom, await user.post("/rooms", { type: "private", participants }), 200);
    t.equal(again.chatRoom._id, first.chatRoom._id);
  }
  const other = good(t, routes.createRoom, await a.post("/rooms", { type: "private", participants: [a.id, c.id] }));
  t.not(other.chatRoom._id, first.chatRoom._id, "another pair has another room");
  t.equal(good(t, routes.listRooms, await b.get("/rooms")).pagination.total, 1);
});

t.test("twenty concurrent creations of a pair's room create one room", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? a : b).post("/rooms", { type: "private", participants: [a.id, b.id] }),
    ),
  );
  const rooms = answers.map((answer) => good(t, routes.createRoom, answer, answer.status === 201 ? 201 : 200));
  t.equal(new Set(rooms.map(({ chatRoom }) => chatRoom._id)).size, 1);
  t.equal(answers.filter(({ status }) => status === 201).length, 1, "one of them made it");
  t.equal(good(t, routes.listRooms, await a.get("/rooms")).chatRooms.length, 1);
});

t.test("a private room is for exactly two people", async (t) => {
  const [a, b, c] = [system.newUser(), system.newUser(), system.newUser()];
  refused(t, await a.post("/rooms", { type: "private" }), "invalid_request");
  for (const participants of [[], [a.id], [a.id, a.id], [b.id, c.id], [a.id, b.id, c.id]]) {
    refused(t, await a.post("/rooms", { type: "private", participants }), "invalid_participants");
  }
  t.equal(good(t, routes.listRooms, await a.get("/rooms")).chatRooms.length, 0, "and nothing was made");
});

t.test("a group's creator is its admin, the others are members", async (t) => {
  const [a, b, c] = [system.newUser(), system.newUser(), system.newUser()];
  const body = group({ participants: [b.id, c.id, b.id, a.id], settings: { allowReactions: false } });
  const { chatRoom } = good(t, routes.createRoom, await a.post("/rooms", body));
  t.match(chatRoom, { type: "group", name: body.name, activityId: body.activityId, participantCount: 3 });
  t.same(
    chatRoom.participants.map(({ userId, role }) => [userId, role]),
    [
      [a.id, "admin"],
      [b.id, "member"],
      [c.id, "member"],
    ],
  );
  t.same(chatRoom.settings, {
    allowMediaUpload: true,
    allowStickers: true,
    allowReactions: false,
    maxParticipants: 500,
    joinPolicy: "open",
    membersCanAdd: false,
  });
});

t.test("a group needs an activity and a name", async (t) => {
  const a = system.newUser();
  refused(t, await a.post("/rooms", group({ activityId: undefined })), "invalid_request");
  refused(t, await a.post("/rooms", group({ activityId: "" })), "invalid_request");
  refused(t, await a.post("/rooms", group({ name: undefined })), "invalid_request");
  refused(t, await a.post("/rooms", group({ name: " \n " })), "invalid_request");
  t.equal(good(t, routes.listRooms, await a.get("/rooms")).chatRooms.length, 0);
});

t.test("a group cannot be created with more members than its limit", async (t) => {
  const a = system.newUser();
  const people = (n: number) => Array.from({ length: n }, () => randomUUID());
  refused(t, await a.post("/rooms", group({ participants: people(2), settings: { maxParticipants: 2 } })), "room_full");
  refused(t, await a.post("/rooms", group({ participants: people(500) })), "room_full");
  refused(t, await a.post("/rooms", group({ participants: people(501) })), "invalid_request");
  const { chatRoom } = good(t, routes.createRoom, await a.post("/rooms", group({ participants: people(499) })));
  t.equal(chatRoom.participantCount, 500);
});

t.test("retries with one Idempotency-Key create one group", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const key = { "Idempotency-Key": randomUUID() };
  const answers = await Promise.all(Array.from({ length: 20 }, () => a.post("/rooms", group(), key)));
  answers.push(await a.post("/rooms", group(), key));
  const ids = answers.map(
    (answer) => good(t, routes.createRoom, answer, answer.status === 201 ? 201 : 200).chatRoom._id,
  );
  t.equal(new Set(ids).size, 1);
  t.equal(answers.filter(({ status }) => status === 201).length, 1);
  const others = [await b.post("/rooms", group(), key), await a.post("/rooms", group())];
  for (const answer of others) t.notOk(ids.includes(good(t, routes.createRoom, answer).chatRoom._id));
});

t.test("the room list is paged, with the most recently active rooms first", async (t) => {
  const a = system.newUser();
  const others = [system.newUser(), system.newUser(), system.newUser()] as const;
  const ids: string[] = [];
  for (const other of others) ids.push(await privateRoom(a, other));
  await sendText(t, others[0], ids[0]!, "hello");
  const expected = [ids[0], ids[2], ids[1]];
  const list = async (query: string) => {
    const { chatRooms, pagination } = good(t, routes.listRooms, await a.get(`/rooms${query}`));
    return { ids: chatRooms.map(({ _id }) => _id), pagination };
  };
  t.same(await list(""), { ids: expected, pagination: { currentPage: 1, totalPages: 1, total: 3, limit: 20 } });
  const paged = (currentPage: number) => ({ currentPage, totalPages: 2, total: 3, limit: 2 });
  t.same(await list("?page=1&limit=2"), { ids: expected.slice(0, 2), pagination: paged(1) });
  t.same(await list("?page=2&limit=2"), { ids: expected.slice(2), pagination: paged(2) });
  t.same(await list("?page=9&limit=2"), { ids: [], pagination: paged(9) });
});

t.test("a page of rooms may be larger than one message between services", async (t) => {
  const a = system.newUser();
  const ids: string[] = [];
  for (let n = 0; n < 30; n++) {
    const roomId = await privateRoom(a, system.newUser());
    await sendText(t, a, roomId, "ยาว".repeat(3_333));
    ids.unshift(roomId);
  }
  const { chatRooms, pagination } = good(t, routes.listRooms, await a.get("/rooms?limit=100"));
  t.same(
    chatRooms.map(({ _id }) => _id),
    ids,
  );
  t.equal(pagination.total, 30);
});

t.test("the room list shows the last message and the unread count", async (t) => {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  const roomId = await privateRoom(a, b);
  await sendText(t, a, roomId, "one");
  const last = await sendText(t, a, roomId, "two");
  const room = await roomOf(t, b, roomId);
  t.match(room, { unreadCount: 2, messageCount: 2, lastMessageTime: last.timestamp, seq: last.seq });
  t.match(room.lastMessage, { _id: last._id, content: "two", sender: { _id: a.id, name: "Ann" } });
  t.equal((await roomOf(t, a, roomId)).unreadCount, 0);
});

t.test("a newcomer has no rooms", async (t) => {
  const { chatRooms, pagination } = good(t, routes.listRooms, await system.newUser().get("/rooms"));
  t.same([chatRooms, pagination], [[], { currentPage: 1, totalPages: 1, total: 0, limit: 20 }]);
});

t.test("a room is shown to its participants only", async (t) => {
  const [a, b, stranger] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await privateRoom(a, b);
  for (const path of [`/rooms/${roomId}`, `/rooms/${roomId}/participants`]) {
    refused(t, await stranger.get(path), "room_not_found");
  }
  for (const path of [`/rooms/${unknownId()}`, `/rooms/${unknownId()}/participants`]) {
    refused(t, await a.get(path), "room_not_found");
  }
  t.equal(good(t, routes.listRooms, await stranger.get("/rooms")).chatRooms.length, 0);
});

t.test("a large group shows a hundred participants, yourself first, and pages through all", async (t) => {
  const admin = system.newUser();
  const late = system.newUser();
  const others = Array.from({ length: 128 }, () => randomUUID());
  const roomId = await groupRoom(admin, [...others.map((id) => ({ id }) as User), late]);
  const { chatRoom } = good(t, routes.getRoom, await late.get(`/rooms/${roomId}`));
  t.equal(chatRoom.participants.length, 100);
  t.equal(chatRoom.participantCount, 130);
  t.equal(chatRoom.participants[0]?.userId, late.id);
  t.equal(chatRoom.participants[1]?.userId, admin.id);
  const all: string[] = [];
  for (const page of [1, 2, 3]) {
    const path = `/rooms/${roomId}/participants?page=${page}`;
    const { participants, pagination } = good(t, routes.listParticipants, await late.get(path));
    t.same(pagination, { currentPage: page, totalPages: 3, total: 130, limit: 50 });
    t.equal(participants.length, page === 3 ? 30 : 50);
    all.push(...participants.map(({ userId }) => userId));
  }
  t.same(all.sort(), [admin.id, late.id, ...others].sort(), "everyone once");
  const beyond = await late.get(`/rooms/${roomId}/participants?page=4`);
  t.same(good(t, routes.listParticipants, beyond).participants, []);
});

t.test("external user ids may contain any character", async (t) => {
  const a = system.newUser();
  for (const other of ["ผู้ใช้ ๑", "a.b*c>d/e f:g", "😀".repeat(64), "x".repeat(128), "__proto__", "constructor"]) {
    const body = { type: "private", participants: [other] };
    const { chatRoom } = good(t, routes.createRoom, await a.post("/rooms", body));
    t.equal(chatRoom.participants[1]?.userId, other);
    t.equal((await roomOf(t, a, chatRoom._id)).participants[1]?.userId, other);
  }
});

t.test("responses are in English on request", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const headers = { ...bearer(a), ...json, "accept-language": "en-GB,en;q=0.9" };
  const body = JSON.stringify({ type: "private", participants: [b.id] });
  const answer = await rawRequest(system, "POST", "/rooms", headers, body);
  t.equal(good(t, routes.createRoom, answer).message, "Room created");
});
