// Applies rooms-api's changes of membership and settings: appended to the log, and projected into members and positions.
import { type Role, type RoomChange, type SystemInfo, smallRoomLimit } from "@khui/contracts";
import { type Db, inTransaction, jsonb, sql } from "@khui/database";
import { type EntryData, lockWithin } from "./tables.js";

/** What a change appended; empty when it was applied before or arrived too early. */
export interface Applied {
  /** The room's last applied change number after this call. */
  readonly applied: number;
  readonly entries: ReadonlyArray<{ readonly seq: number }>;
}

/** A log entry that a change of membership makes. */
export interface Entry {
  readonly event: string;
  readonly message_id: string | null;
  readonly data: EntryData | null;
}

/** Up to where a new member has read. */
interface Start {
  readonly userId: string;
  readonly seq: number;
}

type MemberChange = Exclude<RoomChange, { kind: "created" | "projected" }>;

interface Room {
  id: string;
  seq: number;
  change_no: number;
  member_count: number;
  ordinal: number;
  places: number;
  at: Date;
}

/**
 * Applies change `changeNo` of a room. Changes are applied strictly in order: one seen before changes nothing, one that
 * skips a number is not applied (the answer has the last one that was). `messageId` is the id of the system message.
 */
export function applyRoomChange(
  db: Db,
  roomId: string,
  changeNo: number,
  change: Exclude<RoomChange, { kind: "projected" }>,
  messageId: string,
): Promise<Applied> {
  return inTransaction(db, async (trx) => {
    if (change.kind === "created") return createRoom(trx, roomId, change);
    const room = await lockRoom(trx, roomId);
    if (!room || room.change_no !== changeNo - 1) return { applied: room?.change_no ?? 0, entries: [] };
    const events = await applyTo(trx, room, change);
    const entries = await append(trx, room, changeNo, change, messageId, events);
    await startPositions(trx, room.id, startsOf(change, entries));
    return { applied: changeNo, entries };
  });
}

async function createRoom(trx: Db, roomId: string, change: Extract<RoomChange, { kind: "created" }>): Promise<Applied> {
  const { rows } = await sql<{ id: string }>`
    INSERT INTO messages.rooms (id, type, settings, change_no, last_at, member_count)
    VALUES (${roomId}, ${change.type}, ${jsonb(change.settings)}, 1,
      date_trunc('milliseconds', clock_timestamp()), ${change.members.length})
    ON CONFLICT DO NOTHING RETURNING id`.execute(trx);
  if (rows.length === 0) return { applied: (await lockRoom(trx, roomId))?.change_no ?? 1, entries: [] };
  const userIds = change.members.map(({ userId }) => userId);
  const roles = change.members.map(({ role }) => role);
  await sql`
    INSERT INTO messages.members (room_id, user_id, role, is_active, joined_at)
    SELECT ${roomId}, m.user_id, m.role, true,
      date_trunc('milliseconds', clock_timestamp()) + (m.n - 1) * interval '1 microsecond'
    FROM unnest(${userIds}::text[], ${roles}::text[]) WITH ORDINALITY AS m(user_id, role, n)`.execute(trx);
  await sql`
    INSERT INTO messages.positions (room_id, user_id)
    SELECT ${roomId}, user_id FROM unnest(${userIds}::text[]) AS user_id`.execute(trx);
  return { applied: 1, entries: [] };
}

export async function lockRoom(trx: Db, roomId: string): Promise<Room | undefined> {
  const { rows } = await sql<Room>`
    SELECT id, seq, change_no, member_count, ordinal, places, ${lockWithin()},
      greatest(last_at + interval '1 millisecond', date_trunc('milliseconds', clock_timestamp())) AS at
    FROM messages.rooms WHERE id = ${roomId} FOR UPDATE`.execute(trx);
  return rows[0];
}

/** Projects the change; returns the events that belong to it beside the system message. */
export async function applyTo(
  trx: Db,
  room: Room,
  change: MemberChange,
): Promise<Array<{ event: string; data: EntryData }>> {
  switch (change.kind) {
    case "settings": {
      await sql`UPDATE messages.rooms SET settings = ${jsonb(change.settings)} WHERE id = ${room.id}`.execute(trx);
      return [{ event: "room_updated", data: { userId: change.userId, changes: change.changes } }];
    }
    case "role": {
      const { userId, role, by } = change;
      await setRole(trx, room.id, userId, role);
      return [{ event: "member_updated", data: { userId, role, by } }];
    }
    case "joined":
      return admit(trx, room, [change.userId], change.role);
    case "added":
      return admit(trx, room, change.userIds, change.role);
    case "left": {
      const { userId, by } = change;
      await sql`
        UPDATE messages.members SET is_active = false, role = 'member'
        WHERE room_id = ${room.id} AND user_id = ${userId}`.execute(trx);
      await sql`DELETE FROM messages.positions WHERE room_id = ${room.id} AND user_id = ${userId}`.execute(trx);
      if (change.newAdmin) await setRole(trx, room.id, change.newAdmin, "admin");
      const data = { userId, members: room.member_count - 1, left: userId, ...(by ? { by } : {}) };
      return [{ event: "user_left_chat", data }];
    }
  }
}

/** In this order. */
async function admit(
  trx: Db,
  room: Room,
  userIds: readonly string[],
  role: Role,
): Promise<Array<{ event: string; data: EntryData }>> {
  await sql`
    INSERT INTO messages.members (room_id, user_id, role, is_active, joined_at)
    SELECT ${room.id}, m.user_id, ${role}, true, ${room.at}::timestamptz + (m.n - 1) * interval '1 microsecond'
    FROM unnest(${userIds}::text[]) WITH ORDINALITY AS m(user_id, n)
    ON CONFLICT (room_id, user_id)
    DO UPDATE SET role = excluded.role, is_active = true, joined_at = excluded.joined_at`.execute(trx);
  return userIds.map((userId, n) => ({
    event: "user_joined_chat",
    data: { userId, members: room.member_count + n + 1 },
  }));
}

