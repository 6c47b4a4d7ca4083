// Invitations into groups.
import { type Db, sql } from "@khui/database";
import type { InvitationRow } from "./tables.js";

/** Listed, since a prepared `*` fails once on each connection when a migration has added a column. */
const columns = sql`code, room_id, created_by, created_at, expires_at, max_uses, uses, expires_at <= clock_timestamp() AS expired`;

/** Those that may still be used. */
const live = sql`expires_at > clock_timestamp() AND (max_uses IS NULL OR uses < max_uses)`;

export interface NewInvitation {
  readonly code: string;
  readonly roomId: string;
  readonly createdBy: string;
  readonly maxUses: number | null;
  readonly expiresInSeconds: number;
}

/** Adds an invitation under the room's lock, and deletes what can no longer be used; undefined when the room has `maxLive` others. */
export async function addInvitation(
  trx: Db,
  invitation: NewInvitation,
  maxLive: number,
): Promise<InvitationRow | undefined> {
  const { code, roomId, createdBy, maxUses, expiresInSeconds } = invitation;
  await sql`DELETE FROM rooms.invitations WHERE room_id = ${roomId} AND NOT (${live})`.execute(trx);
  const { rows } = await sql<InvitationRow>`
    INSERT INTO rooms.invitations (code, room_id, created_by, max_uses, expires_at)
    SELECT ${code}, ${roomId}, ${createdBy}, ${maxUses}::integer, clock_timestamp() + ${expiresInSeconds} * interval '1 second'
    WHERE (SELECT count(*) FROM rooms.invitations WHERE room_id = ${roomId}) < ${maxLive}
    RETURNING ${columns}`.execute(trx);
  return rows[0];
}

/** The room's invitations that may still be used, the newest first. */
export async function liveInvitations(db: Db, roomId: string): Promise<InvitationRow[]> {
  const { rows } = await sql<InvitationRow>`
    SELECT ${columns} FROM rooms.invitations WHERE room_id = ${roomId} AND ${live} ORDER BY created_at DESC, code`.execute(
    db,
  );
  return rows;
}

/** Whether the room had this invitation. */
export async function deleteInvitation(db: Db, roomId: string, code: string): Promise<boolean> {
  const { rows } =
    await sql`DELETE FROM rooms.invitations WHERE code = ${code} AND room_id = ${roomId} RETURNING code`.execute(db);
  return rows.length > 0;
}

export async function findInvitation(db: Db, code: string): Promise<InvitationRow | undefined> {
  const { rows } = await sql<InvitationRow>`SELECT ${columns} FROM rooms.invitations WHERE code = ${code}`.execute(db);
  return rows[0];
}

/** Counts a use, under the room's lock. */
export async function countUse(trx: Db, code: string): Promise<void> {
  await sql`UPDATE rooms.invitations SET uses = uses + 1 WHERE code = ${code}`.execute(trx);
}
