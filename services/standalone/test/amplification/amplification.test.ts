// What an action costs others is in docs/amplification.md: every action has a row, and does not cost more than its row says.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Bus } from "@khui/bus";
import { clientEvents, decodeWire, type LiveHeader, routes } from "@khui/contracts";
import { type Client, connectClient } from "@khui/test-kit/client";
import { until } from "@khui/test-kit/until";
import { createUser, type Reply, type User } from "@khui/test-kit/user";
import t, { type Test } from "tap";
import { startEmbedded } from "../model/embedded-system.js";
import { type Action, evaluate, others, type Quantities, type Row, renderTable, rows } from "./table.js";

t.test("every event and route has a row, and only these", (t) => {
  const actions: string[] = [...Object.keys(clientEvents), ...Object.keys(routes), ...others];
  t.same(rows.flatMap((row) => row.actions).sort(), actions.sort());
  t.end();
});

t.test("docs/amplification.md has the table", (t) => {
  const page = readFileSync(new URL("../../../../docs/amplification.md", import.meta.url), "utf8");
  t.ok(page.includes(renderTable()), `it must contain:\n${renderTable()}`);
  t.end();
});

/** What others are sent, on the bus or over their sockets: the event, and its body. */
interface Told {
  readonly event: string;
  readonly body: string;
}

const published: Told[] = [];
const isPublished = (name: string, ...about: readonly string[]) =>
  published.some(({ event, body }) => event === name && about.every((id) => body.includes(id)));
/** The bus, of which everything about rooms and users is recorded. */
function recorded(bus: Bus): Bus {
  for (const subject of ["khui.room.>", "khui.user.>"]) {
    bus.subscribe(subject, ({ data }) => {
      const { header, body } = decodeWire<LiveHeader>(data);
      published.push({ event: header.event, body: header.watch === undefined ? body : JSON.stringify(header) });
    });
  }
  return bus;
}

const system = await startEmbedded({ wrapBus: recorded, receiptsMs: 1_000 });
t.teardown(() => system.close());

interface Person {
  readonly user: User;
  readonly client: Client;
  /** What this person's socket has been sent. */
  readonly told: Told[];
}

const closers = new Set<() => void>();
t.teardown(() => {
  for (const close of closers) close();
});

function newUser(): User {
  const id = `u${randomBytes(8).toString("hex")}`;
  const token = system.tokens.sign({ sub: id, name: id }, 3_600);
  return createUser(system.url, { id, name: id, token }, async () => {
    const onViolation = (violation: string) => t.fail(violation);
    const client = await connectClient({ url: system.url, userId: id, token, connect: {}, onViolation });
    closers.add(client.close);
    return client;
  });
}

async function connect(user: User): Promise<Person> {
  const client = await user.connect();
  const told: Told[] = [];
  client.socket.onAny((event: string, payload: unknown) => told.push({ event, body: JSON.stringify(payload) }));
  return { user, client, told };
}

async function newRoom(admin: User, members: readonly User[]): Promise<string> {
  const request = { type: "group", name: "a room", activityId: randomBytes(8).toString("hex") };
  const { status, body } = await admin.post("/rooms", { ...request, participants: members.map(({ id }) => id) });
  if (status !== 201) throw new Error(`no room: ${JSON.stringify(body)}`);
  return body.chatRoom._id;
}

interface Scene {
  /** Who acts, the admin of all rooms, with a second device. */
  readonly actor: Person;
  readonly phone: Person;
  /** Everybody else in the rooms; all but the last have joined them with their socket. */
  readonly others: readonly Person[];
  /** The last is for fences alone. */
  readonly rooms: readonly string[];
  readonly room: string;
  /** One of the actor's, and one of another person. */
  readonly messageId: string;
  readonly theirs: string;
}

const quantities: Quantities = { n: 4, r: 3, c: 4, p: 4, f: 2 };

async function makeScene(): Promise<Scene> {
  const [user, ...users] = Array.from({ length: 1 + quantities.n }, newUser) as [User, ...User[]];
  const rooms: string[] = [];
  for (let n = 0; n < quantities.r; n++) rooms.push(await newRoom(user, users));
  const [room] = rooms as [string];
  const [messageId, theirs] = [await send(user, room), await send(users[0]!, room)];
  const people = await Promise.all(users.map(connect));
  const [actor, phone] = [await connect(user), await connect(user)];
  for (const { client } of [actor, phone, ...people.slice(0, -1)]) for (const id of rooms) await client.join(id);
  await until("all are online", () => [user, ...users].every(({ id }) => isPublished("user_online", id)));
  // Who has not joined follows by their room list, which is loaded a moment after they signed in.
  let looks = 0;
  await until("the last follows their room list", async () => {
    if (looks++ % 50 === 0) await send(users[0]!, rooms.at(-1)!, "fence");
    return people.at(-1)!.told.some(({ event }) => event === "chat_updated");
  });
  return { actor, phone, others: people, rooms, room, messageId, theirs };
}

