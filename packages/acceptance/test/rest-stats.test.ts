// A room's statistics, and that they follow every change.
import { routes } from "@khui/contracts";
import { good, refused, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);
const statsOf = async (t: Test, user: User, roomId: string) =>
  good(t, routes.roomStats, await user.get(`/rooms/${roomId}/stats`)).stats;

t.test("a new room has nothing to count", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, []);
  await admin.put(`/rooms/${roomId}/settings`, { name: "system messages do not count" });
  t.same(await statsOf(t, admin, roomId), {
    totalMessages: 0,
    messagesByType: [],
    totalReactions: 0,
    activeUsers: [],
  });
});

t.test("statistics follow messages, reactions and active users", async (t) => {
  const [a, b, c] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(a, [b, c]);
  const first = await sendText(t, a, roomId, "1");
  const second = await sendText(t, b, roomId, "2");
  await a.post(`/messages/${second._id}/forward`, { chatRoomIds: [roomId] });
  for (const user of [a, b, c]) await user.post(`/messages/${first._id}/reactions`, { emoji: "👍" });
  await c.post(`/messages/${first._id}/reactions`, { emoji: "😀" });
  await a.post(`/messages/${second._id}/reactions`, { emoji: "👍" });
  t.same(await statsOf(t, c, roomId), {
    totalMessages: 3,
    messagesByType: [{ type: "text", count: 3 }],
    totalReactions: 4,
    activeUsers: [a.id, b.id],
  });
  await b.delete(`/messages/${first._id}/reactions`);
  t.equal((await statsOf(t, a, roomId)).totalReactions, 3);
  await a.delete(`/messages/${first._id}`, { deleteFor: "everyone" });
  await b.delete(`/messages/${second._id}`, { deleteFor: "sender" });
  t.match(await statsOf(t, b, roomId), {
    totalMessages: 2,
    messagesByType: [{ type: "text", count: 2 }],
    totalReactions: 1,
  });
  await b.post(`/rooms/${roomId}/leave`);
  t.same((await statsOf(t, a, roomId)).activeUsers, [a.id], "a former member is no longer active");
});

t.test("statistics are for participants", async (t) => {
  const [a, stranger] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(a, []);
  refused(t, await stranger.get(`/rooms/${roomId}/stats`), "not_a_participant");
  refused(t, await a.get(`/rooms/${unknownId()}/stats`), "room_not_found");
});
