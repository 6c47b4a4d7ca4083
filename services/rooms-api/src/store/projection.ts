// A room as it is now, in place of its pending changes: for a messages-api that lacks some of those before.
import type { Role, RoomChange } from "@khui/contracts";
import { type Db, inTransaction, jsonb, sql } from "@khui/database";
import type { RoomRow } from "./tables.js";

type Page = Extract<RoomChange, { kind: "projected" }>;

/** Members of one change: what messages-api writes within a request's time. */
const pageSize = 1_000;

/** Whether messages-api has applied a change that this room has not made: then this database is older. */
export async function isAhead(db: Db, roomId: string, applied: number): Promise<boolean> {
  const { rows } = await sql`SELECT id FROM rooms.rooms WHERE id = ${roomId} AND change_no < ${applied}`.execute(db);
  return rows.length > 0;
}

/**
 * Replaces a room's pending changes by the room itself, unless another replica has done so. The new changes are numbered after all
 * of the room's, and after `applied`, the last one that messages-api has.
 */
export function projectRoom(db: Db, roomId: string, applied: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const { rows } = await sql<Pick<RoomRow, "type" | "settings" | "change_no">>`
      SELECT type, settings, change_no FROM rooms.rooms WHERE id = ${roomId} FOR UPDATE`.execute(trx);
    const room = rows[0];
    if (!room || (await isProjected(trx, roomId))) return;
    const { rows: members } = await sql<{ userId: string; role: Role }>`
      SELECT user_id AS "userId", role FROM rooms.participants WHERE room_id = ${roomId} AND is_active
      ORDER BY user_id`.execute(trx);
    const last = Math.max(room.change_no, applied);
    const pages = pagesOf(members).map((page, i) => ({
      change_no: last + 1 + i,
      change: { kind: "projected", type: room.type, settings: room.settings, ...page } satisfies Page,
    }));
    await sql`DELETE FROM rooms.outbox WHERE room_id = ${roomId}`.execute(trx);
    await sql`
      INSERT INTO rooms.outbox (room_id, change_no, change)
      SELECT ${roomId}, change_no, change FROM jsonb_to_recordset(${jsonb(pages)}) AS x(change_no bigint, change jsonb)`.execute(
      trx,
    );
    await sql`UPDATE rooms.rooms SET change_no = ${last + pages.length} WHERE id = ${roomId}`.execute(trx);
  });
}

/** Whether the first change that waits begins a projection. */
async function isProjected(trx: Db, roomId: string): Promise<boolean> {
  const { rows } = await sql<{ change: RoomChange }>`
    SELECT change FROM rooms.outbox WHERE room_id = ${roomId} ORDER BY change_no LIMIT 1`.execute(trx);
  const change = rows[0]?.change;
  return change?.kind === "projected" && change.after === null;
}

/** At least one, since a room may have lost everybody. Together they cover all ids. */
function pagesOf(members: Page["members"]): Array<Pick<Page, "after" | "upTo" | "members">> {
  const count = Math.max(1, Math.ceil(members.length / pageSize));
  return Array.from({ length: count }, (_, i) => ({
    after: members[i * pageSize - 1]?.userId ?? null,
    upTo: i === count - 1 ? null : members[(i + 1) * pageSize - 1]!.userId,
    members: members.slice(i * pageSize, (i + 1) * pageSize),
  }));
}
