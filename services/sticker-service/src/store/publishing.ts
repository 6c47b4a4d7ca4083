// Writes sets.
import { type Db, inTransaction, jsonb, sql } from "@khui/database";
import type { SetRow, StickerRow } from "./tables.js";

/** A set to be written. */
export interface NewSet
  extends Pick<
    SetRow,
    "id" | "key" | "title" | "description" | "author" | "category" | "keywords" | "type" | "free" | "cover"
  > {
  readonly digest: string;
  /** See `search-text.ts`. */
  readonly searchText: string;
  readonly titles: string;
  readonly stickers: ReadonlyArray<Omit<StickerRow, "set_id"> & { readonly terms: string }>;
}

export interface Saved {
  readonly setId: string;
  readonly result: "published" | "updated" | "unchanged";
}

const now = sql`date_trunc('milliseconds', clock_timestamp())`;
/**
 * Writes a set with its stickers, or nothing where the set of that key was published from the same digest. An existing set keeps its
 * id; `set.id` is not used then. A retired one is published again. A `starter` set replaces neither a retired set nor one that an
 * administrator has published. Concurrent writes of one key run one after the other.
 */
export function saveSet(db: Db, set: NewSet, starter: boolean): Promise<Saved> {
  return inTransaction(db, async (trx): Promise<Saved> => {
    // The conflict locks the row, also where nothing is to be updated.
    const { rows } = await sql<{ id: string }>`
        INSERT INTO stickers.sets AS s (id, key, title, description, author, category, keywords, type, free, cover,
          sticker_count, digest, starter, search_text, titles)
        VALUES (${set.id}, ${set.key}, ${jsonb(set.title)}, ${set.description && jsonb(set.description)}, ${set.author},
          ${set.category}, ${jsonb(set.keywords)}, ${set.type}, ${set.free}, ${set.cover}, ${set.stickers.length},
          ${set.digest}, ${starter}, ${set.searchText}, ${set.titles})
        ON CONFLICT (key) DO UPDATE SET title = excluded.title, description = excluded.description,
          author = excluded.author, category = excluded.category, keywords = excluded.keywords, type = excluded.type,
          free = excluded.free, cover = excluded.cover, sticker_count = excluded.sticker_count,
          digest = excluded.digest, starter = excluded.starter, search_text = excluded.search_text, titles = excluded.titles,
          retired_at = NULL, updated_at = ${now}
        WHERE CASE WHEN ${starter} THEN s.starter AND s.retired_at IS NULL AND s.digest <> excluded.digest
          ELSE s.retired_at IS NOT NULL OR s.digest <> excluded.digest END
        RETURNING id`.execute(trx);
    const id = rows[0]?.id;
    if (!id) return { setId: await idOf(trx, set.key), result: "unchanged" };
    await sql`DELETE FROM stickers.stickers WHERE set_id = ${id}`.execute(trx);
    const stickers = set.stickers.map((sticker, position) => ({ ...sticker, position }));
    await sql`
        INSERT INTO stickers.stickers
          (set_id, id, position, name, keywords, emoji, asset, width, height, interactive, terms)
        SELECT ${id}, x.id, x.position, x.name, x.keywords, x.emoji, x.asset, x.width, x.height,
          x.interactive, x.terms
        FROM jsonb_to_recordset(${jsonb(stickers)}) AS x(id text, position int, name jsonb, keywords jsonb, emoji text,
          asset text, width int, height int, interactive jsonb, terms text)`.execute(trx);
    return { setId: id, result: id === set.id ? "published" : "updated" };
  });
}

async function idOf(db: Db, key: string): Promise<string> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM stickers.sets WHERE key = ${key}`.execute(db);
  const id = rows[0]?.id;
  if (!id) throw new Error("the set that conflicts is always found");
  return id;
}

/** Whether publishing a starter set of this digest would change nothing. */
export async function isUpToDate(db: Db, key: string, digest: string): Promise<boolean> {
  const { rows } = await sql`
      SELECT 1 FROM stickers.sets
      WHERE key = ${key} AND (digest = ${digest} OR retired_at IS NOT NULL OR NOT starter)`.execute(db);
  return rows.length > 0;
}

/** False when there is no such set. One that is retired stays as it is. */
export async function retireSet(db: Db, setId: string): Promise<boolean> {
  const { rows } = await sql`
      UPDATE stickers.sets SET retired_at = coalesce(retired_at, ${now}),
        updated_at = CASE WHEN retired_at IS NULL THEN ${now} ELSE updated_at END
      WHERE id = ${setId} RETURNING id`.execute(db);
  return rows.length > 0;
}
