// Who may do what with a room.
import {
  ChatError,
  type CreateRoom,
  defaultSettings,
  type Role,
  type RoomSettings,
  type SystemInfo,
  type UpdateRoom,
  visibleText,
} from "@khui/contracts";
import type { NewRoom } from "./store/rooms.js";
import type { RoomRow } from "./store/tables.js";

/** Fills in what the input for a new room leaves out. Throws invalid_request, invalid_participants, room_full. */
export function planRoom(input: CreateRoom, creator: string, id: string, clientId: string | null): NewRoom {
  const others = [...new Set(input.participants ?? [])].filter((userId) => userId !== creator);
  const settings: RoomSettings = { ...defaultSettings, ...input.settings };
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
    const pair = creator < other ? ([creator, other] as const) : ([other, creator] as const);
    const members = [creator, other].map((userId) => ({ userId, role: "member" as Role }));
    return {
      ...common,
      activityId: null,
      settings: { ...settings, maxParticipants: 2 },
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

/** Anyone signed in may join an active group while there is room. */
export function checkJoin(room: RoomRow): void {
  if (room.type === "private") throw new ChatError("private_room");
  if (room.status !== "active") throw new ChatError("room_not_active");
  if (room.participant_count >= room.settings.maxParticipants) throw full(room.settings);
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

const systemTexts: Record<SystemInfo["action"], string> = {
  member_joined: "เข้าร่วมห้องแชท",
  member_left: "ออกจากห้องแชท",
  settings_changed: "เปลี่ยนการตั้งค่าห้องแชท",
};

/** The ready-made text of a system message; apps may word it themselves from its `systemInfo`. */
export function systemText(action: SystemInfo["action"], name: string | null, userId: string): string {
  return `${name ?? userId} ${systemTexts[action]}`;
}
