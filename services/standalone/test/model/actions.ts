// All actions of people on rooms and messages, drawn at random and done over REST or a socket.

import { fetchMessages } from "@khui/test-kit/fetch-room";
import type { Reply, User } from "@khui/test-kit/user";
import fc from "fast-check";
import type { Device } from "./device.js";
import type { Room, World } from "./world.js";

type Step = (world: World, action: Action, person: User) => Promise<void>;

export interface Action {
  readonly kind: keyof typeof steps;
  readonly person: number;
  /** The index of the room or message, modulo their number. */
  readonly room: number;
  readonly message: number;
  readonly over: "rest" | "socket";
  /** Selects the variant of the action. */
  readonly form: number;
}

/** Refusals (such as a missing right) change nothing; these codes mean that something broke. */
const broken = /^(internal_error|service_unavailable|rate_limited)$/;

async function rest(reply: Promise<Reply>): Promise<Reply> {
  const { status, body } = await reply;
  if (status >= 500 || status === 429) throw new Error(`answered with ${status} ${body.code}`);
  return reply;
}

/** By socket when the action says so and the person has one. */
async function ask(
  world: World,
  action: Action,
  person: User,
  event: string,
  payload: object,
  request: () => Promise<Reply>,
) {
  const device = action.over === "socket" ? deviceOf(world, person) : undefined;
  if (!device?.client) return void (await rest(request()));
  const answer = await device.client.ask(event, payload);
  if (!answer.success && broken.test(answer.code)) throw new Error(`${event} was answered with ${answer.code}`);
}

const deviceOf = (world: World, person: User) => world.devices.find(({ user, client }) => user === person && client);
const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % items.length];
const roomsOf = (world: World, person: User) => world.rooms.filter(({ members }) => members.has(person));

/** The room of the action, recorded as touched. */
function touch(world: World, rooms: readonly Room[], index: number): Room | undefined {
  const room = pick(rooms, index);
  if (room) world.touched.add(room);
  return room;
}

const groupsOf = (world: World, person: User) => roomsOf(world, person).filter(({ type }) => type === "group");
const participantsOf = ({ id }: Room) => `/rooms/${id}/participants`;

const groupsWithout = (world: World, person: User) =>
  world.rooms.filter(({ type, members }) => type === "group" && !members.has(person));

const devicesOf = (world: World, room: Room) => world.devices.filter(({ user }) => room.members.has(user));

async function openOn(devices: readonly Device[], roomId: string): Promise<void> {
  for (const device of devices) await device.open(roomId);
}

/** Somebody came into the room: their devices show it. */
async function enter(world: World, room: Room, person: User): Promise<void> {
  room.members.add(person);
  await openOn(
    world.devices.filter(({ user }) => user === person),
    room.id,
  );
}

async function make(world: World, person: User, type: Room["type"], others: readonly User[]): Promise<void> {
  const participants = others.map(({ id }) => id);
  const group = { name: `Room ${world.count()}`, activityId: "an activity" };
  const { body } = await rest(person.post("/rooms", { type, participants, ...(type === "group" ? group : {}) }));
  if (world.rooms.some(({ id }) => id === body.chatRoom._id)) return;
  const room = { id: body.chatRoom._id, type, members: new Set([person, ...others]) };
  world.rooms.push(room);
  world.touched.add(room);
  await openOn(devicesOf(world, room), room.id);
}

/** One of the messages that the person sees in one of their rooms. */
async function someMessage(world: World, action: Action, person: User) {
  const room = touch(world, roomsOf(world, person), action.room);
  if (!room) return undefined;
  const { messages } = await fetchMessages(person, room.id);
  const message = pick(messages, action.message);
  return message && { room, message, path: `/messages/${message._id}` };
}

const send: Step = async (world, action, person) => {
  const room = touch(world, roomsOf(world, person), action.room);
  if (!room) return;
  const clientMessageId = `${person.id} ${world.count()}`;
  const replyTo = action.form >= 2 ? ((await someMessage(world, action, person))?.message._id ?? null) : null;
  const body = { content: `Text ${world.count()}`, replyTo, clientMessageId };
  const path = `/rooms/${room.id}/messages`;
  const once = () =>
    ask(world, action, person, "send_message", { chatRoomId: room.id, ...body }, () => person.post(path, body));
  await once();
  // A client without an answer sends again.
  if (action.form % 2 === 1) await once();
};

/** Sent by REST and then announced by the socket, as in the documented example. */
const sendAndAnnounce: Step = async (world, action, person) => {
  const room = touch(world, roomsOf(world, person), action.room);
  if (!room) return;
  const { body } = await rest(person.post(`/rooms/${room.id}/messages`, { content: `Text ${world.count()}` }));
  const messageId = body.data._id;
  await deviceOf(world, person)?.client?.ask("send_message", { chatRoomId: room.id, messageId, type: "text" });
};

