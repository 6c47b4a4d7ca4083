// The actions of a person: drawn at random, retried until answered, and recorded once acknowledged.
import { setTimeout as sleep } from "node:timers/promises";
import type { Message, ReadMark } from "@khui/contracts";
import type { Follower } from "@khui/test-kit/follower";
import type { Random } from "@khui/test-kit/random";
import type { User } from "@khui/test-kit/user";
import { askUntilAnswered, type Operation, type Outcome, type Tally } from "./asking.js";
import type { Ledger } from "./ledger.js";

/** A person. One action at a time, so that the last answer is the state of what only they change. */
export interface Actor {
  readonly user: User;
  readonly follower: Follower;
  readonly random: Random;
  /** Rooms of which they are the admin; they do not leave these. */
  readonly ownRooms: ReadonlySet<string>;
  /** Rooms that they have left: no more actions there. */
  readonly leftRooms: Set<string>;
  /** Whether an action in a room is in flight. Somebody else changes their membership only when there is none. */
  isBusy: boolean;
  /** Messages and rooms with an unanswered try, which may still take effect at any time: no more actions there. */
  readonly uncertain: Set<string>;
}

export interface Stage {
  readonly actors: readonly Actor[];
  readonly roomIds: readonly string[];
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly givenUp: AbortSignal;
  /** A new number each time. */
  count(): number;
  /** A send was acknowledged. */
  onSent(): void;
  /** A client disconnects on purpose. */
  onAway(client: object): void;
}

type Action = (stage: Stage, actor: Actor) => Promise<void>;

const emojis = ["👍", "❤️", "😂", "🎉"];
/** Messages that actions may refer to. */
const recent = 30;
const absenceMs = { least: 500, most: 8_000 };

/** Sends the operation, counts it, and marks `subject` as unknown if an earlier try may still take effect. */
async function ask(stage: Stage, actor: Actor, operation: Operation, subject?: string): Promise<Outcome | undefined> {
  const { ledger, tally, givenUp } = stage;
  const outcome = await askUntilAnswered(actor.follower, operation, actor.random, tally, givenUp);
  if (!outcome) tally.refused.push(`${operation.kind} of ${actor.user.id} was never answered`);
  if (outcome?.ok) ledger.count(operation.kind);
  if (subject !== undefined && !outcome?.clean) actor.uncertain.add(subject);
  return outcome;
}

const roomsOf = ({ follower, leftRooms }: Actor) => [...follower.rooms].filter((id) => !leftRooms.has(id));

const someRoom = (actor: Actor) => actor.random.pick(roomsOf(actor));

/** One of the newest messages in one of their rooms for which `fits` is true. */
function someMessage(actor: Actor, fits: (message: Omit<Message, "status">) => boolean) {
  const roomId = someRoom(actor);
  if (roomId === undefined) return undefined;
  const known = actor.follower.model.messages(roomId).slice(-recent);
  const message = actor.random.pick(known.filter((one) => one.type === "text" && !one.isDeleted && fits(one)));
  return message && { roomId, message, path: `/messages/${message._id}` };
}

const send: Action = async (stage, actor) => {
  const roomId = someRoom(actor);
  if (roomId === undefined) return;
  const { user } = actor;
  const clientMessageId = `${user.id} ${stage.count()}`;
  const replyTo = actor.random.chance(0.2) ? someMessage(actor, ({ chatRoom }) => chatRoom === roomId) : undefined;
  const body = {
    content: `Text ${stage.count()}`,
    clientMessageId,
    ...(replyTo?.roomId === roomId ? { replyTo: replyTo.message._id } : {}),
  };
  const outcome = await ask(stage, actor, {
    kind: "send",
    rest: () => user.post(`/rooms/${roomId}/messages`, body),
    socket: { event: "send_message", payload: { chatRoomId: roomId, type: "text", ...body } },
  });
  if (!outcome?.ok) return;
  const { _id: messageId } = outcome.data as Message;
  stage.ledger.sent(roomId, clientMessageId, messageId);
  stage.onSent();
};

const edit: Action = async (stage, actor) => {
  const { user, uncertain } = actor;
  const found = someMessage(actor, ({ sender, _id }) => sender._id === user.id && !uncertain.has(_id));
  if (!found) return;
  const { roomId, path } = found;
  const messageId = found.message._id;
  const content = `Edit ${stage.count()}`;
  const operation = {
    kind: "edit",
    rest: () => user.put(path, { content }),
    socket: { event: "edit_message", payload: { chatRoomId: roomId, messageId, newContent: content } },
  };
  if ((await ask(stage, actor, operation, messageId))?.ok) stage.ledger.edited(messageId, content);
};

