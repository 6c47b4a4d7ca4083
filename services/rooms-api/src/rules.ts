// Who may do what with a room.
import {
  ChatError,
  type CreateRoom,
  defaultSettings,
  type JoinPolicy,
  type Role,
  type RoomChange,
  type RoomSettings,
  type SystemInfo,
  type UpdateRoom,
  visibleText,
} from "@khui/contracts";
import type { NameOf } from "./names.js";
import type { Caller } from "./quotas.js";
import type { NewRoom } from "./store/rooms.js";
import type { InvitationRow, ParticipantRow, RoomRow } from "./store/tables.js";

type Joined = Extract<RoomChange, { kind: "joined" }>;

/** Fills in what the input for a new room leaves out. Throws invalid_request, invalid_participants, room_full, not_a_group. */
export function planRoom(
  input: CreateRoom,
  {
    creator,
    id,
    clientId,
    joinPolicy,
  }: { creator: string; id: string; clientId: string | null; joinPolicy: JoinPolicy },
): NewRoom {
  const others = [...new Set(input.participants ?? [])].filter((userId) => userId !== creator);
  const settings: RoomSettings = { ...defaultSettings, joinPolicy, ...input.settings };
  const common = {
    id,
    type: input.type,
    name: visibleText(input.name ?? "") || null,
    description: visibleText(input.description ?? "") || null,
    avatar: input.avatar || null,
    createdBy: creator,
  };
  if (input.type === "private") {
    const [other] = others;
    if (!other || others.length > 1) throw new ChatError("invalid_participants", { expected: "exactly two people" });
    if ((input.settings?.joinPolicy ?? "closed") !== "closed") throw new ChatError("not_a_group");
    const pair = creator < other ? ([creator, other] as const) : ([other, creator] as const);
    const members = [creator, other].map((userId) => ({ userId, role: "member" as Role }));
    return {
      ...common,
      activityId: null,
      settings: { ...settings, maxParticipants: 2, joinPolicy: "closed" },
      members,
      pair,
      clientId: null,
    };
  }
  if (!common.name) throw nameless();
  const members = [
    { userId: creator, role: "admin" as Role },
    ...others.map((userId) => ({ userId, role: "member" as Role })),
  ];
  if (members.length > settings.maxParticipants) throw full(settings);
  return { ...common, activityId: input.activityId, settings, members, pair: null, clientId };
}

const nameless = () =>
  new ChatError("invalid_request", { part: "body", faults: [{ path: "/name", message: "is required for a group" }] });

const full = ({ maxParticipants }: RoomSettings) => new ChatError("room_full", { maxParticipants });

/** Whether people who are not in the room may know of it. A setting that is missing hides it. */
export const isOpen = ({ type, settings }: Pick<RoomRow, "type" | "settings">): boolean =>
  type === "group" && settings.joinPolicy === "open";

/** The room, which anyone signed in may join: an active group that is open and has room. */
export function checkJoin(room: RoomRow | undefined): RoomRow {
  if (!room || !isOpen(room)) throw new ChatError("room_not_found");
  checkPlaces(room, 1);
  return room;
}

/** Whoever has an invitation may join the group that it is for, unless it is closed. */
export function checkInvitation(room: RoomRow, invitation: InvitationRow | undefined): void {
  if (!invitation) throw new ChatError("invitation_not_found");
  if (invitation.expired) throw new ChatError("invitation_expired");
  if (invitation.max_uses !== null && invitation.uses >= invitation.max_uses) throw new ChatError("invitation_used_up");
  if (room.settings.joinPolicy === "closed") throw new ChatError("joining_closed");
  checkPlaces(room, 1);
}

/** The group, for its admins, and for who has chat:admin. Throws room_not_found, not_a_participant, not_a_group, not_room_admin. */
export function requireAdmin(room: RoomRow | undefined, mine: ParticipantRow | undefined, caller: Caller): RoomRow {
  if (caller.admin && !room) throw new ChatError("room_not_found");
  const group = caller.admin && room ? room : requireMember(room, mine).room;
  if (group.type === "private") throw new ChatError("not_a_group");
  if (!caller.admin && mine?.role !== "admin") throw new ChatError("not_room_admin");
  return group;
}

