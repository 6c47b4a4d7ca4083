// What an adversary asks for: an attack for every REST route and every client event, and those on the connection itself.
import type { ClientEventName, routes } from "@khui/contracts";
import { type Account, longestText, type Stage } from "./stage.js";

/** Of one attack on one connection: what has been asked before. */
export interface Turn {
  readonly stage: Stage;
  readonly account: Account;
  /** Counts the account's turns. */
  readonly n: number;
  /** A picture of as many pixels as may be, all of one colour. */
  readonly picture: Blob;
}

/** Resolves with the JSON of the answer; paths are those after /api/v1/chat. A body is sent as JSON, unless it is a form. */
export type Ask = (method: string, path: string, body?: object) => Promise<unknown>;

/** Asks once or several times; called again and again, on several connections. */
export type RestAttack = (ask: Ask, turn: Turn) => Promise<unknown>;
/** The event's payload; emitted again and again on several sockets, which are in the rooms that `rooms` names. */
export interface EventAttack {
  readonly rooms?: (attacker: Omit<Turn, "n">) => readonly string[];
  readonly payload: (turn: Turn) => unknown;
}

const inSquare = ({ stage }: Omit<Turn, "n">): readonly string[] => [stage.square];
const messageOf = ({ stage, n }: Turn): string => stage.squareMessages[n % stage.squareMessages.length]!;
const text = (n: number): string => `${n} ${longestText}`.slice(0, 10_000);
const wordy = (n: number) => ({
  name: `${n} ${"น".repeat(190)}`,
  description: "ด".repeat(2_000),
  avatar: "https://a/".padEnd(2_048, "a"),
});
const emojis = ["👍", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️"];
const sentId = (answer: unknown): string =>
  (answer as { data?: { _id?: string } } | undefined)?.data?._id ?? "0".repeat(24);

const guessedCode = (n: number): string => `${n}`.padStart(22, "x");
const codeOf = (answer: unknown): string =>
  (answer as { invitation?: { code?: string } } | undefined)?.invitation?.code ?? guessedCode(0);

/** Admins' routes too: who is none must be turned away cheaply. A route without an attack does not compile. */
export const restAttacks: Readonly<Record<keyof typeof routes, RestAttack>> = {
  // All the people that may be added in a minute at once, and then as many rooms as may be.
  createRoom: (ask, { n }) =>
    ask("POST", "/rooms", {
      type: "group",
      activityId: "a",
      ...wordy(n),
      participants: strangers(n).slice(0, n === 0 ? 499 : 3),
    }),
  listRooms: (ask, { n }) => ask("GET", `/rooms?limit=100&page=${1 + (n % 5)}`),
  getRoom: (ask, { stage }) => ask("GET", `/rooms/${stage.square}`),
  listParticipants: (ask, { stage, n }) =>
    ask("GET", `/rooms/${stage.square}/participants?limit=100&page=${1 + (n % 2)}`),
  joinRoom: (ask, { stage }) => ask("POST", `/rooms/${stage.open}/join`),
  leaveRoom: async (ask, { stage }) => {
    await ask("POST", `/rooms/${stage.open}/join`);
    return ask("POST", `/rooms/${stage.open}/leave`);
  },
  updateSettings: (ask, { stage, n }) => ask("PUT", `/rooms/${stage.governed}/settings`, wordy(n)),
  addParticipants: async (ask, { stage, n }) => {
    const userIds = strangers(n).slice(0, 100);
    await ask("POST", `/rooms/${stage.governed}/participants`, { userIds });
    for (const userId of userIds.slice(0, 3)) await ask("DELETE", `/rooms/${stage.governed}/participants/${userId}`);
  },
  removeParticipant: (ask, { stage }) => ask("DELETE", `/rooms/${stage.governed}/participants/nobody`),
  updateParticipant: async (ask, { stage, account }) => {
    const path = `/rooms/${stage.governed}/participants/${account.id}`;
    await ask("PUT", path, { role: "member" });
    return ask("PUT", path, { role: "admin" });
  },
  createInvitation: (ask, { stage }) => ask("POST", `/rooms/${stage.governed}/invitations`, {}),
  listInvitations: (ask, { stage }) => ask("GET", `/rooms/${stage.governed}/invitations`),
  revokeInvitation: async (ask, { stage }) =>
    ask(
      "DELETE",
      `/rooms/${stage.governed}/invitations/${codeOf(await ask("POST", `/rooms/${stage.governed}/invitations`, {}))}`,
    ),
  getInvitation: (ask, { n }) => ask("GET", `/invitations/${guessedCode(n)}`),
  joinByInvitation: (ask, { n }) => ask("POST", `/invitations/${guessedCode(n)}/join`),
  upsertUsers: (ask) =>
    ask("PUT", "/users", { users: strangers(0).map((userId) => ({ userId, name: "น".repeat(100) })) }),
  listMessages: (ask, { stage, n }) => ask("GET", `/rooms/${stage.square}/messages?limit=100&page=${1 + (n % 4)}`),
  sendMessage: (ask, { stage, n }) =>
    ask("POST", `/rooms/${stage.square}/messages`, { content: text(n), replyTo: stage.worstMessage }),
  sendMedia: (ask, { stage, picture }) =>
    ask("POST", `/rooms/${stage.square}/messages/media`, formOf(picture, "image")),
  uploadAvatar: (ask, { picture }) => ask("POST", "/avatars", formOf(picture)),
  sendSticker: (ask, { stage }) => ask("POST", `/rooms/${stage.square}/messages/sticker`, stage.sticker),
  getMessage: (ask, { stage }) => ask("GET", `/messages/${stage.worstMessage}`),
  listReactions: (ask, { stage }) => ask("GET", `/messages/${stage.worstMessage}/reactions?limit=100`),
  listReceipts: (ask, { stage }) => ask("GET", `/messages/${stage.worstMessage}/receipts?limit=100`),
  editMessage: async (ask, { stage, n }) => {
    const messageId = sentId(await ask("POST", `/rooms/${stage.square}/messages`, { content: text(n) }));
    for (let edit = 0; edit < 10; edit++) await ask("PUT", `/messages/${messageId}`, { content: text(edit) });
  },
  deleteMessage: async (ask, turn) => {
    await ask("DELETE", `/messages/${messageOf(turn)}`, { deleteFor: "sender" });
    const messageId = sentId(await ask("POST", `/rooms/${turn.stage.square}/messages`, { content: "gone" }));
    return ask("DELETE", `/messages/${messageId}`, { deleteFor: "everyone" });
  },
  addReaction: (ask, { stage, n }) =>
    ask("POST", `/messages/${stage.worstMessage}/reactions`, { emoji: emojis[n % emojis.length]! }),
  removeReaction: async (ask, { stage }) => {
    await ask("POST", `/messages/${stage.worstMessage}/reactions`, { emoji: "👍" });
    return ask("DELETE", `/messages/${stage.worstMessage}/reactions`);
  },
  forwardMessage: (ask, { stage, account, n }) =>
    ask("POST", `/messages/${stage.worstMessage}/forward`, {
      chatRoomIds: Array.from({ length: 20 }, (_, k) => account.rooms[(n * 20 + k) % account.rooms.length]),
    }),
  markRead: (ask, turn) => ask("POST", `/rooms/${turn.stage.square}/read`, { messageId: messageOf(turn) }),
  roomStats: (ask, { stage }) => ask("GET", `/rooms/${stage.square}/stats`),
  listStickerSets: (ask) => ask("GET", `/stickers/sets?limit=100&search=${"e".repeat(100)}`),
  getStickerSet: (ask, { stage }) => ask("GET", `/stickers/sets/${stage.sticker.setId}`),
  listStickers: (ask, { stage }) => ask("GET", `/stickers/sets/${stage.sticker.setId}/stickers`),
  downloadStickerSet: (ask, { stage }) => ask("POST", `/stickers/sets/${stage.sticker.setId}/download`),
  myStickerSets: (ask) => ask("GET", "/stickers/my-collections?limit=100"),
  searchStickers: (ask) => ask("GET", "/stickers/search?q=a%20e%20o%20i%20u&limit=100"),
  publishStickerSet: (ask, { picture }) => ask("POST", "/stickers/sets", formOf(picture)),
  updateStickerSet: (ask, { stage, picture }) => ask("PUT", `/stickers/sets/${stage.sticker.setId}`, formOf(picture)),
  retireStickerSet: (ask, { stage }) => ask("DELETE", `/stickers/sets/${stage.sticker.setId}`),
};

/** An event without an attack does not compile. */
export const eventAttacks: Readonly<Record<ClientEventName, EventAttack>> = {
  authenticate: { payload: ({ account }) => ({ token: account.token }) },
  join_chat: { payload: ({ account, n }) => ({ chatRoomId: account.rooms[n % account.rooms.length], lastSeq: 0 }) },
  leave_chat: {
    rooms: ({ account }) => account.rooms.slice(0, 50),
    payload: ({ account, n }) => ({ chatRoomId: account.rooms[n % 50] }),
  },
  send_message: {
    rooms: inSquare,
    payload: ({ stage, n }) => ({ chatRoomId: stage.square, content: text(n), replyTo: stage.worstMessage }),
  },
  typing_start: {
    rooms: ({ account }) => account.rooms.slice(0, 50),
    payload: ({ account, n }) => ({ chatRoomId: account.rooms[n % 50] }),
  },
  typing_stop: { rooms: inSquare, payload: ({ stage }) => ({ chatRoomId: stage.square }) },
  add_reaction: {
    rooms: inSquare,
    payload: ({ stage, n }) => ({ messageId: stage.worstMessage, emoji: emojis[n % emojis.length] }),
  },
  delete_message: { rooms: inSquare, payload: (turn) => ({ messageId: messageOf(turn), deleteFor: "sender" }) },
  edit_message: {
    rooms: inSquare,
    payload: ({ account, n }) => ({ messageId: account.ownMessage, newContent: text(n) }),
  },
  mark_as_read: { rooms: inSquare, payload: (turn) => ({ chatRoomId: turn.stage.square, messageId: messageOf(turn) }) },
  update_status: { payload: ({ n }) => ({ status: n % 2 === 0 ? "busy" : "online" }) },
  get_online_users: { payload: () => undefined },
};

/** Others with an event that has one already. */
export const moreEventAttacks = {
  "join_chat, 500 rooms": {
    event: "join_chat",
    payload: ({ account }) => ({ rooms: account.rooms.map((chatRoomId) => ({ chatRoomId, lastSeq: 0 })) }),
  },
} as const satisfies Readonly<Record<string, EventAttack & { readonly event: ClientEventName }>>;

/** On the connection itself. */
export const connectionAttacks = ["unread resume", "junk frames", "coming and going", "handshakes"] as const;
export type ConnectionAttack = (typeof connectionAttacks)[number];

export const attackNames: readonly string[] = [
  ...Object.keys(restAttacks),
  ...Object.keys(eventAttacks),
  ...Object.keys(moreEventAttacks),
  ...connectionAttacks,
];

function formOf(picture: Blob, type?: string): FormData {
  const form = new FormData();
  if (type !== undefined) form.set("type", type);
  form.set("file", picture, "picture.png");
  return form;
}

const strangers = (n: number): string[] => Array.from({ length: 499 }, (_, k) => `stranger-${n}-${k}`);
