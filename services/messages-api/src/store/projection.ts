// Applies a room as rooms-api has it now, where changes before are lost: whoever is missing comes in, whoever is too many goes.
import type { Role, RoomChange } from "@khui/contracts";
import { type Db, inTransaction, jsonb, sql } from "@khui/database";
import { type Applied, appendEntries, applyTo, type Entry, lockRoom, startPositions } from "./membership.js";

type Projection = Extract<RoomChange, { kind: "projected" }>;

/** The first page follows any earlier change; each other one its predecessor. There is no system message: nobody did this. */
export function applyProjection(db: Db, roomId: string, changeNo: number, projection: Projection): Promise<Applied> {
  return inTransaction(db, (trx) => applyPage(trx, roomId, changeNo, projection));
}

async function applyPage(trx: Db, roomId: string, changeNo: number, projection: Projection): Promise<Applied> {
  const { type, settings, after } = projection;
  if (after === null) {
    await sql`
      INSERT INTO messages.rooms (id, type, settings, last_at)
      VALUES (${roomId}, ${type}, ${jsonb(settings)}, date_trunc('milliseconds', clock_timestamp()))
      ON CONFLICT DO NOTHING`.execute(trx);
  }
  const room = await lockRoom(trx, roomId);
  const follows = room && (after === null ? room.change_no < changeNo : room.change_no === changeNo - 1);
  if (!follows) return { applied: room?.change_no ?? 0, entries: [] };
  await sql`UPDATE messages.rooms SET settings = ${jsonb(settings)} WHERE id = ${roomId}`.execute(trx);
  const entries: Entry[] = [];
  let members = room.member_count;
  for (const change of await differences(trx, roomId, projection)) {
    const [entry] = await applyTo(trx, { ...room, member_count: members }, change);
    if (!entry) continue;
    members = entry.data.members ?? members;
    entries.push({ ...entry, message_id: null });
    const seq = room.seq + entries.length;
    if (change.kind === "joined") await startPositions(trx, roomId, [{ userId: change.userId, seq }]);
  }
  return { applied: changeNo, entries: await appendEntries(trx, room, { changeNo, entries, members, messages: 0 }) };
}

/** What makes the members within the page's ids those of the page. */
async function differences(trx: Db, roomId: string, { after, upTo, members }: Projection) {
  const { rows } = await sql<{ user_id: string; role: Role }>`
    SELECT user_id, role FROM messages.members WHERE room_id = ${roomId} AND is_active
      AND user_id > ${after ?? ""} AND (${upTo}::text IS NULL OR user_id <= ${upTo}::text)`.execute(trx);
  const wanted = new Map(members.map(({ userId, role }) => [userId, role]));
  const present = new Map(rows.map(({ user_id, role }) => [user_id, role]));
  for (const [userId, role] of wanted) {
    if (!present.has(userId) || present.get(userId) === role) continue;
    await sql`UPDATE messages.members SET role = ${role} WHERE room_id = ${roomId} AND user_id = ${userId}`.execute(
      trx,
    );
  }
  const gone = [...present.keys()].filter((userId) => !wanted.has(userId));
  const came = members.filter(({ userId }) => !present.has(userId));
  return [
    ...gone.map((userId) => ({ kind: "left" as const, userId, newAdmin: null, text: "" })),
    ...came.map(({ userId, role }) => ({ kind: "joined" as const, userId, role, text: "" })),
  ];
}
