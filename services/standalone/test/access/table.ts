// Who may do what with a room, its messages, people and invitations: the data of docs/access.md.
import { type clientEvents, type ErrorCode, errors, type routes } from "@khui/contracts";

export const roomKinds = ["private", "open", "invite", "closed"] as const;
/** A private room, or a group of that join policy. */
export type RoomKind = (typeof roomKinds)[number];

/** Who asks: three people who are not in the room, one with chat:admin who is not in it either, and two who are. */
export const askers = ["stranger", "left", "removed", "app", "member", "admin"] as const;
export type Asker = (typeof askers)[number];

export type Action = keyof typeof clientEvents | keyof typeof routes;
/** The same action with something special about it. */
export const variants = [
  "join_chat: as one of several rooms",
  "sendMessage: a reply to a message of another room",
  "sendMessage: a reply to one of its messages, in a room of one's own",
  "send_message: announcing one's own message",
  "send_message: announcing another's message",
  "markRead: up to one of its messages",
  "mark_as_read: up to one of its messages",
  "markRead: up to one of its messages, in a room of one's own",
  "forwardMessage: into it",
  "editMessage: one's own",
  "edit_message: one's own",
  "editMessage: another's",
  "edit_message: another's",
  "edit_message: one's own, named with another room",
  "deleteMessage: another's, for oneself",
  "delete_message: another's, for oneself",
  "deleteMessage: one's own, for everyone",
  "delete_message: one's own, for everyone",
  "deleteMessage: another's, for everyone",
  "delete_message: another's, for everyone",
  "addParticipants: where members may add",
  "addParticipants: an admin, where members may add",
  "addParticipants: oneself",
  "removeParticipant: oneself",
  "updateParticipant: oneself",
  "removeParticipant: somebody who is not in it",
  "updateParticipant: somebody who is not in it",
] as const;
export type Case = Action | (typeof variants)[number];
export const actionOf = (name: Case): Action => name.replace(/:.*/, "") as Action;

export type Answer = "ok" | ErrorCode;
/** One answer, or by the kind of the room. */
export type Cell = Answer | (Readonly<Partial<Record<RoomKind, Answer>>> & { readonly else: Answer });
export const answerIn = (cell: Cell, kind: RoomKind): Answer =>
  typeof cell === "string" ? cell : (cell[kind] ?? cell.else);

export interface Row {
  readonly cases: readonly Case[];
  /** For the three who are not in the room, who are all answered the same. */
  readonly outside: Cell;
  /** For chat:admin, not in the room. */
  readonly app: Cell;
  readonly member: Cell;
  readonly admin: Cell;
}

export const cellOf = (row: Row, asker: Asker): Cell =>
  row[asker === "app" || asker === "member" || asker === "admin" ? asker : "outside"];

/** The answer about a room to those who are not in it: only an open group is there at all. */
const hidden: Cell = { open: "not_a_participant", else: "room_not_found" };
const outsiders = (cell: Cell) => ({ outside: cell, app: cell });
const people = (cell: Cell) => ({ member: cell, admin: cell });
/** What is for the admins of a group. */
const forAdmins = {
  outside: hidden,
  app: { private: "not_a_group", else: "ok" },
  member: { private: "not_a_group", else: "not_room_admin" },
  admin: "ok",
} as const;
/** For whoever has a code: there is none for a private room. */
const byCode: Cell = { private: "invitation_not_found", closed: "joining_closed", else: "ok" };

