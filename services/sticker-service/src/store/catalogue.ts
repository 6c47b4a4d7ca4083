// Reads sets, their stickers and the collections of users.
import { ChatError } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { ownedBy, type SetRow, type StickerRow, setColumns, stickerColumns } from "./tables.js";

/** Retired ones too: messages refer to them. */
export async function findSet(db: Db, userId: string, setId: string): Promise<SetRow | undefined> {
  const { rows } =
    await sql<SetRow>`SELECT ${setColumns} FROM stickers.sets s ${ownedBy(userId)} WHERE s.id = ${setId}`.execute(db);
  return rows[0];
}

/** As findSet; throws sticker_set_not_found. */
export async function knownSet(db: Db, userId: string, setId: string): Promise<SetRow> {
  const set = await findSet(db, userId, setId);
  if (!set) throw new ChatError("sticker_set_not_found");
  return set;
}

/** The stickers of these sets, each set's in its own order. */
export async function stickersOf(db: Db, setIds: readonly string[]): Promise<StickerRow[]> {
  const { rows } = await sql<StickerRow>`
      SELECT ${stickerColumns} FROM stickers.stickers t WHERE t.set_id = ANY (${setIds}::text[])
      ORDER BY t.set_id, t.position`.execute(db);
  return rows;
}

/** A sticker and what decides whether a user may send it. `sticker` is undefined when the set has none of that id. */
export async function findSticker(
  db: Db,
  userId: string,
  setId: string,
  stickerId: string,
): Promise<{ set: SetRow; sticker: StickerRow | undefined } | undefined> {
  const set = await findSet(db, userId, setId);
  if (!set) return undefined;
  const { rows } = await sql<StickerRow>`
      SELECT ${stickerColumns} FROM stickers.stickers t WHERE t.set_id = ${setId} AND t.id = ${stickerId}`.execute(db);
  return { set, sticker: rows[0] };
}

/** The sets in a user's collection, retired ones included, the last one added first. `page` begins at 1. */
export async function collectionOf(
  db: Db,
  userId: string,
  page: number,
  limit: number,
): Promise<{ sets: SetRow[]; total: number }> {
  const { rows } = await sql<{ total: number }>`
    SELECT downloads AS total FROM stickers.collectors WHERE user_id = ${userId}`.execute(db);
  const total = rows[0]?.total ?? 0;
  const last = total - (page - 1) * limit;
  if (last <= 0) return { sets: [], total };
  const { rows: sets } = await sql<SetRow>`
    SELECT ${setColumns} FROM (
      SELECT set_id, place FROM stickers.collections
      WHERE user_id = ${userId} AND place BETWEEN ${last - limit + 1} AND ${last} ORDER BY place DESC LIMIT ${limit}
    ) c, LATERAL (SELECT * FROM stickers.sets s WHERE s.id = c.set_id LIMIT 1) s ORDER BY c.place DESC`.execute(db);
  return { sets, total };
}

/**
 * Adds a set to a user's collection; one that is in it keeps its position and time. False for a set that is retired or does not
 * exist.
 */
export async function addToCollection(db: Db, userId: string, setId: string): Promise<boolean> {
  const { rows } = await sql`
      WITH listed AS (SELECT id FROM stickers.sets WHERE id = ${setId} AND retired_at IS NULL),
        added AS (INSERT INTO stickers.collections (user_id, set_id)
          SELECT ${userId}, id FROM listed ON CONFLICT DO NOTHING)
      SELECT id FROM listed`.execute(db);
  return rows.length > 0;
}
