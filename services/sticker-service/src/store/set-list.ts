// Lists of sets that are not retired, the newest first.
import { type Db, sql } from "@khui/database";
import type { SearchTerms } from "../search-text.js";
import { candidates, categoryGram } from "./candidates.js";
import { ownedBy, type SetRow, setColumns } from "./tables.js";

export interface SetPage {
  readonly sets: SetRow[];
  /** In all pages. */
  readonly total: number;
}

/**
 * Sets of a category, or all, that have all the words. `page` begins at 1. A search lists what `candidates` goes back to, and looks
 * it all up for each of its pages.
 */
export function listSets(
  db: Db,
  userId: string,
  { category, words }: { category: string | undefined; words: SearchTerms },
  page: number,
  limit: number,
): Promise<SetPage> {
  const offset = (page - 1) * limit;
  return words.patterns.length === 0
    ? listAll(db, userId, category, offset, limit)
    : listFound(db, userId, category, words, offset, limit);
}

/**
 * Skips `offset` sets by going down a tree of counts, 64 nodes a level: in the node in which the page begins, no more than 63 sets
 * are skipped one by one.
 */
async function listAll(
  db: Db,
  userId: string,
  category: string | undefined,
  offset: number,
  limit: number,
): Promise<SetPage> {
  const list = category ?? "";
  const { rows } = await sql<{ total: number }>`
    SELECT coalesce(sum(listed), 0) AS total FROM stickers.list_counts WHERE list = ${list} AND level = 4`.execute(db);
  const total = rows[0]?.total ?? 0;
  if (offset >= total) return { sets: [], total };
  const ofCategory = category === undefined ? sql`` : sql`AND s.category = ${category}`;
  const { rows: sets } = await sql<SetRow>`
    WITH RECURSIVE down AS (
      SELECT 5 AS level, 0::bigint AS node, ${offset}::bigint AS skipped
      UNION ALL
      SELECT down.level - 1, child.node, down.skipped - child.newer FROM down, LATERAL (
        SELECT node, newer FROM (
          SELECT node, sum(listed) AS listed, (sum(sum(listed)) OVER (ORDER BY node DESC) - sum(listed))::bigint AS newer
          FROM stickers.list_counts c
          WHERE c.list = ${list} AND c.level = down.level - 1 AND c.node BETWEEN down.node << 6 AND (down.node << 6) + 63
          GROUP BY node
        ) children WHERE newer <= down.skipped AND down.skipped < newer + listed LIMIT 1
      ) child WHERE down.level > 1
    ),
    start AS MATERIALIZED (SELECT node, skipped FROM down WHERE level = 1)
    SELECT ${setColumns} FROM (
      SELECT s.* FROM stickers.sets s
      WHERE s.retired_at IS NULL ${ofCategory} AND s.number < ((SELECT node FROM start) + 1) << 6
      ORDER BY s.number DESC OFFSET (SELECT skipped FROM start) LIMIT ${limit}
    ) s ${ownedBy(userId)} ORDER BY s.number DESC`.execute(db);
  return { sets, total };
}

async function listFound(
  db: Db,
  userId: string,
  category: string | undefined,
  { patterns, grams }: SearchTerms,
  offset: number,
  limit: number,
): Promise<SetPage> {
  const ofCategory = category === undefined ? [] : [categoryGram(category)];
  const { rows } = await sql<SetRow & { total: number }>`
    WITH RECURSIVE ${candidates("candidate", "sets", [...ofCategory, ...grams])},
    matching AS MATERIALIZED (
      SELECT s.number FROM candidate, LATERAL (
        SELECT s.number FROM stickers.sets s
        WHERE s.number = candidate.found AND s.search_text LIKE ALL (${patterns}::text[]) LIMIT 1
      ) s
    )
    SELECT matched.total, s.* FROM (SELECT count(*) AS total FROM matching) matched LEFT JOIN LATERAL (
      SELECT ${setColumns}, s.number FROM (
        SELECT s.* FROM (SELECT number FROM matching ORDER BY number DESC LIMIT ${limit} OFFSET ${offset}) page,
          LATERAL (SELECT * FROM stickers.sets s WHERE s.number = page.number LIMIT 1) s
      ) s ${ownedBy(userId)}
    ) s ON true ORDER BY s.number DESC`.execute(db);
  return { sets: rows.filter(({ id }) => id !== null), total: rows[0]?.total ?? 0 };
}
