// Presence as others see it: only users who share a room, once, without flicker, and invisible looks offline.
import { type Client, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { done, fence, inRooms, refused } from "./socket-scene.js";

const system = await useSystem(t);

interface Online {
  userId: string;
  status: string;
  lastSeen: string | null;
}

const of =
  (user: User) =>
  ({ userId }: { userId: string }) =>
    userId === user.id;
const online = (client: Client) => done<Online[]>(client, "get_online_users");
const seen = (client: Client, user: User) =>
  client.events.flatMap(({ event, payload }) => {
    const told = event === "user_online" || event === "user_offline" || event === "user_status_updated";
    return told && payload.userId === user.id ? [event === "user_status_updated" ? payload.status : event] : [];
  });

/** Alice in a room with bob and eve (whose going offline shows that time has passed), and carol in another room with dave. */
async function scene() {
  const [alice, bob, eve, carol, dave] = Array.from({ length: 5 }, () => system.newUser()) as [
    User,
    User,
    User,
    User,
    User,
  ];
  const [room, elsewhere] = await Promise.all([groupRoom(alice, [bob, eve]), groupRoom(carol, [dave])]);
  const [alices, carols] = await Promise.all([inRooms(alice, room), inRooms(carol, elsewhere)]);
  return { alice, bob, eve, carol, dave, room, elsewhere, alices, carols };
}

t.test("coming online and going offline is announced to users who share a room, and to nobody else", async (t) => {
  const { bob, carol, elsewhere, alices, carols } = await scene();
  const bobs = await bob.connect();
  t.strictSame(await alices.next("user_online", of(bob)), { userId: bob.id, status: "online" });
  t.match(await online(alices), [{ userId: bob.id, status: "online" }]);
  t.strictSame(await online(carols), []);
  bobs.close();
  const gone = await alices.next("user_offline", of(bob));
  t.ok(Math.abs(Date.now() - Date.parse(gone.lastSeen!)) < 20_000, "lastSeen is about now");
  t.strictSame(await online(alices), []);
  await fence(carol, elsewhere, carols);
  t.strictSame(seen(carols, bob), []);
  t.strictSame(seen(alices, bob), ["user_online", "user_offline"]);
});

t.test("get_online_users sends the same in its event and its acknowledgement", async (t) => {
  const { bob, alices } = await scene();
  await bob.connect();
  await alices.next("user_online");
  const answer = await online(alices);
  t.strictSame(await alices.next("online_users"), answer);
  t.match(answer, [{ userId: bob.id, status: "online", lastSeen: /Z$/ }]);
  alices.socket.emit("get_online_users");
  t.match(await alices.next("online_users"), [{ userId: bob.id }]);
});

t.test("each status is announced once, and not to the user's own devices", async (t) => {
  const { alice, bob, room, alices } = await scene();
  const [bobs, phone] = await Promise.all([inRooms(bob, room), inRooms(bob, room)]);
  await alices.next("user_online", of(bob));
  for (const status of ["away", "busy", "online"] as const) {
    t.match(await done(bobs, "update_status", { status }), { userId: bob.id, status });
    t.strictSame(await alices.next("user_status_updated", of(bob)), { userId: bob.id, status });
    t.match(await online(alices), [{ userId: bob.id, status }]);
    bobs.socket.emit("update_status", { status });
  }
  await done(phone, "update_status", { status: "online" });
  await fence(alice, room, alices, bobs, phone);
  t.strictSame(seen(alices, bob), ["user_online", "away", "busy", "online"]);
  t.strictSame([seen(bobs, bob), seen(phone, bob)], [[], []]);
});

t.test("update_status refuses unknown statuses", async (t) => {
  const { alices } = await scene();
  for (const payload of [{ status: "offline" }, { status: "asleep" }, { status: null }, {}, "away", undefined]) {
    await refused(t, alices, "update_status", payload, "invalid_request");
  }
});

t.test("invisible cannot be distinguished from offline", async (t) => {
  const { alice, bob, eve, room, alices } = await scene();
  const [bobs, eves] = await Promise.all([inRooms(bob, room), inRooms(eve, room)]);
  await alices.next("user_online", of(bob));
  await alices.next("user_online", of(eve));
  await done(bobs, "update_status", { status: "invisible" });
  const hidden = await alices.next("user_offline", of(bob));
  t.strictSame(await online(alices).then((users) => users.map(({ userId }) => userId)), [eve.id]);
  eves.close();
  const gone = await alices.next("user_offline", of(eve));
  t.strictSame(Object.keys(hidden).sort(), Object.keys(gone).sort());
  t.equal(typeof hidden.lastSeen, typeof gone.lastSeen);
  t.strictSame(await online(alices), []);
  // Neither opening nor leaving a room, nor connecting and disconnecting, reveals an invisible user.
  const already = alices.count("user_joined_chat", of(bob));
  await done(bobs, "leave_chat", { chatRoomId: room });
  await done(bobs, "join_chat", { chatRoomId: room });
  bobs.close();
  const again = await inRooms(bob, room);
  await fence(alice, room, alices, again);
  t.strictSame(seen(alices, bob), ["user_online", "user_offline"]);
  t.equal(alices.count("user_joined_chat", of(bob)), already);
  t.equal(alices.count("user_left_chat"), 0);
  await done(again, "update_status", { status: "away" });
  t.strictSame(await alices.next("user_online", of(bob)), { userId: bob.id, status: "away" });
});

t.test("a user who shares several rooms is notified once", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const rooms = await Promise.all([privateRoom(alice, bob), groupRoom(alice, [bob]), groupRoom(bob, [alice])]);
  const alices = await inRooms(alice, ...rooms);
  const bobs = await bob.connect();
  await alices.next("user_online");
  await done(bobs, "update_status", { status: "busy" });
  await alices.next("user_status_updated");
  for (const room of rooms) await fence(bob, room, alices);
  t.strictSame(seen(alices, bob), ["user_online", "busy"]);
  t.equal((await online(alices)).length, 1);
});