async function send(by: User, roomId: string, content = "a text"): Promise<string> {
  const { status, body } = await by.post(`/rooms/${roomId}/messages`, { content });
  if (status !== 201) throw new Error(`not sent: ${JSON.stringify(body)}`);
  return body.data._id;
}

/** When it resolves, everything published before has been received. */
async function fence({ others, rooms }: Scene): Promise<void> {
  const id = await send(others[0]!.user, rooms.at(-1)!, "fence");
  const passed = ({ told }: Person) => told.some(({ body }) => body.includes(id));
  await until("the fence is received", () => others.every(passed));
}

/** What is told after this has been called. Deliveries follow from fences too, and are only of interest by themselves. */
function watch(
  { others }: Scene,
  isCounted = ({ event, body }: Told) => event !== "message_delivered" && !body.includes('"fence"'),
) {
  const [first, ...firsts] = [published.length, ...others.map(({ told }) => told.length)];
  return {
    bus: () => published.slice(first).filter(isCounted),
    frames: () => others.flatMap(({ told }, n) => told.slice(firsts[n])).filter(isCounted),
  };
}

type Act = (scene: Scene) => Promise<unknown>;

/** How each action is done. Those without cost what others of their row do, or nothing. */
const acting: { readonly [Name in Action]?: Act } = {
  send_message: ({ actor, room }) => asked(actor, "send_message", { chatRoomId: room, content: "x" }),
  sendMessage: ({ actor, room }) => send(actor.user, room),
  forwardMessage: ({ actor, rooms, messageId }) =>
    answered(actor.user.post(`/messages/${messageId}/forward`, { chatRoomIds: rooms.slice(0, quantities.f) })),
  edit_message: ({ actor, messageId }) => asked(actor, "edit_message", { messageId, newContent: "y" }),
  editMessage: ({ actor, messageId }) => answered(actor.user.put(`/messages/${messageId}`, { content: "y" })),
  delete_message: ({ actor, messageId }) => asked(actor, "delete_message", { messageId, deleteFor: "everyone" }),
  deleteMessage: ({ actor, messageId }) =>
    answered(actor.user.delete(`/messages/${messageId}`, { deleteFor: "everyone" })),
  add_reaction: ({ actor, theirs }) => asked(actor, "add_reaction", { messageId: theirs, emoji: "👍" }),
  removeReaction: ({ actor, theirs }) => answered(actor.user.delete(`/messages/${theirs}/reactions`)),
  addReaction: ({ actor, theirs }) => answered(actor.user.post(`/messages/${theirs}/reactions`, { emoji: "👍" })),
  mark_as_read: ({ actor, room }) => asked(actor, "mark_as_read", { chatRoomId: room }),
  markRead: ({ actor, room }) => answered(actor.user.post(`/rooms/${room}/read`)),
  typing_start: ({ actor, room }) => asked(actor, "typing_start", { chatRoomId: room }),
  join_chat: ({ actor, room }) => asked(actor, "join_chat", { chatRoomId: room }),
  leave_chat: leave,
  authenticate: ({ actor }) => actor.user.connect(),
  receiving: ({ others, room }) => send(others[0]!.user, room),
  update_status: ({ actor }) => asked(actor, "update_status", { status: "busy" }),
  get_online_users: ({ actor }) => asked(actor, "get_online_users"),
  disconnecting: async ({ actor, phone }) => {
    actor.client.close();
    phone.client.close();
  },
  "coming back": async ({ actor, phone, room }) => {
    actor.client.close();
    phone.client.close();
    const again = await actor.user.connect();
    await again.join(room, 0);
  },
  createRoom: ({ actor, others }) =>
    newRoom(
      actor.user,
      others.slice(1).map(({ user }) => user),
    ),
  joinRoom: ({ room }) => answered(newUser().post(`/rooms/${room}/join`)),
  leaveRoom: ({ actor, room }) => answered(actor.user.post(`/rooms/${room}/leave`)),
  updateSettings: ({ actor, room }) => answered(actor.user.put(`/rooms/${room}/settings`, { name: "another" })),
  listRooms: ({ actor }) => answered(actor.user.get("/rooms")),
  listMessages: ({ actor, room }) => answered(actor.user.get(`/rooms/${room}/messages`)),
};

/** What comes before the action, where it is not what any scene begins with. */
const preparing: { readonly [Name in Action]?: Act } = {
  join_chat: leave,
  removeReaction: ({ actor, theirs }) => asked(actor, "add_reaction", { messageId: theirs, emoji: "👍" }),
  authenticate: async ({ actor, phone }) => {
    for (const { client } of [actor, phone]) client.close();
    await until("they are offline", () => isPublished("user_offline", actor.user.id));
  },
  receiving: ({ actor, room }) =>
    until("the first messages are delivered", () => isPublished("message_delivered", room, actor.user.id)),
};

