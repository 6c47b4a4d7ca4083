// What everything that a client can do costs other people: the data of docs/amplification.md.
import type { clientEvents, routes, ServerEventName } from "@khui/contracts";

/** How large the surroundings of an action are; in the expressions of a row. */
export interface Quantities {
  /** Other people in the room, each with one socket. */
  readonly n: number;
  /** The person's rooms of at most 200 people. */
  readonly r: number;
  /** Other people in these rooms. */
  readonly c: number;
  /** People in a room when it is created. */
  readonly p: number;
  /** Rooms that a message is forwarded to. */
  readonly f: number;
}

/** What is permitted at most: see `maxParticipants`, `maxAudienceRooms`, `CreateRoom` and the route for forwarding. */
const largest: Quantities = { n: 100_000, r: 1_000, c: 199_000, p: 501, f: 20 };
/** In rooms where live events are published. */
const small = { n: 199 };

/** Neither an event of the client nor a request. */
export const others = ["disconnecting", "coming back", "receiving"] as const;
export type Action = keyof typeof clientEvents | keyof typeof routes | (typeof others)[number];

export interface Row {
  readonly actions: readonly Action[];
  /** What other people's sockets are sent. */
  readonly events: readonly ServerEventName[];
  /** Messages on the bus for one action: products such as `2n` and `f × n`. */
  readonly bus: string;
  /** Frames to other people's sockets for one action. */
  readonly frames: string;
  /** Of the largest event in KB, where every name, id and text consists of characters that JSON writes as six. */
  readonly kilobytes: number;
  /** Actions a second of one person that have this effect, in the long run. */
  readonly perSecond: number;
  readonly limit: string;
  /** Where less is permitted than elsewhere. */
  readonly worst?: Partial<Quantities>;
}

const requests = { perSecond: 20, limit: "`LIMIT_PER_USER`" };
const nothing = { events: [], bus: "0", frames: "0", kilobytes: 0, ...requests };

