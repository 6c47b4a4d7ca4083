// Rooms and participants. Every change is written together with its outbox entry, under the room's row lock.
import type { Role, RoomChange, RoomSettings, RoomType } from "@khui/contracts";
import { type Db, inTransaction, jsonb, sql } from "@khui/database";
import type { ParticipantRow, RoomRow } from "./tables.js";

/** Listed, since a prepared `*` fails once on each connection when a migration has added a column. */
const roomColumns = sql`id, type, name, description, avatar, activity_id, status, settings, created_by, created_at, updated_at,
  change_no, participant_count`;

export interface NewRoom {
  readonly id: string;
  readonly type: RoomType;
  readonly name: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly activityId: string | null;
  readonly settings: RoomSettings;
  readonly createdBy: string;
  readonly members: ReadonlyArray<{ userId: string; role: Role }>;
  /** Sorted ids of a private room's two people. */
  readonly pair: readonly [string, string] | null;
  readonly clientId: string | null;
}

/** Creates the room unless this pair has one, or this creator created one with the same key; returns the existing one then. */
export function createRoom(db: Db, room: NewRoom): Promise<{ roomId: string; created: boolean }> {
  return inTransaction(db, async (trx) => {
    const { rows } = await sql<{ id: string }>`
      INSERT INTO rooms.rooms (id, type, name, description, avatar, activity_id, settings, created_by, pair, client_id)
      VALUES (${room.id}, ${room.type}, ${room.name}, ${room.description}, ${room.avatar}, ${room.activityId},
        ${jsonb(room.settings)}, ${room.createdBy}, ${pairOf(room)}, ${room.clientId})
      ON CONFLICT DO NOTHING RETURNING id`.execute(trx);
    if (rows.length === 0) {
      const roomId = await findCreated(trx, room);
      if (!roomId) throw new Error("a conflicting room always exists");
      return { roomId, created: false };
    }
    await sql`
      INSERT INTO rooms.participants (room_id, user_id, role, joined_at)
      SELECT ${room.id}, m.user_id, m.role, clock_timestamp()
      FROM unnest(${room.members.map(({ userId }) => userId)}::text[], ${room.members.map(({ role }) => role)}::text[])
        AS m(user_id, role)`.execute(trx);
    await enqueue(trx, room.id, 1, {
      kind: "created",
      type: room.type,
      settings: room.settings,
      members: [...room.members],
    });
    return { roomId: room.id, created: true };
  });
}

