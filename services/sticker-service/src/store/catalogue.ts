// Reading sets and stickers.
import { ChatError, type StickerType } from "@khui/contracts";
import { sql } from "@khui/database";
import type { Patterns } from "../search-text.js";
import { type Db, type SetRow, type StickerRow, stored } from "./tables.js";

/** Of a set `s` and, where the user has it, `c` of the collections. */
const setColumns = sql`s.id, s.key, s.title, s.description, s.author, s.category, s.keywords, s.type, s.free, s.cover,
  s.sticker_count, s.retired_at IS NOT NULL AS retired, c.set_id IS NOT NULL AS owned, s.created_at, s.updated_at`;
const stickerColumns = sql`t.set_id, t.id, t.name, t.keywords, t.emoji, t.asset, t.width, t.height, t.interactive`;
const ownedBy = (userId: string) => sql`LEFT JOIN stickers.collections c ON c.set_id = s.id AND c.user_id = ${userId}`;

/** Sets that are not retired, the newest first. */
export async function listSets(
  db: Db,
  userId: string,
  { category, words }: { category: string | undefined; words: readonly string[] },
  page: number,
  limit: number,
): Promise<{ sets: SetRow[]; total: number }> {
  const found = sql`s.retired_at IS NULL AND (${category ?? null}::text IS NULL OR s.category = ${category ?? null})
    AND s.search_text LIKE ALL (${words}::text[])`;
  return stored(async () => {
    const { rows: sets } = await sql<SetRow>`
      SELECT ${setColumns} FROM stickers.sets s ${ownedBy(userId)} WHERE ${found}
      ORDER BY s.created_at DESC, s.id DESC LIMIT ${limit} OFFSET ${(page - 1) * limit}`.execute(db);
    const { rows } = await sql<{ total: number }>`
      SELECT count(*) AS total FROM stickers.sets s WHERE ${found}`.execute(db);
    return { sets, total: rows[0]?.total ?? 0 };
  });
}

/** Retired ones too: messages refer to them. */
export async function findSet(db: Db, userId: string, setId: string): Promise<SetRow | undefined> {
  const { rows } = await stored(() =>
    sql<SetRow>`SELECT ${setColumns} FROM stickers.sets s ${ownedBy(userId)} WHERE s.id = ${setId}`.execute(db),
  );
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
  const { rows } = await stored(() =>
    sql<StickerRow>`
      SELECT ${stickerColumns} FROM stickers.stickers t WHERE t.set_id = ANY (${setIds}::text[])
      ORDER BY t.set_id, t.position`.execute(db),
  );
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
  const { rows } = await stored(() =>
    sql<StickerRow>`
      SELECT ${stickerColumns} FROM stickers.stickers t WHERE t.set_id = ${setId} AND t.id = ${stickerId}`.execute(db),
  );
  return { set, sticker: rows[0] };
}

/**
 * Stickers that have every word in their own terms or their set's title: first those with the query as a whole term, then as a
 * term's beginning, then within a term. Those of retired sets only for who has them.
 */
export async function searchStickers(
  db: Db,
  userId: string,
  { whole, beginning, part, words }: Patterns,
  limit: number,
): Promise<Array<StickerRow & { type: StickerType }>> {
  const { rows } = await stored(() =>
    sql<StickerRow & { type: StickerType }>`
      SELECT ${stickerColumns}, s.type FROM stickers.stickers t
      JOIN stickers.sets s ON s.id = t.set_id ${ownedBy(userId)}
      WHERE (s.retired_at IS NULL OR c.set_id IS NOT NULL) AND (t.terms || s.titles) LIKE ALL (${words}::text[])
      ORDER BY CASE WHEN t.terms LIKE ${whole} THEN 0 WHEN t.terms LIKE ${beginning} THEN 1
        WHEN t.terms LIKE ${part} THEN 2 ELSE 3 END, s.created_at DESC, s.id DESC, t.position
      LIMIT ${limit}`.execute(db),
  );
  return rows;
}

/** The sets a user has downloaded, retired ones too, the last one first. */
export async function collectionOf(
  db: Db,
  userId: string,
  page: number,
  limit: number,
): Promise<{ sets: SetRow[]; total: number }> {
  return stored(async () => {
    const { rows: sets } = await sql<SetRow>`
      SELECT ${setColumns} FROM stickers.collections c JOIN stickers.sets s ON s.id = c.set_id
      WHERE c.user_id = ${userId}
      ORDER BY c.downloaded_at DESC, c.set_id DESC LIMIT ${limit} OFFSET ${(page - 1) * limit}`.execute(db);
    const { rows } = await sql<{ total: number }>`
      SELECT count(*) AS total FROM stickers.collections WHERE user_id = ${userId}`.execute(db);
    return { sets, total: rows[0]?.total ?? 0 };
  });
}

/**
 * Puts a set into a user's collection. One that is there stays as it is, and so does the time it came. False for a set that is
 * retired by then, or not there.
 */
export async function addToCollection(db: Db, userId: string, setId: string): Promise<boolean> {
  const { rows } = await stored(() =>
    sql`
      WITH offered AS (SELECT id FROM stickers.sets WHERE id = ${setId} AND retired_at IS NULL),
        added AS (INSERT INTO stickers.collections (user_id, set_id)
          SELECT ${userId}, id FROM offered ON CONFLICT DO NOTHING)
      SELECT id FROM offered`.execute(db),
  );
  return rows.length > 0;
}