/** The group, for who may add people to it with this role: its admins, and its members where they may add members. */
export function requireAdding(
  room: RoomRow | undefined,
  mine: ParticipantRow | undefined,
  caller: Caller,
  role: Role,
): RoomRow {
  const mayAdd = room?.type === "group" && mine?.is_active && room.settings.membersCanAdd && role === "member";
  return mayAdd ? room : requireAdmin(room, mine, caller);
}

/** The room, for its people. To others one that is not open is as if it were not there. Throws room_not_found, not_a_participant. */
export function requireMember(
  room: RoomRow | undefined,
  mine: ParticipantRow | undefined,
): { room: RoomRow; mine: ParticipantRow } {
  if (room && mine?.is_active) return { room, mine };
  throw new ChatError(room && isOpen(room) ? "not_a_participant" : "room_not_found");
}

/** Who comes into a room in which nobody is becomes its admin. */
export function joining(room: RoomRow, userId: string, text: string): { change: Joined } {
  return { change: { kind: "joined", userId, role: room.participant_count === 0 ? "admin" : "member", text } };
}

/** Whether so many may come in. Throws room_not_active, room_full. */
export function checkPlaces(room: RoomRow, count: number): void {
  if (room.status !== "active") throw new ChatError("room_not_active");
  if (room.participant_count + count > room.settings.maxParticipants) throw full(room.settings);
}

export interface Settings {
  readonly name: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly settings: RoomSettings;
}

/** The room's settings after an update, and which fields that changes. In private rooms both people may. An empty text clears. */
export function planSettings(
  room: RoomRow,
  role: Role,
  update: UpdateRoom,
): Settings & { changes: NonNullable<SystemInfo["changes"]> } {
  if (room.type === "group" && role !== "admin") throw new ChatError("not_room_admin");
  const next: Settings = {
    name: update.name === undefined ? room.name : visibleText(update.name) || null,
    description: update.description === undefined ? room.description : visibleText(update.description) || null,
    avatar: update.avatar === undefined ? room.avatar : update.avatar || null,
    settings: { ...room.settings, ...update.settings },
  };
  if (room.type === "group" && !next.name) throw nameless();
  if (room.type === "private" && next.settings.maxParticipants !== 2) throw new ChatError("private_room");
  if (room.type === "private" && next.settings.joinPolicy !== "closed") throw new ChatError("not_a_group");
  const participants = room.participant_count;
  if (next.settings.maxParticipants < participants) throw new ChatError("room_full", { participants });
  const before: Record<string, unknown> = {
    name: room.name,
    description: room.description,
    avatar: room.avatar,
    ...room.settings,
  };
  const after: Record<string, unknown> = {
    name: next.name,
    description: next.description,
    avatar: next.avatar,
    ...next.settings,
  };
  const changes = Object.fromEntries(Object.entries(after).filter(([key, value]) => value !== before[key]));
  return { ...next, changes };
}

const systemTexts = {
  joined: "เข้าร่วมห้องแชท",
  left: "ออกจากห้องแชท",
  settings: "เปลี่ยนการตั้งค่าห้องแชท",
} as const;
/** People whom a text names; it counts the others. */
const maxNamed = 3;

/** The ready-made text of a system message; apps may word it themselves from its `systemInfo`. */
export const systemText = (action: keyof typeof systemTexts, userId: string, nameOf: NameOf): string =>
  `${nameOf(userId)} ${systemTexts[action]}`;

export function addedText(by: string, userIds: readonly string[], nameOf: NameOf): string {
  const others = userIds.length - maxNamed;
  const named = userIds.slice(0, maxNamed).map(nameOf).join(", ");
  return `${nameOf(by)} เพิ่ม ${named}${others > 0 ? ` และอีก ${others} คน` : ""} เข้าห้องแชท`;
}

export const removedText = (by: string, userId: string, nameOf: NameOf): string =>
  `${nameOf(by)} นำ ${nameOf(userId)} ออกจากห้องแชท`;

export const roleText = (by: string, userId: string, role: Role, nameOf: NameOf): string =>
  `${nameOf(by)} เปลี่ยน ${nameOf(userId)} เป็น${role === "admin" ? "ผู้ดูแล" : "สมาชิก"}`;