const steps = {
  send,
  sendAndAnnounce,
  async sendMany(world: World, action: Action, person: User) {
    const room = touch(world, roomsOf(world, person), action.room);
    for (let n = 0; room && n < action.form + 2; n++) {
      await rest(person.post(`/rooms/${room.id}/messages`, { content: `Text ${world.count()}` }));
    }
  },
  async makePrivate(world: World, { form }: Action, person: User) {
    const others = world.people.filter((other) => other !== person);
    await make(world, person, "private", others.slice(form % 2, (form % 2) + 1));
  },
  async makeGroup(world: World, { form }: Action, person: User) {
    const others = world.people.filter((other) => other !== person);
    await make(
      world,
      person,
      "group",
      others.filter((_, i) => (form >> i) % 2 === 1),
    );
  },
  async join(world: World, action: Action, person: User) {
    const room = touch(world, groupsWithout(world, person), action.room);
    if (!room) return;
    const { status } = await rest(person.post(`/rooms/${room.id}/join`));
    if (status === 200) await enter(world, room, person);
  },
  async addPerson(world: World, action: Action, person: User) {
    const room = touch(world, groupsOf(world, person), action.room);
    const others = world.people.filter((other) => other !== person);
    const added = action.form < 2 ? others : others.slice(action.form - 2, action.form - 1);
    if (!room) return;
    const role = action.message % 2 === 0 ? "admin" : "member";
    const userIds = added.map(({ id }) => id);
    const { status } = await rest(person.post(`/rooms/${room.id}/participants`, { userIds, role }));
    for (const other of added) if (status === 200 && !room.members.has(other)) await enter(world, room, other);
  },
  async removePerson(world: World, action: Action, person: User) {
    const room = touch(world, groupsOf(world, person), action.room);
    const other = pick(world.people, action.form);
    if (!room || !other) return;
    const { status } = await rest(person.delete(`${participantsOf(room)}/${encodeURIComponent(other.id)}`));
    if (status === 200) room.members.delete(other);
  },
  async setRole(world: World, action: Action, person: User) {
    const room = touch(world, groupsOf(world, person), action.room);
    const other = pick(world.people, action.form);
    if (!room || !other) return;
    const role = action.message % 3 === 0 ? "member" : "admin";
    await rest(person.put(`${participantsOf(room)}/${encodeURIComponent(other.id)}`, { role }));
  },
  /** An admin invites, and somebody who is not in the room comes: as often as the invitation says. */
  async invite(world: World, action: Action, person: User) {
    const room = touch(world, groupsOf(world, person), action.room);
    if (!room) return;
    const maxUses = (action.form % 2) + 1;
    const { body } = await rest(person.post(`/rooms/${room.id}/invitations`, { maxUses }));
    const { code } = (body.invitation ?? {}) as { code?: string };
    if (!code) return;
    for (const other of world.people.filter((other) => !room.members.has(other))) {
      const { status } = await rest(other.post(`/invitations/${code}/join`));
      if (status === 200) await enter(world, room, other);
    }
  },
  async leave(world: World, action: Action, person: User) {
    const room = touch(world, groupsOf(world, person), action.room);
    if (!room) return;
    await rest(person.post(`/rooms/${room.id}/leave`));
    room.members.delete(person);
  },
  async changeSettings(world: World, action: Action, person: User) {
    const room = touch(world, roomsOf(world, person), action.room);
    const changes = [
      { name: `Room ${world.count()}` },
      { settings: { allowReactions: false } },
      { settings: { allowReactions: true, allowStickers: false } },
      { description: `About ${world.count()}`, avatar: "https://example.org/a.png" },
      { settings: { joinPolicy: "invite" } },
      { settings: { joinPolicy: "closed", membersCanAdd: true } },
      { settings: { joinPolicy: "open", membersCanAdd: false } },
    ];
    if (room) await rest(person.put(`/rooms/${room.id}/settings`, pick(changes, 4 * action.message + action.form)));
  },
  async edit(world: World, action: Action, person: User) {
    const found = await someMessage(world, action, person);
    if (!found) return;
    const target = { chatRoomId: found.room.id, messageId: found.message._id };
    // The same text again is no edit.
    const content = action.form === 0 ? (found.message.content ?? "") : `Text ${world.count()}`;
    await ask(world, action, person, "edit_message", { ...target, newContent: content }, () =>
      person.put(found.path, { content }),
    );
  },
  remove: (world: World, action: Action, person: User) => removeFor("everyone", world, action, person),
  hide: (world: World, action: Action, person: User) => removeFor("sender", world, action, person),
  async react(world: World, action: Action, person: User) {
    const found = await someMessage(world, action, person);
    if (!found) return;
    const reaction = [{ emoji: "👍", reactionType: "like" }, { emoji: "❤️" }, { emoji: "🧑‍🌾" }, { emoji: "👍" }][
      action.form
    ]!;
    const payload = { chatRoomId: found.room.id, messageId: found.message._id, ...reaction };
    await ask(world, action, person, "add_reaction", payload, () => person.post(`${found.path}/reactions`, reaction));
  },
  async unreact(world: World, action: Action, person: User) {
    const found = await someMessage(world, action, person);
    if (found) await rest(person.delete(`${found.path}/reactions`));
  },
  async forward(world: World, action: Action, person: User) {
    const found = await someMessage(world, action, person);
    const chatRoomIds = world.rooms.filter((_, i) => (action.form + 1) & (1 << (i % 3))).map(({ id }) => id);
    for (const room of world.rooms) world.touched.add(room);
    if (found && chatRoomIds.length > 0) await rest(person.post(`${found.path}/forward`, { chatRoomIds }));
  },
  async read(world: World, action: Action, person: User) {
    const found = await someMessage(world, action, person);
    if (!found) return;
    const upTo = action.form < 2 ? {} : { messageId: found.message._id };
    const chatRoomId = found.room.id;
    await ask(world, action, person, "mark_as_read", { chatRoomId, ...upTo }, () =>
      person.post(`/rooms/${chatRoomId}/read`, upTo),
    );
  },
  async disconnect(world: World, { person, form }: Action) {
    world.devices[(person + form) % world.devices.length]?.disconnect();
  },
  async reconnect(world: World, { person, form }: Action) {
    for (const room of world.rooms) world.touched.add(room);
    const away = pick(
      world.devices.filter(({ client }) => !client),
      person + form,
    );
    await away?.connect(roomsOf(world, away.user).map(({ id }) => id));
  },
} as const;