export const rows: readonly Row[] = [
  {
    actions: ["send_message", "sendMessage", "sendMedia"],
    events: ["new_message", "chat_updated"],
    bus: "1",
    frames: "n",
    kilobytes: 110,
    ...requests,
  },
  {
    actions: ["sendSticker"],
    events: ["new_message", "chat_updated"],
    bus: "1",
    frames: "n",
    kilobytes: 300,
    ...requests,
  },
  {
    actions: ["forwardMessage"],
    events: ["new_message", "chat_updated"],
    bus: "f",
    frames: "f × n",
    kilobytes: 110,
    perSecond: 1,
    limit: "`LIMIT_PER_USER`: each room counts",
  },
  {
    actions: ["edit_message", "editMessage"],
    events: ["message_edited"],
    bus: "1",
    frames: "n",
    kilobytes: 250,
    ...requests,
  },
  {
    actions: ["delete_message", "deleteMessage"],
    events: ["message_deleted"],
    bus: "1",
    frames: "n",
    kilobytes: 1,
    ...requests,
  },
  {
    actions: ["add_reaction", "addReaction", "removeReaction"],
    events: ["reaction_updated"],
    bus: "1",
    frames: "n",
    kilobytes: 60,
    ...requests,
  },
  {
    actions: ["mark_as_read", "markRead"],
    events: ["message_read"],
    bus: "2",
    frames: "n",
    kilobytes: 200,
    perSecond: 20,
    limit: "`LIMIT_PER_USER`; `receipts.ts`: 1 in a room, each replica",
    worst: small,
  },
  {
    actions: ["receiving"],
    events: ["message_delivered"],
    bus: "1",
    frames: "n",
    kilobytes: 180,
    perSecond: 1,
    limit: "`receipts.ts`: in a room, each replica",
    worst: small,
  },
  {
    actions: ["typing_start", "typing_stop"],
    events: ["user_typing", "user_stop_typing"],
    bus: "1",
    frames: "n",
    kilobytes: 1,
    perSecond: 2,
    limit: "`typing.ts`: 1 in a room, 2 in all, each gateway",
    worst: small,
  },
  {
    actions: ["join_chat"],
    events: ["user_joined_chat"],
    bus: "1",
    frames: "n",
    kilobytes: 1,
    perSecond: 1,
    limit: "`openings.ts`: each gateway",
    worst: small,
  },
  {
    actions: ["leave_chat"],
    events: ["user_left_chat", "user_stop_typing"],
    bus: "2",
    frames: "2n",
    kilobytes: 1,
    perSecond: 1,
    limit: "the same, and `typing.ts`",
    worst: small,
  },
  {
    actions: ["authenticate", "update_status", "disconnecting"],
    events: ["user_online", "user_status_updated", "user_offline"],
    bus: "r",
    frames: "c",
    kilobytes: 1,
    perSecond: 1,
    limit: "`announcements.ts`: each gateway",
  },
  {
    actions: ["createRoom"],
    events: [],
    bus: "p",
    frames: "0",
    kilobytes: 0,
    perSecond: 0.02,
    limit: "`LIMIT_PEOPLE_ADDED`",
  },
  {
    actions: ["joinRoom", "joinByInvitation"],
    events: ["new_message", "chat_updated", "user_joined_chat"],
    bus: "3",
    frames: "2n",
    kilobytes: 20,
    perSecond: 10,
    limit: "`LIMIT_PEOPLE_ADDED`",
  },
  {
    actions: ["leaveRoom"],
    events: ["new_message", "chat_updated", "user_left_chat"],
    bus: "2",
    frames: "2n",
    kilobytes: 20,
    perSecond: 10,
    limit: "as `joinRoom`",
  },
  {
    actions: ["updateSettings"],
    events: ["new_message", "chat_updated", "room_updated"],
    bus: "2",
    frames: "2n",
    kilobytes: 60,
    ...requests,
  },
  {
    actions: ["updateParticipant"],
    events: ["new_message", "chat_updated", "member_updated"],
    bus: "2",
    frames: "2n",
    kilobytes: 20,
    ...requests,
  },
  {
    actions: ["removeParticipant"],
    events: ["new_message", "chat_updated", "user_left_chat"],
    bus: "2",
    frames: "2n",
    kilobytes: 20,
    ...requests,
  },
  {
    actions: ["addParticipants"],
    events: ["new_message", "chat_updated", "user_joined_chat"],
    bus: "3",
    frames: "2n",
    kilobytes: 40,
    perSecond: 10,
    limit: "as `joinRoom`: each person counts",
  },
  { ...nothing, actions: ["coming back"], limit: "within the grace period" },
  { ...nothing, actions: ["get_online_users"] },
  { ...nothing, actions: ["listRooms", "getRoom", "listParticipants", "roomStats"] },
  { ...nothing, actions: ["createInvitation", "listInvitations", "revokeInvitation", "getInvitation"] },
  { ...nothing, actions: ["listMessages", "getMessage", "listReactions", "listReceipts"] },
  { ...nothing, actions: ["listStickerSets", "getStickerSet", "listStickers", "downloadStickerSet"] },
  { ...nothing, actions: ["myStickerSets", "searchStickers"] },
  { ...nothing, actions: ["uploadAvatar"], perSecond: 0.01, limit: "`LIMIT_AVATARS`" },
  {
    ...nothing,
    actions: ["upsertUsers", "publishStickerSet", "updateStickerSet", "retireStickerSet"],
    limit: "`chat:admin`",
  },
];

/** The value of an expression: `0`, `2n`, `f × n`. */
export function evaluate(expression: string, quantities: Quantities): number {
  return expression.split(" × ").reduce((product, factor) => {
    const [, count, name] = /^(\d*)([nrcpf]?)$/.exec(factor) ?? [];
    if (factor === "" || count === undefined) throw new SyntaxError(`no factor: ${factor}`);
    return product * Number(count || 1) * (name ? quantities[name as keyof Quantities] : 1);
  }, 1);
}

const isWord = (name: string) => others.some((word) => word === name);
const listed = (names: readonly string[]) => names.map((name) => (isWord(name) ? name : `\`${name}\``)).join(", ");

/** The table of the document. */
export function renderTable(): string {
  const lines = rows.map(({ actions, events, bus, frames, kilobytes, perSecond, limit, worst }) => {
    const most = { ...largest, ...worst };
    const total = (expression: string) => (perSecond * evaluate(expression, most)).toLocaleString("en");
    const cells = [
      listed(actions),
      listed(events),
      bus,
      frames,
      kilobytes,
      perSecond,
      limit,
      total(bus),
      total(frames),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| action | events to others | bus | frames | KB | a second | bounded by | bus/s | frames/s |",
    "|---|---|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