t.test("a user is online while any device is", async (t) => {
  const { bob, eve, alices } = await scene();
  const [phone, laptop, eves] = await Promise.all([bob.connect(), bob.connect(), eve.connect()]);
  await alices.next("user_online", of(bob));
  phone.close();
  eves.close();
  // Eve going offline shows that bob's would have been announced by now.
  await alices.next("user_offline", of(eve));
  t.strictSame(seen(alices, bob), ["user_online"]);
  t.match(await online(alices), [{ userId: bob.id }]);
  laptop.close();
  await alices.next("user_offline", of(bob));
  t.strictSame(seen(alices, bob), ["user_online", "user_offline"]);
});

t.test("a reconnect within the grace period causes no presence events", async (t) => {
  const { bob, eve, alices } = await scene();
  const [first, eves] = await Promise.all([bob.connect(), eve.connect()]);
  await alices.next("user_online", of(bob));
  first.close();
  const second = await bob.connect();
  second.close();
  await bob.connect();
  eves.close();
  await alices.next("user_offline", of(eve));
  t.match(await online(alices), [{ userId: bob.id }]);
  t.strictSame(seen(alices, bob), ["user_online"]);
});

t.test("a status survives a reconnect", async (t) => {
  const { bob, alices } = await scene();
  const first = await bob.connect();
  await done(first, "update_status", { status: "busy" });
  await alices.next("user_status_updated", of(bob));
  first.close();
  await alices.next("user_offline", of(bob));
  await bob.connect();
  t.match(await alices.next("user_online", ({ status }) => status === "busy"), { userId: bob.id });
});

t.test("a user who left the only shared room is no longer a contact", async (t) => {
  const { bob, alices, room } = await scene();
  const bobs = await inRooms(bob, room);
  await alices.next("user_online", of(bob));
  await bob.post(`/rooms/${room}/leave`);
  await alices.next("user_left_chat", of(bob));
  t.strictSame(await online(alices), []);
  t.strictSame(await online(bobs), []);
});