async function setRole(trx: Db, roomId: string, userId: string, role: Role): Promise<void> {
  await sql`UPDATE messages.members SET role = ${role} WHERE room_id = ${roomId} AND user_id = ${userId}`.execute(trx);
}

/** Joins and leaves are announced one by one in small rooms only. */
const ofSmallRooms: ReadonlySet<string> = new Set(["user_joined_chat", "user_left_chat"]);

/** Appends the system message and the events; whichever is last carries the effect on the room. */
async function append(
  trx: Db,
  room: Room,
  changeNo: number,
  change: MemberChange,
  messageId: string,
  events: ReadonlyArray<{ event: string; data: EntryData }>,
): Promise<Array<{ seq: number }>> {
  const members = events.at(-1)?.data.members ?? room.member_count;
  const isLarge = members > smallRoomLimit;
  const announced = events.filter(({ event }) => !isLarge || !ofSmallRooms.has(event));
  const unannounced = announced.length < events.length ? events.at(-1)?.data : undefined;
  const entries: Entry[] = [
    { event: "new_message", message_id: messageId, data: unannounced ?? null },
    ...announced.map(({ event, data }) => ({ event, message_id: null, data })),
  ];
  const sender = actorOf(change);
  await sql`
    INSERT INTO messages.messages (id, room_id, seq, place, ordinal, sent, sender_id, type, content, system, created_at)
    VALUES (${messageId}, ${room.id}, ${room.seq + 1}, ${room.places + 1}, ${room.ordinal},
      coalesce((SELECT sent FROM messages.members WHERE room_id = ${room.id} AND user_id = ${sender}), 0),
      ${sender}, 'system', ${change.text}, ${jsonb(systemInfo(change))}, ${room.at})`.execute(trx);
  return appendEntries(trx, room, { changeNo, entries, members, messages: 1 });
}

/** Who made the change. */
const actorOf = (change: MemberChange): string =>
  change.kind === "added" ? change.by : "by" in change && change.by ? change.by : change.userId;

/** Numbers entries, of which some are messages, and moves the room to the change that made them. */
export async function appendEntries(
  trx: Db,
  room: Room,
  { changeNo, entries, members, messages }: { changeNo: number; entries: Entry[]; members: number; messages: number },
): Promise<Array<{ seq: number }>> {
  const rows = entries.map((entry, i) => ({ ...entry, seq: room.seq + 1 + i }));
  await sql`
    INSERT INTO messages.log (room_id, seq, event, message_id, data, at)
    SELECT ${room.id}, seq, event, message_id, data, ${room.at}
    FROM jsonb_to_recordset(${jsonb(rows)}) AS x(seq bigint, event text, message_id text, data jsonb)`.execute(trx);
  await sql`
    UPDATE messages.rooms SET seq = ${room.seq + rows.length}, change_no = ${changeNo}, last_at = ${room.at},
      places = places + ${messages}, member_count = ${members}
    WHERE id = ${room.id}`.execute(trx);
  return rows.map(({ seq }) => ({ seq }));
}

/** A new member has read everything: what was sent before is history, not unread. One by one: the planner would read all members. */
export async function startPositions(trx: Db, roomId: string, starts: readonly Start[]): Promise<void> {
  if (starts.length === 0) return;
  const [userIds, seqs] = [starts.map(({ userId }) => userId), starts.map(({ seq }) => seq)];
  await sql`
    INSERT INTO messages.positions (room_id, user_id, read_seq, read_ordinal, read_sent, delivered_seq)
    SELECT r.id, m.user_id, added.seq, r.ordinal, m.sent, added.seq
    FROM messages.rooms r, unnest(${userIds}::text[], ${seqs}::bigint[]) AS added(user_id, seq), LATERAL (
      SELECT m.user_id, m.sent FROM messages.members m
      WHERE m.room_id = ${roomId} AND m.user_id = added.user_id LIMIT 1
    ) m WHERE r.id = ${roomId}
    ON CONFLICT (room_id, user_id) DO UPDATE SET read_seq = excluded.read_seq, read_message = NULL, read_at = NULL,
      read_ordinal = excluded.read_ordinal, read_sent = excluded.read_sent,
      delivered_seq = excluded.delivered_seq`.execute(trx);
}

/** Of the people whom a change lets in: each begins at the entry that tells of them, else at the last one. */
function startsOf(change: MemberChange, entries: ReadonlyArray<{ seq: number }>): Start[] {
  const userIds = change.kind === "added" ? change.userIds : change.kind === "joined" ? [change.userId] : [];
  const own = entries.length > userIds.length ? entries.slice(1) : [];
  const last = entries.at(-1)?.seq ?? 0;
  return userIds.map((userId, n) => ({ userId, seq: own[n]?.seq ?? last }));
}

function systemInfo(change: MemberChange): SystemInfo {
  switch (change.kind) {
    case "joined":
      return { action: "member_joined", userId: change.userId };
    case "added":
      return { action: "members_added", userId: change.by, userIds: change.userIds, role: change.role };
    case "settings":
      return { action: "settings_changed", userId: change.userId, changes: change.changes };
    case "role":
      return { action: "role_changed", userId: change.userId, role: change.role, by: change.by };
    case "left": {
      const { userId, by, newAdmin } = change;
      const successor = newAdmin ? { newAdmin } : {};
      return by
        ? { action: "member_removed", userId, by, ...successor }
        : { action: "member_left", userId, ...successor };
    }
  }
}