async function removeFor(deleteFor: "everyone" | "sender", world: World, action: Action, person: User): Promise<void> {
  const found = await someMessage(world, action, person);
  if (!found) return;
  const payload = { chatRoomId: found.room.id, messageId: found.message._id, deleteFor };
  await ask(world, action, person, "delete_message", payload, () => person.delete(found.path, { deleteFor }));
}

/** Does one action. Throws when the system broke; a refusal is not a failure. */
export async function perform(world: World, action: Action): Promise<void> {
  const person = pick(world.people, action.person);
  if (person) await steps[action.kind](world, action, person);
}

/** Common actions more often. */
const kinds = Object.keys(steps) as Array<Action["kind"]>;
const often: Array<Action["kind"]> = [
  "send",
  "sendMany",
  "read",
  "edit",
  "remove",
  "hide",
  "reconnect",
  "addPerson",
  "removePerson",
];

/** Sequences that begin with a group of all three, so that there is something to act on. */
export const sequences = (maxLength: number) =>
  fc.array(
    fc.record<Action>({
      kind: fc.constantFrom(...kinds, ...often),
      person: fc.nat(2),
      room: fc.nat(5),
      message: fc.nat(15),
      over: fc.constantFrom("rest", "socket"),
      form: fc.nat(3),
    }),
    { minLength: 1, maxLength, size: "max" },
  );

export const opening: readonly Action[] = [
  { kind: "makeGroup", person: 0, room: 0, message: 0, over: "rest", form: 3 },
  { kind: "makePrivate", person: 1, room: 0, message: 0, over: "rest", form: 0 },
];

export const base = { person: 0, room: 0, message: 0, over: "rest", form: 0 } as const;

/** Two admins: each is removed by the other, added as an admin again, and demoted, also while away. */
export const governed: Action[] = [
  { ...base, kind: "setRole", message: 1, form: 1 },
  { ...base, kind: "removePerson", person: 1, form: 0 },
  { ...base, kind: "addPerson", person: 1, form: 0 },
  { ...base, kind: "disconnect" },
  { ...base, kind: "sendMany", person: 1, form: 1 },
  { ...base, kind: "setRole", person: 1, form: 0 },
  { ...base, kind: "removePerson", person: 1, form: 2 },
  { ...base, kind: "invite", person: 1, form: 1 },
  { ...base, kind: "reconnect" },
  { ...base, kind: "disconnect", person: 2, form: 1 },
  { ...base, kind: "removePerson", person: 1, form: 2 },
  { ...base, kind: "reconnect" },
  { ...base, kind: "addPerson", person: 1, message: 1, form: 0 },
];
