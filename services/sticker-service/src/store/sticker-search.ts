// Searches stickers by words.
import type { StickerType } from "@khui/contracts";
import { type Db, type RawBuilder, sql } from "@khui/database";
import type { Query, SearchTerms } from "../search-text.js";
import { candidates } from "./candidates.js";
import { type StickerRow, stickerColumns } from "./tables.js";

export type FoundSticker = StickerRow & { readonly type: StickerType };

/**
 * Stickers that have every word in their own terms or their set's title: first those with the query as a whole term, then as a
 * term's beginning, then within a term. Those of retired sets only for who has them.
 */
export async function searchStickers(db: Db, userId: string, query: Query, limit: number): Promise<FoundSticker[]> {
  const { whole, beginning, part, words } = query;
  const found = new Map<string, FoundSticker>();
  for (const [rank, terms] of [whole, beginning, part, words].entries()) {
    if (found.size >= limit) break;
    const stickers = await stickersOfRank(db, userId, query, rank, terms, limit - found.size);
    for (const sticker of stickers) {
      const key = `${sticker.set_id} ${sticker.id}`;
      // An update between two ranks may return one a second time.
      if (!found.has(key)) found.set(key, sticker);
    }
  }
  return [...found.values()];
}

/** Stickers of one rank, those of the newest sets first. Of retired sets only those are read that are recent enough for the answer. */
async function stickersOfRank(
  db: Db,
  userId: string,
  { whole, beginning, part, words }: Query,
  rank: number,
  { grams }: SearchTerms,
  limit: number,
): Promise<FoundSticker[]> {
  const stickersIn = (candidates: string): RawBuilder<unknown> => sql`
    SELECT t.* FROM ${sql.id(candidates)} AS candidate, LATERAL (
      SELECT ${stickerColumns}, s.type, s.number, t.position FROM stickers.sets s JOIN stickers.stickers t ON t.set_id = s.id
      WHERE s.number = candidate.found AND (t.terms || s.titles) LIKE ALL (${words.patterns}::text[])
        AND CASE WHEN t.terms LIKE ALL (${whole.patterns}::text[]) THEN 0 WHEN t.terms LIKE ALL (${beginning.patterns}::text[]) THEN 1
          WHEN t.terms LIKE ALL (${part.patterns}::text[]) THEN 2 ELSE 3 END = ${rank}
      ORDER BY t.position LIMIT ${limit}
    ) t LIMIT ${limit}`;
  const from = sql`(SELECT CASE WHEN count(*) < ${limit} THEN 0 ELSE min(number) END FROM listed)`;
  const { rows } = await sql<FoundSticker>`
    WITH RECURSIVE ${candidates("not_retired", "stickers", grams)},
      listed AS MATERIALIZED (${stickersIn("not_retired")}),
      ${candidates("retired", "retired stickers", grams, { userId, from })}
    SELECT * FROM (SELECT * FROM listed UNION ALL (${stickersIn("retired")})) t
    ORDER BY number DESC, position LIMIT ${limit}`.execute(db);
  return rows;
}
