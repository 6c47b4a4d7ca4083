// Rooms of more than 200 people: messages reach everyone; typing, opening, presence and receipts are not announced.
import { smallRoomLimit } from "@khui/contracts";
import { groupRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { done, fence, inRooms, logOf, range } from "./socket-scene.js";

const system = await useSystem(t);

t.test("a large room delivers messages, but not typing, opening, presence or receipts", async (t) => {
  const [alice, bob, carol] = [system.newUser(), system.newUser(), system.newUser()];
  const crowd = Array.from({ length: smallRoomLimit - 1 }, () => system.newUser());
  const room = await groupRoom(alice, [bob, ...crowd]);
  const alices = await inRooms(alice, room);
  const bobs = await bob.connect();
  const joined = await bobs.join(room);
  t.match(joined, { participantCount: smallRoomLimit + 1, typing: [] });
  t.strictSame(
    joined.readPositions.map(({ userId }) => userId),
    [bob.id],
    "only one's own position",
  );
  t.match(
    await done(bobs, "typing_start", { chatRoomId: room }),
    { chatRoomId: room },
    "asked in vain, but no failure",
  );
  await done(bobs, "update_status", { status: "busy" });
  await done(bobs, "typing_stop", { chatRoomId: room });
  t.strictSame(await done(alices, "get_online_users"), []);
  await carol.post(`/rooms/${room}/join`);
  await carol.post(`/rooms/${room}/leave`);
  await done(bobs, "leave_chat", { chatRoomId: room });
  await bobs.join(room);
  const phone = await inRooms(bob, room);
  for (const reader of [bobs, alices]) await done(reader, "mark_as_read", { chatRoomId: room });
  for (const own of [bobs, phone]) t.match(await own.next("message_read"), { userId: bob.id, readSeq: 2 });
  t.match(await alices.next("message_read"), { userId: alice.id });
  const head = await fence(alice, room, alices, bobs);
  t.equal(head, 3, "a system message for the joining and one for the leaving, and the fence");
  t.strictSame(logOf(alices, room), range(1, head));
  t.equal(alices.count("message_read"), 1, "one's own devices are told, and nobody else");
  t.strictSame([...new Set(alices.events.map(({ event }) => event))].sort(), [
    "authenticated",
    "joined_chat",
    "message_read",
    "new_message",
    "online_users",
  ]);
});

t.test("a user who leaves a large room is removed from it", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const crowd = Array.from({ length: smallRoomLimit }, () => system.newUser());
  const [room, other] = [await groupRoom(alice, [bob, ...crowd]), await groupRoom(alice, [bob])];
  const [alices, bobs] = await Promise.all([inRooms(alice, room, other), inRooms(bob, room, other)]);
  await bob.post(`/rooms/${room}/leave`);
  t.match(await bobs.next("new_message"), { seq: 1, message: { systemInfo: { action: "member_left" } } });
  await fence(alice, room, alices);
  await fence(alice, other, bobs);
  t.strictSame(logOf(bobs, room), [1]);
});