const remove: Action = async (stage, actor) => {
  const { user } = actor;
  const found = someMessage(actor, ({ sender }) => sender._id === user.id);
  if (!found) return;
  const { roomId, path } = found;
  const messageId = found.message._id;
  const operation = {
    kind: "delete",
    rest: () => user.delete(path, { deleteFor: "everyone" }),
    socket: { event: "delete_message", payload: { chatRoomId: roomId, messageId, deleteFor: "everyone" } },
  };
  // Before its event arrives, so that no other action uses it.
  actor.uncertain.add(messageId);
  if ((await ask(stage, actor, operation))?.ok) stage.ledger.deleted(messageId);
};

const hide: Action = async (stage, actor) => {
  const { user, follower } = actor;
  const found = someMessage(actor, ({ sender }) => sender._id !== user.id);
  if (!found) return;
  const { roomId, path } = found;
  const messageId = found.message._id;
  const operation = {
    kind: "hide",
    rest: () => user.delete(path, { deleteFor: "sender" }),
    socket: { event: "delete_message", payload: { chatRoomId: roomId, messageId, deleteFor: "sender" } },
  };
  if (!(await ask(stage, actor, operation))?.ok) return;
  stage.ledger.hid(user.id, messageId);
  follower.hide(roomId, messageId);
};

const react: Action = async (stage, actor) => {
  const { user, random, uncertain } = actor;
  const subject = (messageId: string) => `reaction ${messageId}`;
  const found = someMessage(actor, ({ _id }) => !uncertain.has(subject(_id)));
  if (!found) return;
  const { roomId, path } = found;
  const messageId = found.message._id;
  const emoji = random.chance(0.25) ? null : random.pick(emojis)!;
  const payload = { chatRoomId: roomId, messageId, emoji };
  const operation = {
    kind: "react",
    rest: () => (emoji === null ? user.delete(`${path}/reactions`) : user.post(`${path}/reactions`, { emoji })),
    ...(emoji === null ? {} : { socket: { event: "add_reaction", payload } }),
    // Its sender may delete it meanwhile.
    mayBe: ["message_not_found"],
  };
  if ((await ask(stage, actor, operation, subject(messageId)))?.ok) stage.ledger.reacted(messageId, user.id, emoji);
};

const read: Action = async (stage, actor) => {
  const roomId = someRoom(actor);
  if (roomId === undefined) return;
  const upTo = actor.random.chance(0.5) ? {} : { messageId: actor.follower.model.messages(roomId).at(-1)?._id };
  const outcome = await ask(stage, actor, {
    kind: "read",
    rest: () => actor.user.post(`/rooms/${roomId}/read`, upTo),
    socket: { event: "mark_as_read", payload: { chatRoomId: roomId, ...upTo } },
  });
  if (outcome?.ok) stage.ledger.read(roomId, actor.user.id, (outcome.data as ReadMark).readSeq);
};

const rename: Action = async (stage, actor) => {
  const roomId = actor.random.pick([...actor.ownRooms]);
  if (roomId === undefined) return;
  const name = `Room ${stage.count()}`;
  const change = { name, settings: { membersCanAdd: actor.random.chance(0.5) } };
  const operation = { kind: "rename", rest: () => actor.user.put(`/rooms/${roomId}/settings`, change) };
  if ((await ask(stage, actor, operation))?.ok) stage.ledger.named(roomId, name);
};

const join: Action = async (stage, actor) => {
  const { user, follower, random } = actor;
  const elsewhere = stage.roomIds.filter((id) => isOutside(actor, id));
  const roomId = random.pick(elsewhere);
  if (roomId === undefined) return;
  const operation = { kind: "join", rest: () => user.post(`/rooms/${roomId}/join`) };
  if (!(await ask(stage, actor, operation, roomId))?.ok) return;
  stage.ledger.member(roomId, user.id, true);
  await follower.enter(roomId, stage.givenUp);
};

/** Never was in the room, and is not about to be. */
const isOutside = ({ follower, leftRooms, uncertain }: Actor, roomId: string) =>
  !follower.rooms.has(roomId) && !leftRooms.has(roomId) && !uncertain.has(roomId);

/** One of their own rooms, and somebody else for whom `fits` is true there. */
function someOther(stage: Stage, actor: Actor, fits: (other: Actor, roomId: string) => boolean) {
  const roomId = actor.random.pick([...actor.ownRooms]);
  if (roomId === undefined) return undefined;
  const other = actor.random.pick(
    stage.actors.filter((one) => one !== actor && !one.isBusy && !one.uncertain.has(roomId) && fits(one, roomId)),
  );
  return other && { roomId, other, path: `/rooms/${roomId}/participants` };
}

