// Whoever is invisible cannot be told from somebody who is not connected: by no event, and by no answer.
import { type Client, eventually, groupRoom, type Payload, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { done, fence, post } from "./socket-scene.js";

const system = await useSystem(t);

/** Alice watches; Bob is seen, so that what is told of him shows when it would have been told of the others. */
async function scene() {
  const [alice, bob, ghost, absent] = ["Alice", "Bob", "Ghost", "Absent"].map((name) => system.newUser(name)) as [
    User,
    User,
    User,
    User,
  ];
  const bobs = await bob.connect();
  await vanish(ghost, bob, bobs);
  // So that the names of both are known.
  await absent.get("/rooms");
  const room = await groupRoom(alice, [bob, ghost, absent]);
  const alices = await alice.connect();
  await alices.join(room);
  await bobs.join(room);
  await alices.next("user_joined_chat", ({ userId }) => userId === bob.id);
  return { alice, bob, ghost, absent, room, alices, bobs };
}

/** Chooses to be invisible, and disconnects, before Alice is there. */
async function vanish(ghost: User, bob: User, bobs: Client): Promise<void> {
  await bobs.join(await groupRoom(bob, [ghost]));
  const client = await ghost.connect();
  await bobs.next("user_online", ({ userId }) => userId === ghost.id);
  await done(client, "update_status", { status: "invisible" });
  await bobs.next("user_offline", ({ userId }) => userId === ghost.id);
  client.close();
}

type Scene = Awaited<ReturnType<typeof scene>>;

/** What the invisible one does that an absent one does not. */
async function haunt({ alice, ghost, room, alices, bobs }: Scene): Promise<Client> {
  const [phone, laptop] = await Promise.all([ghost.connect(), ghost.connect()]);
  await phone.join(room);
  await laptop.join(room, 0);
  for (const client of [phone, laptop]) {
    await done(client, "typing_start", { chatRoomId: room });
    await done(client, "get_online_users");
  }
  await done(phone, "typing_stop", { chatRoomId: room });
  await done(phone, "leave_chat", { chatRoomId: room });
  await phone.join(room);
  await done(laptop, "update_status", { status: "invisible" });
  const seq = await fence(alice, room, alices, bobs, phone, laptop);
  phone.close();
  await delivered(alices, seq);
  return laptop;
}

const delivered = (alices: Client, seq: number) =>
  eventually(() => alices.count("message_delivered", ({ deliveredSeq }) => deliveredSeq >= seq) > 0);

/** What a text says of somebody, without who it is and when. */
const about = (text: string, { id, name }: User) =>
  text
    .replaceAll(id, "ID")
    .replaceAll(name, "NAME")
    .replaceAll(/"\d{4}-[^"]+Z"/g, '"TIME"');

/** Everything that Alice may ask, as it is answered to her now. */
async function answers({ alice, room }: Scene, alices: Client, messageId: string): Promise<unknown[]> {
  const device = await alice.connect();
  const paths = [
    "/rooms",
    `/rooms/${room}`,
    `/rooms/${room}/participants`,
    `/rooms/${room}/stats`,
    `/rooms/${room}/messages`,
    `/messages/${messageId}`,
    `/messages/${messageId}/receipts`,
  ];
  const replies = await Promise.all(paths.map((path) => alice.get(path)));
  const joined = await device.join(room);
  const online = await done(alices, "get_online_users");
  device.close();
  return [...replies.map(({ body }) => body), joined, online];
}

/** Alice knows the same of both. */
async function expectSame(t: Test, scene: Scene, alices: Client, messageId: string): Promise<void> {
  const { ghost, absent } = scene;
  const of = (told: readonly unknown[], user: User) =>
    told.flatMap((one) => mentions(one, user.id).map((text) => about(text, user))).sort();
  const told = alices.events.map(({ event, payload }) => ({ event, payload }));
  t.strictSame(of(told, ghost), of(told, absent), "events");
  const answered = await answers(scene, alices, messageId);
  t.strictSame(of(answered, ghost), of(answered, absent), "answers");
}

/** The smallest objects in a value that name somebody, as JSON; and where only a list does, the list's name. */
function mentions(value: unknown, id: string, field = ""): string[] {
  if (typeof value === "string") return value === id ? [field] : [];
  if (typeof value !== "object" || value === null) return [];
  const parts = Object.entries(value);
  const own =
    parts.some(([, part]) => part === id) && !Array.isArray(value) ? [`${field} ${JSON.stringify(value)}`] : [];
  const event = "event" in value && typeof value.event === "string" ? value.event : undefined;
  const inside = parts.flatMap(([key, part]) =>
    Array.isArray(value) ? mentions(part, id, field) : mentions(part, id, event ?? key),
  );
  return own.length > 0 ? own : inside;
}

t.test("while they connect, join, type, receive and leave", async (t) => {
  const people = await scene();
  const { alice, alices, room } = people;
  const laptop = await haunt(people);
  const messageId = await post(alice, room, "to all");
  await laptop.next("new_message", ({ message }) => message._id === messageId);
  await expectSame(t, people, alices, messageId);
  laptop.close();
  // Somebody who leaves later is told by then.
  people.bobs.close();
  await alices.next("user_offline", ({ userId }) => userId === people.bob.id);
  await expectSame(t, people, alices, messageId);
});

t.test("what they say themselves is seen, and does not show that they are connected", async (t) => {
  const people = await scene();
  const { alices, ghost, absent, room, bob } = people;
  const laptop = await haunt(people);
  const told = (name: string, { id }: User) =>
    alices.events.filter(({ event, payload }) => event === name && (payload as { userId?: string }).userId === id);
  await done(laptop, "send_message", { chatRoomId: room, content: "said" });
  await absent.post(`/rooms/${room}/messages`, { content: "said" });
  for (const { id } of [ghost, absent]) await alices.next("new_message", ({ message }) => message.sender._id === id);
  await done(laptop, "mark_as_read", { chatRoomId: room });
  await absent.post(`/rooms/${room}/read`);
  await eventually(() => [ghost, absent].every((user) => hasRead(alices, user)));
  await fence(bob, room, alices);
  for (const event of ["user_typing", "user_stop_typing", "user_online", "user_offline", "user_joined_chat"])
    t.strictSame([told(event, ghost), told(event, absent)], [[], []], event);
});

const hasRead = (alices: Client, { id }: User) =>
  alices.count("message_read", ({ userId, readers = [] }: Payload<"message_read">) =>
    [userId, ...readers.map((reader) => reader.userId)].includes(id),
  ) > 0;

t.test("whoever is visible again has been reached, and types", async (t) => {
  const people = await scene();
  const { ghost, alices, room } = people;
  const laptop = await haunt(people);
  await done(laptop, "update_status", { status: "busy" });
  t.match(await alices.next("user_online", ({ userId }) => userId === ghost.id), { status: "busy" });
  await alices.next("message_delivered", ({ userId }) => userId === ghost.id);
  await done(laptop, "typing_start", { chatRoomId: room });
  await alices.next("user_typing", ({ userId }) => userId === ghost.id);
  await done(laptop, "update_status", { status: "invisible" });
  await alices.next("user_stop_typing", ({ userId }) => userId === ghost.id);
  await alices.next("user_offline", ({ userId }) => userId === ghost.id);
});