/** The room that this pair has, or that this creator created with the same key. */
export async function findCreated(
  db: Db,
  room: Pick<NewRoom, "pair" | "createdBy" | "clientId">,
): Promise<string | undefined> {
  if (!room.pair && !room.clientId) return undefined;
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM rooms.rooms
    WHERE pair = ${pairOf(room)} OR (created_by = ${room.createdBy} AND client_id = ${room.clientId})
    LIMIT 1`.execute(db);
  return rows[0]?.id;
}

const pairOf = ({ pair }: Pick<NewRoom, "pair">) => pair && JSON.stringify(pair);

/**
 * Changes a room under its lock. `decide` gets the room, the participation of who changes it, and the transaction. It throws, or returns what to
 * write, or undefined when there is nothing to change.
 */
export function changeRoom(
  db: Db,
  roomId: string,
  userId: string,
  decide: (room: RoomRow | undefined, mine: ParticipantRow | undefined, trx: Db) => Promise<Decision | undefined>,
): Promise<void> {
  return inTransaction(db, async (trx) => {
    const room = (
      await sql<RoomRow>`SELECT ${roomColumns} FROM rooms.rooms WHERE id = ${roomId} FOR UPDATE`.execute(trx)
    ).rows[0];
    const mine = await findParticipant(trx, roomId, userId);
    const decision = await decide(room, mine, trx);
    if (room && decision) await write(trx, room, decision);
  });
}

/** One who is or was in the room. */
export async function findParticipant(db: Db, roomId: string, userId: string): Promise<ParticipantRow | undefined> {
  const { rows } = await sql<ParticipantRow>`
    SELECT user_id, role, is_active, joined_at FROM rooms.participants
    WHERE room_id = ${roomId} AND user_id = ${userId}`.execute(db);
  return rows[0];
}

type MemberChange = Extract<RoomChange, { kind: "joined" | "added" | "left" | "role" }>;

/** What to write beside the change itself. */
export type Decision =
  | { readonly change: MemberChange }
  | {
      readonly change: Extract<RoomChange, { kind: "settings" }>;
      readonly name: string | null;
      readonly description: string | null;
      readonly avatar: string | null;
    };

async function write(trx: Db, room: RoomRow, decision: Decision): Promise<void> {
  const changeNo = room.change_no + 1;
  await sql`
    UPDATE rooms.rooms SET change_no = ${changeNo}, updated_at = date_trunc('milliseconds', clock_timestamp())
    WHERE id = ${room.id}`.execute(trx);
  if ("name" in decision) {
    await sql`
      UPDATE rooms.rooms SET name = ${decision.name}, description = ${decision.description}, avatar = ${decision.avatar},
        settings = ${jsonb(decision.change.settings)} WHERE id = ${room.id}`.execute(trx);
  } else {
    await writeMembers(trx, room.id, decision.change);
  }
  await enqueue(trx, room.id, changeNo, decision.change);
}

async function writeMembers(trx: Db, roomId: string, change: MemberChange): Promise<void> {
  switch (change.kind) {
    case "joined":
      return admit(trx, roomId, [change.userId], change.role);
    case "added":
      return admit(trx, roomId, change.userIds, change.role);
    case "role":
      return setRole(trx, roomId, change.userId, change.role);
    case "left":
      // Two statements: for both users at once the planner reads the whole room.
      await sql`
        UPDATE rooms.participants SET is_active = false, role = 'member'
        WHERE room_id = ${roomId} AND user_id = ${change.userId}`.execute(trx);
      if (change.newAdmin) await setRole(trx, roomId, change.newAdmin, "admin");
  }
}

/** In this order. */
async function admit(trx: Db, roomId: string, userIds: readonly string[], role: Role): Promise<void> {
  await sql`
    INSERT INTO rooms.participants (room_id, user_id, role, joined_at)
    SELECT ${roomId}, m.user_id, ${role}, clock_timestamp() FROM unnest(${userIds}::text[]) AS m(user_id)
    ON CONFLICT (room_id, user_id)
    DO UPDATE SET is_active = true, role = excluded.role, joined_at = excluded.joined_at`.execute(trx);
}

async function setRole(trx: Db, roomId: string, userId: string, role: Role): Promise<void> {
  await sql`UPDATE rooms.participants SET role = ${role} WHERE room_id = ${roomId} AND user_id = ${userId}`.execute(
    trx,
  );
}

/** Those of these people who are in the room. One by one: the planner would read everybody in the room. */
export async function activeAmong(db: Db, roomId: string, userIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ user_id: string }>`
    SELECT p.user_id FROM unnest(${userIds}::text[]) AS asked(user_id), LATERAL (
      SELECT p.user_id FROM rooms.participants p
      WHERE p.room_id = ${roomId} AND p.user_id = asked.user_id AND p.is_active LIMIT 1
    ) p`.execute(db);
  return new Set(rows.map(({ user_id }) => user_id));
}

/** Whether somebody other than this person is an admin of the room. */
export async function hasOtherAdmin(db: Db, roomId: string, userId: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM rooms.participants WHERE room_id = ${roomId} AND is_active AND role = 'admin' AND user_id <> ${userId}
    LIMIT 1`.execute(db);
  return rows.length > 0;
}

/** When the last admin leaves, the longest-standing member becomes admin; null while there is another admin, or no member. */
export async function findSuccessor(db: Db, roomId: string, leaving: string): Promise<string | null> {
  const { rows } = await sql<{ user_id: string }>`
    SELECT user_id FROM rooms.participants
    WHERE room_id = ${roomId} AND is_active AND user_id <> ${leaving} AND NOT EXISTS (
      SELECT FROM rooms.participants
      WHERE room_id = ${roomId} AND is_active AND role = 'admin' AND user_id <> ${leaving})
    ORDER BY joined_at, user_id LIMIT 1`.execute(db);
  return rows[0]?.user_id ?? null;
}

async function enqueue(trx: Db, roomId: string, changeNo: number, change: RoomChange): Promise<void> {
  await sql`INSERT INTO rooms.outbox (room_id, change_no, change) VALUES (${roomId}, ${changeNo}, ${jsonb(change)})`.execute(
    trx,
  );
}

/** In no particular order. */
export async function findRooms(db: Db, roomIds: readonly string[]): Promise<RoomRow[]> {
  const { rows } =
    await sql<RoomRow>`SELECT ${roomColumns} FROM rooms.rooms WHERE id = ANY(${roomIds}::text[])`.execute(db);
  return rows;
}