const isInside = ({ follower, leftRooms }: Actor, roomId: string) =>
  follower.rooms.has(roomId) && !leftRooms.has(roomId);

const add: Action = async (stage, actor) => {
  const found = someOther(stage, actor, isOutside);
  if (!found) return;
  const { roomId, other, path } = found;
  const { id } = other.user;
  const role = actor.random.pick(["member", "admin"] as const)!;
  other.uncertain.add(roomId);
  const operation = { kind: "add", rest: () => actor.user.post(path, { userIds: [id], role }) };
  const outcome = await ask(stage, actor, operation);
  if (!outcome?.ok) return;
  stage.ledger.member(roomId, id, true);
  stage.ledger.role(roomId, id, role);
  await other.follower.enter(roomId, stage.givenUp);
  // Else an earlier try could take effect after they are removed.
  if (outcome.clean) other.uncertain.delete(roomId);
};

/** Final, as leaving is. */
const removePerson: Action = async (stage, actor) => {
  const found = someOther(stage, actor, isInside);
  if (!found) return;
  const { roomId, other, path } = found;
  const { id } = other.user;
  other.leftRooms.add(roomId);
  const operation = {
    kind: "remove",
    rest: () => actor.user.delete(`${path}/${id}`),
    // A retried operation may have taken effect before.
    mayBe: ["participant_not_found"],
  };
  const outcome = await ask(stage, actor, operation);
  if (!outcome) return;
  if (!outcome.ok && outcome.clean) stage.tally.refused.push(`removal of ${id}: it was in ${roomId}`);
  stage.ledger.member(roomId, id, false);
};

const setRole: Action = async (stage, actor) => {
  const subject = (roomId: string, { user }: Actor) => `role of ${user.id} in ${roomId}`;
  const found = someOther(
    stage,
    actor,
    (other, roomId) => isInside(other, roomId) && !actor.uncertain.has(subject(roomId, other)),
  );
  if (!found) return;
  const { roomId, other, path } = found;
  const { id } = other.user;
  const role = actor.random.pick(["member", "admin"] as const)!;
  const operation = {
    kind: "role",
    rest: () => actor.user.put(`${path}/${id}`, { role }),
    // They may leave meanwhile.
    mayBe: ["participant_not_found"],
  };
  if ((await ask(stage, actor, operation, subject(roomId, other)))?.ok) stage.ledger.role(roomId, id, role);
};

/** Final: they do not join again, since an earlier try could take effect after a later one. */
const leave: Action = async (stage, actor) => {
  const { user, ownRooms, leftRooms, uncertain, random } = actor;
  const rooms = roomsOf(actor);
  const roomId = random.pick(rooms.filter((id) => !ownRooms.has(id) && !uncertain.has(id)));
  if (roomId === undefined || rooms.length < 3) return;
  const operation = {
    kind: "leave",
    rest: () => user.post(`/rooms/${roomId}/leave`),
    // A retried operation may have taken effect before.
    mayBe: ["not_a_participant"],
  };
  const outcome = await ask(stage, actor, operation);
  if (!outcome) return;
  if (!outcome.ok && outcome.clean) stage.tally.refused.push(`leave of ${user.id}: it was in ${roomId}`);
  leftRooms.add(roomId);
  stage.ledger.member(roomId, user.id, false);
};

/** Disconnects for a while, and reconnects with its state. */
const absence: Action = async (stage, { follower, random }) => {
  follower.line.close();
  stage.onAway(follower);
  await sleep(random.between(absenceMs.least, absenceMs.most));
  if (!stage.givenUp.aborted) follower.line.open();
};

const shares: ReadonlyArray<readonly [number, Action]> = [
  [50, send],
  [10, edit],
  [4, remove],
  [4, hide],
  [14, react],
  [10, read],
  [2, rename],
  [2, join],
  [1, leave],
  [4, add],
  [3, removePerson],
  [4, setRole],
  [3, absence],
];
const total = shares.reduce((sum, [share]) => sum + share, 0);

/** Does one action, with as many tries as it needs. */
export async function act(stage: Stage, actor: Actor): Promise<void> {
  let at = actor.random.below(total);
  for (const [share, action] of shares) {
    at -= share;
    if (at >= 0) continue;
    actor.isBusy = action !== absence;
    await action(stage, actor);
    actor.isBusy = false;
    return;
  }
}