async function leave({ actor, phone, room }: Scene): Promise<void> {
  for (const device of [phone, actor]) await asked(device, "leave_chat", { chatRoomId: room });
}

async function asked({ client }: Person, event: string, payload?: object): Promise<void> {
  const answer = await client.ask(event, payload);
  if (!answer.success) throw new Error(`${event} was refused: ${JSON.stringify(answer)}`);
}

async function answered(reply: Promise<Reply>): Promise<void> {
  const { status, body } = await reply;
  if (status >= 300) throw new Error(`refused: ${JSON.stringify(body)}`);
}

for (const row of rows) {
  for (const action of row.actions) {
    const act = acting[action];
    if (!act) continue;
    t.test(`${action} costs others what the table says`, async (t) => {
      const scene = await makeScene();
      await preparing[action]?.(scene);
      await fence(scene);
      const { bus, frames } = watch(scene, action === "receiving" ? isReceiptOf(scene) : undefined);
      await act(scene);
      const [most, mostFrames] = [evaluate(row.bus, quantities), evaluate(row.frames, quantities)];
      if (most > 0) await until("it is published", () => bus().length > 0);
      await fence(scene);
      check(t, row, bus(), most);
      check(t, row, frames(), mostFrames);
    });
  }
}

const isReceiptOf =
  ({ actor, room }: Scene) =>
  ({ event, body }: Told) =>
    event === "message_delivered" && body.includes(room) && body.includes(actor.user.id);

function check(t: Test, { events, kilobytes }: Row, told: readonly Told[], most: number): void {
  const summary = told.map(({ event }) => event || "watch").join(", ");
  t.ok(told.length <= most && (told.length > 0 || most === 0), `${told.length} (${summary}), at most ${most}`);
  t.ok(
    told.every(({ event }) => event === "" || events.some((known) => known === event)),
    summary,
  );
  t.ok(told.every(({ body }) => Buffer.byteLength(body) <= kilobytes * 1024 || body.includes('"watch"')));
}

/** More than one second apart, so at most so many in this time; one more for timers that are a little early. */
const windowsSince = (startedAt: number) => 2 + Math.floor((performance.now() - startedAt) / 1_000);

t.test("a status that is toggled without end is published once a second, and in the end as it is", async (t) => {
  const scene = await makeScene();
  await fence(scene);
  const { bus, frames } = watch(scene);
  const startedAt = performance.now();
  for (let n = 0; n < 50; n++)
    for (const status of ["away", "busy"]) await asked(scene.actor, "update_status", { status });
  await asked(scene.phone, "update_status", { status: "online" });
  const last = () => frames().at(-1)?.body ?? "";
  await until("others see the last one", () => last().includes('"online"'));
  await fence(scene);
  const most = windowsSince(startedAt);
  t.ok(bus().length <= most * quantities.r, `${bus().length} messages on the bus`);
  t.ok(frames().length <= most * quantities.c, `${frames().length} frames`);
  t.match(last(), scene.actor.user.id);
});

t.test("typing that is toggled from three sockets is published once a second, and ends", async (t) => {
  const scene = await makeScene();
  const { room: chatRoomId } = scene;
  const tablet = await connect(scene.actor.user);
  await tablet.client.join(chatRoomId);
  await fence(scene);
  const { bus, frames } = watch(scene);
  const startedAt = performance.now();
  for (let n = 0; n < 50; n++) {
    for (const event of ["typing_start", "typing_stop"])
      await Promise.all([scene.actor, scene.phone, tablet].map((device) => asked(device, event, { chatRoomId })));
  }
  const joined = quantities.n - 1;
  const ends = () => frames().filter(({ event }) => event === "user_stop_typing").length;
  const starts = () => frames().filter(({ event }) => event === "user_typing").length;
  await until("it has ended for all", () => ends() > 0 && ends() === starts());
  await fence(scene);
  t.ok(bus().length <= windowsSince(startedAt), `${bus().length} messages on the bus`);
  t.equal(starts() % joined, 0);
});

t.test("whoever reads one message after the other is shown once a second, and in the end where they are", async (t) => {
  const scene = await makeScene();
  const { room, actor, others } = scene;
  const ids: string[] = [];
  for (let n = 0; n < 50; n++) ids.push(await send(others[0]!.user, room));
  await fence(scene);
  const { bus, frames } = watch(scene);
  const startedAt = performance.now();
  for (const messageId of ids) await asked(actor, "mark_as_read", { chatRoomId: room, messageId });
  const joined = quantities.n - 1;
  const last = () => frames().filter(({ body }) => body.includes(ids.at(-1)!)).length;
  await until("others see the last one", () => last() === joined);
  await fence(scene);
  const most = windowsSince(startedAt);
  t.ok(bus().length <= most, `${bus().length} messages on the bus`);
  t.ok(frames().length <= most * joined, `${frames().length} frames`);
});