export const rows: readonly Row[] = [
  {
    cases: [
      "getRoom",
      "listParticipants",
      "roomStats",
      "listMessages",
      "join_chat",
      "join_chat: as one of several rooms",
      "sendMessage",
      "send_message",
      "sendMedia",
      "sendSticker",
      "forwardMessage: into it",
      "markRead",
      "mark_as_read",
      "markRead: up to one of its messages",
      "mark_as_read: up to one of its messages",
    ],
    ...outsiders(hidden),
    ...people("ok"),
  },
  { cases: ["sendMessage: a reply to a message of another room"], ...outsiders(hidden), ...people("reply_not_found") },
  {
    cases: ["sendMessage: a reply to one of its messages, in a room of one's own"],
    ...outsiders("reply_not_found"),
    ...people("reply_not_found"),
  },
  { cases: ["typing_start", "typing_stop"], ...outsiders("not_joined"), ...people("ok") },
  { cases: ["leave_chat"], ...outsiders("ok"), ...people("ok") },
  {
    cases: [
      "getMessage",
      "listReactions",
      "listReceipts",
      "forwardMessage",
      "addReaction",
      "add_reaction",
      "removeReaction",
      "send_message: announcing one's own message",
      "editMessage: one's own",
      "edit_message: one's own",
      "deleteMessage: one's own, for everyone",
      "delete_message: one's own, for everyone",
      "deleteMessage: another's, for oneself",
      "delete_message: another's, for oneself",
    ],
    ...outsiders("message_not_found"),
    ...people("ok"),
  },
  {
    cases: [
      "markRead: up to one of its messages, in a room of one's own",
      "send_message: announcing another's message",
      "edit_message: one's own, named with another room",
    ],
    ...outsiders("message_not_found"),
    ...people("message_not_found"),
  },
  {
    cases: ["editMessage: another's", "edit_message: another's"],
    ...outsiders("message_not_found"),
    ...people("not_message_sender"),
  },
  {
    cases: ["deleteMessage: another's, for everyone", "delete_message: another's, for everyone"],
    ...outsiders("message_not_found"),
    member: "not_message_sender",
    admin: "ok",
  },
  { cases: ["joinRoom"], ...outsiders({ open: "ok", else: "room_not_found" }), ...people("ok") },
  { cases: ["leaveRoom"], ...outsiders(hidden), member: { private: "private_room", else: "ok" }, admin: "ok" },
  {
    cases: ["updateSettings"],
    ...outsiders(hidden),
    member: { private: "ok", else: "not_room_admin" },
    admin: "ok",
  },
  { cases: ["addParticipants", "removeParticipant", "updateParticipant"], ...forAdmins },
  {
    cases: ["addParticipants: where members may add"],
    ...forAdmins,
    member: { private: "not_a_group", else: "ok" },
  },
  { cases: ["addParticipants: an admin, where members may add"], ...forAdmins },
  {
    cases: ["addParticipants: oneself"],
    ...people("invalid_participants"),
    outside: "invalid_participants",
    app: { private: "not_a_group", else: "ok" },
  },
  { cases: ["removeParticipant: oneself"], ...outsiders("invalid_participants"), ...people("invalid_participants") },
  {
    cases: ["updateParticipant: oneself"],
    ...forAdmins,
    app: { private: "not_a_group", else: "participant_not_found" },
  },
  {
    cases: ["removeParticipant: somebody who is not in it", "updateParticipant: somebody who is not in it"],
    ...forAdmins,
    app: { private: "not_a_group", else: "participant_not_found" },
    admin: "participant_not_found",
  },
  {
    cases: ["createInvitation"],
    ...forAdmins,
    app: { private: "not_a_group", closed: "joining_closed", else: "ok" },
    admin: { closed: "joining_closed", else: "ok" },
  },
  { cases: ["listInvitations", "revokeInvitation"], ...forAdmins },
  { cases: ["getInvitation"], ...outsiders(byCode), member: byCode, admin: { closed: "joining_closed", else: "ok" } },
  {
    cases: ["joinByInvitation"],
    ...outsiders(byCode),
    member: { private: "invitation_not_found", else: "ok" },
    admin: "ok",
  },
];

/** Those that name no room, message, participant or invitation. */
export const elsewhere: readonly Action[] = [
  "authenticate",
  "update_status",
  "get_online_users",
  "createRoom",
  "listRooms",
  "upsertUsers",
  "uploadAvatar",
  "listStickerSets",
  "getStickerSet",
  "listStickers",
  "downloadStickerSet",
  "myStickerSets",
  "searchStickers",
  "publishStickerSet",
  "updateStickerSet",
  "retireStickerSet",
];

const shown = (answer: Answer) => (answer === "ok" ? "yes" : `${errors[answer].status} \`${answer}\``);

function shownCell(cell: Cell): string {
  if (cell === hidden) return "*outside*";
  if (typeof cell === "string") return shown(cell);
  const special = roomKinds.flatMap((kind) => (cell[kind] ? [`${kind}: ${shown(cell[kind])}`] : []));
  return [...special, `else ${shown(cell.else)}`].join("; ");
}

/** `getRoom`, `deleteMessage` (another's, for everyone). */
function shownCase(name: Case): string {
  const action = actionOf(name);
  return name === action ? `\`${action}\`` : `\`${action}\` (${name.slice(action.length + 2)})`;
}

/** The table of the document. */
export const renderTable = (): string =>
  [
    "| action | who is not in the room | `chat:admin`, not in it | member | admin |",
    "|---|---|---|---|---|",
    ...rows.map(({ cases, outside, app, member, admin }) => {
      const answers = [outside, app, member, admin].map(shownCell);
      return `| ${[cases.map(shownCase).join(", "), ...answers].join(" | ")} |`;
    }),
  ].join("\n");

/** The sentence of the document about the others. */
export const renderElsewhere = (): string => elsewhere.map((action) => `\`${action}\``).join(", ");
