// How each case of the table is asked, and what was answered.
import { randomBytes } from "node:crypto";
import { type ErrorCode, errors, routes } from "@khui/contracts";
import type { Client } from "@khui/test-kit/client";
import type { Reply, User } from "@khui/test-kit/user";
import type { Action, Case, variants } from "./table.js";

export interface Person {
  readonly user: User;
  readonly client: Client;
  /** A closed group that nobody else is in, and a message there. */
  readonly home: { readonly roomId: string; readonly messageId: string };
}

/** What a case names: a room with what is in it, or well-formed ids of nothing. */
export interface Target {
  readonly roomId: string;
  /** A message of the asker, who may have left since, or of another person where they were never in. */
  readonly own: string;
  /** A message of another person. */
  readonly theirs: string;
  readonly code: string;
  /** Somebody in the room, who is a member, and two who are not. */
  readonly inside: string;
  readonly outside: string;
  readonly newcomer: string;
  /** Prepares the room for the next question, and answers the id of a new message of another person. */
  prepare(change: "say" | "add inside" | "members may add" | "members may not add"): Promise<string>;
}

export interface Told {
  readonly code: string;
  /** Without what is different in every answer: the ids that were asked about. */
  readonly body: string;
}

type Ask = (person: Person, target: Target) => Promise<Told>;
const id = () => randomBytes(12).toString("hex");

export const nothing: Target = {
  roomId: id(),
  own: id(),
  theirs: id(),
  code: "A".repeat(22),
  inside: "nobody",
  outside: "nobody",
  newcomer: "nobody",
  prepare: async () => nothing.theirs,
};

const without = (body: unknown, { roomId, own, theirs, code, inside, outside }: Target): string =>
  [roomId, own, theirs, code, inside, outside].reduce((text, part) => text.replaceAll(part, "…"), JSON.stringify(body));

/** The status must be the one that belongs to the code. */
function told(route: keyof typeof routes, { status, body }: Pick<Reply, "status" | "body">, target: Target): Told {
  const { status: success = 200 } = routes[route] as { status?: number };
  const code = body.success ? "ok" : body.code;
  const expected = body.success ? success : errors[body.code as ErrorCode]?.status;
  if (status !== expected) throw new Error(`${route} answered ${status} ${JSON.stringify(body)}`);
  return { code, body: without(body, target) };
}

type Request = (person: Person, target: Target) => Promise<Pick<Reply, "status" | "body">>;
const rest =
  (route: keyof typeof routes, request: Request): Ask =>
  async (person, target) =>
    told(route, await request(person, target), target);

const emit =
  (event: Action, payload: (target: Target, person: Person) => object): Ask =>
  async (person, target) => {
    const answer = await person.client.ask(event, payload(target, person));
    return { code: answer.success ? "ok" : answer.code, body: without(answer, target) };
  };

/** Asks after the room was made ready for it; what there is to say is another person's new message. */
const after =
  (change: Parameters<Target["prepare"]>[0], ask: Ask): Ask =>
  async (person, target) =>
    ask(person, { ...target, theirs: await target.prepare(change) });

/** Of one's own message: where the asker can still send, a new one, since others may be deleted by now. */
const withOwn =
  (ask: Ask): Ask =>
  async (person, target) => {
    const { body } = await person.user.post(`/rooms/${target.roomId}/messages`, { content: "my own" });
    return ask(person, body.success ? { ...target, own: body.data._id } : target);
  };

const everyone = { deleteFor: "everyone" } as const;
const sender = { deleteFor: "sender" } as const;
const thumb = { emoji: "👍" } as const;
const person = (target: Target) => `/rooms/${target.roomId}/participants/${target.inside}`;
const other = (target: Target) => `/rooms/${target.roomId}/participants/${target.outside}`;
const add =
  (role: "member" | "admin"): Request =>
  ({ user }, { roomId, newcomer }) =>
    user.post(`/rooms/${roomId}/participants`, { userIds: [newcomer], role });

/** A part of the answer: the outcome of the room that was asked about. */
const joinSeveral: Ask = async ({ client, home }, target) => {
  const rooms = [{ chatRoomId: home.roomId }, { chatRoomId: target.roomId }];
  const answer = await client.ask("join_chat", { rooms });
  const outcomes = answer.success ? (answer.data as { rooms: { code?: string }[] }).rooms : [];
  return { code: outcomes[1]?.code ?? "ok", body: without(outcomes[1], target) };
};

/** Sends a form, as `User` does not. */
export function sendFile(url: string): Request {
  return async ({ user }, { roomId }) => {
    const form = new FormData();
    form.append("file", new Blob(["a note"]), "note.txt");
    form.append("type", "file");
    const headers = { authorization: `Bearer ${user.token}` };
    const address = `${url}/api/v1/chat/rooms/${roomId}/messages/media`;
    const answer = await fetch(address, { method: "POST", headers, body: form });
    return { status: answer.status, body: (await answer.json()) as Reply["body"] };
  };
}

/** `sticker`: one that everybody has. */
export function createAsks(
  url: string,
  sticker: object,
): { readonly [Name in (typeof variants)[number]]: Ask } & { readonly [Name in Action]?: Ask } {
  return {
    getRoom: rest("getRoom", ({ user }, { roomId }) => user.get(`/rooms/${roomId}`)),
    listParticipants: rest("listParticipants", ({ user }, { roomId }) => user.get(`/rooms/${roomId}/participants`)),
    roomStats: rest("roomStats", ({ user }, { roomId }) => user.get(`/rooms/${roomId}/stats`)),
    listMessages: rest("listMessages", ({ user }, { roomId }) => user.get(`/rooms/${roomId}/messages`)),
    join_chat: emit("join_chat", ({ roomId }) => ({ chatRoomId: roomId })),
    "join_chat: as one of several rooms": joinSeveral,
    sendMessage: rest("sendMessage", ({ user }, { roomId }) =>
      user.post(`/rooms/${roomId}/messages`, { content: "x" }),
    ),
    send_message: emit("send_message", ({ roomId }) => ({ chatRoomId: roomId, content: "x" })),
    sendMedia: rest("sendMedia", sendFile(url)),
    sendSticker: rest("sendSticker", ({ user }, { roomId }) => user.post(`/rooms/${roomId}/messages/sticker`, sticker)),
    "forwardMessage: into it": rest("forwardMessage", ({ user, home }, { roomId }) =>
      user.post(`/messages/${home.messageId}/forward`, { chatRoomIds: [roomId] }),
    ),
    "sendMessage: a reply to a message of another room": rest("sendMessage", ({ user, home }, { roomId }) =>
      user.post(`/rooms/${roomId}/messages`, { content: "x", replyTo: home.messageId }),
    ),
    "sendMessage: a reply to one of its messages, in a room of one's own": rest(
      "sendMessage",
      ({ user, home }, { theirs }) => user.post(`/rooms/${home.roomId}/messages`, { content: "x", replyTo: theirs }),
    ),
    markRead: rest("markRead", ({ user }, { roomId }) => user.post(`/rooms/${roomId}/read`)),
    mark_as_read: emit("mark_as_read", ({ roomId }) => ({ chatRoomId: roomId })),
    "markRead: up to one of its messages": rest("markRead", ({ user }, { roomId, theirs }) =>
      user.post(`/rooms/${roomId}/read`, { messageId: theirs }),
    ),
    "mark_as_read: up to one of its messages": emit("mark_as_read", ({ roomId, theirs }) => ({
      chatRoomId: roomId,
      messageId: theirs,
    })),
    "markRead: up to one of its messages, in a room of one's own": rest("markRead", ({ user, home }, { theirs }) =>
      user.post(`/rooms/${home.roomId}/read`, { messageId: theirs }),
    ),
    typing_start: emit("typing_start", ({ roomId }) => ({ chatRoomId: roomId })),
    typing_stop: emit("typing_stop", ({ roomId }) => ({ chatRoomId: roomId })),
    leave_chat: emit("leave_chat", ({ roomId }) => ({ chatRoomId: roomId })),
    getMessage: rest("getMessage", ({ user }, { theirs }) => user.get(`/messages/${theirs}`)),
    listReactions: rest("listReactions", ({ user }, { theirs }) => user.get(`/messages/${theirs}/reactions`)),
    listReceipts: rest("listReceipts", ({ user }, { theirs }) => user.get(`/messages/${theirs}/receipts`)),
    forwardMessage: rest("forwardMessage", ({ user, home }, { theirs }) =>
      user.post(`/messages/${theirs}/forward`, { chatRoomIds: [home.roomId] }),
    ),
    addReaction: rest("addReaction", ({ user }, { theirs }) => user.post(`/messages/${theirs}/reactions`, thumb)),
    add_reaction: emit("add_reaction", ({ roomId, theirs }) => ({ chatRoomId: roomId, messageId: theirs, ...thumb })),
    removeReaction: rest("removeReaction", ({ user }, { theirs }) => user.delete(`/messages/${theirs}/reactions`)),
    "send_message: announcing one's own message": withOwn(
      emit("send_message", ({ roomId, own }) => ({ chatRoomId: roomId, messageId: own })),
    ),
    "send_message: announcing another's message": emit("send_message", ({ roomId, theirs }) => ({
      chatRoomId: roomId,
      messageId: theirs,
    })),
    "editMessage: one's own": withOwn(
      rest("editMessage", ({ user }, { own }) => user.put(`/messages/${own}`, { content: "y" })),
    ),
    "edit_message: one's own": withOwn(emit("edit_message", ({ own }) => ({ messageId: own, newContent: "z" }))),
    "edit_message: one's own, named with another room": withOwn(
      emit("edit_message", ({ own }, { home }) => ({ chatRoomId: home.roomId, messageId: own, newContent: "z" })),
    ),
    "editMessage: another's": rest("editMessage", ({ user }, { theirs }) =>
      user.put(`/messages/${theirs}`, { content: "y" }),
    ),
    "edit_message: another's": emit("edit_message", ({ roomId, theirs }) => ({
      chatRoomId: roomId,
      messageId: theirs,
      newContent: "z",
    })),
    "deleteMessage: another's, for oneself": after(
      "say",
      rest("deleteMessage", ({ user }, { theirs }) => user.delete(`/messages/${theirs}`, sender)),
    ),
    "delete_message: another's, for oneself": after(
      "say",
      emit("delete_message", ({ theirs }) => ({ messageId: theirs, ...sender })),
    ),
    "deleteMessage: one's own, for everyone": withOwn(
      rest("deleteMessage", ({ user }, { own }) => user.delete(`/messages/${own}`, everyone)),
    ),
    "delete_message: one's own, for everyone": withOwn(
      emit("delete_message", ({ own }) => ({ messageId: own, ...everyone })),
    ),
    "deleteMessage: another's, for everyone": after(
      "say",
      rest("deleteMessage", ({ user }, { theirs }) => user.delete(`/messages/${theirs}`, everyone)),
    ),
    "delete_message: another's, for everyone": after(
      "say",
      emit("delete_message", ({ roomId, theirs }) => ({ chatRoomId: roomId, messageId: theirs, ...everyone })),
    ),
    joinRoom: rest("joinRoom", ({ user }, { roomId }) => user.post(`/rooms/${roomId}/join`)),
    leaveRoom: rest("leaveRoom", ({ user }, { roomId }) => user.post(`/rooms/${roomId}/leave`)),
    updateSettings: rest("updateSettings", ({ user }, { roomId }) =>
      user.put(`/rooms/${roomId}/settings`, { name: `${Math.random()}` }),
    ),
    addParticipants: after("members may not add", rest("addParticipants", add("member"))),
    "addParticipants: where members may add": after("members may add", rest("addParticipants", add("member"))),
    "addParticipants: an admin, where members may add": after("members may add", rest("addParticipants", add("admin"))),
    removeParticipant: after(
      "add inside",
      rest("removeParticipant", ({ user }, target) => user.delete(person(target))),
    ),
    updateParticipant: after(
      "add inside",
      rest("updateParticipant", ({ user }, target) => user.put(person(target), { role: "member" })),
    ),
    "addParticipants: oneself": rest("addParticipants", ({ user }, { roomId }) =>
      user.post(`/rooms/${roomId}/participants`, { userIds: [user.id] }),
    ),
    "removeParticipant: oneself": rest("removeParticipant", ({ user }, { roomId }) =>
      user.delete(`/rooms/${roomId}/participants/${user.id}`),
    ),
    "updateParticipant: oneself": rest("updateParticipant", ({ user }, { roomId }) =>
      user.put(`/rooms/${roomId}/participants/${user.id}`, { role: "admin" }),
    ),
    "removeParticipant: somebody who is not in it": rest("removeParticipant", ({ user }, target) =>
      user.delete(other(target)),
    ),
    "updateParticipant: somebody who is not in it": rest("updateParticipant", ({ user }, target) =>
      user.put(other(target), { role: "admin" }),
    ),
    createInvitation: rest("createInvitation", ({ user }, { roomId }) => user.post(`/rooms/${roomId}/invitations`, {})),
    listInvitations: rest("listInvitations", ({ user }, { roomId }) => user.get(`/rooms/${roomId}/invitations`)),
    revokeInvitation: rest("revokeInvitation", ({ user }, { roomId, code }) =>
      user.delete(`/rooms/${roomId}/invitations/${code}`),
    ),
    getInvitation: rest("getInvitation", ({ user }, { code }) => user.get(`/invitations/${code}`)),
    joinByInvitation: rest("joinByInvitation", ({ user }, { code }) => user.post(`/invitations/${code}/join`)),
  };
}

/** How a case is asked. */
export function askFor(asks: ReturnType<typeof createAsks>, name: Case): Ask {
  const ask = asks[name as Action];
  if (!ask) throw new Error(`nothing asks ${name}`);
  return ask;
}
