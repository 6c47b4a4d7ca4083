// Finds the sets that a search has to look into: those that have all of its grams, the newest first.
import { type RawBuilder, sql } from "@khui/database";

/**
 * How many steps a search goes back: this bounds its cost where each gram is common and few sets have all of them. Sets older than the
 * last step are not found.
 */
const maxSteps = 200;

/** The lists that `stickers.set_grams` has. */
export type GramList = "sets" | "stickers" | "retired stickers";

/** The gram by which a list of sets is narrowed to a category. */
export const categoryGram = (category: string): string => `\n\n${category}`;

/** Limits candidates to the sets in a user's collection, with numbers from `from` on. */
export interface Owned {
  readonly userId: string;
  readonly from: RawBuilder<unknown>;
}

/**
 * A recursive CTE: its column `found` has the numbers of the candidates, falling, among other rows where it is null. It is run only
 * as far as rows are asked of it.
 *
 * A leapfrog join (Veldhuizen, "Leapfrog Triejoin", ICDT 2014): each step looks up, for every gram, the newest set that is no newer
 * than the step's; where all are the same, it is a candidate, else the oldest of them is the next step's. So the rarest gram says
 * how many steps there are.
 */
export function candidates(name: string, list: GramList, grams: readonly string[], owned?: Owned): RawBuilder<unknown> {
  const ownedSets = owned
    ? sql`UNION ALL SELECT (
        SELECT c.number FROM stickers.collections c WHERE c.user_id = ${owned.userId} AND c.number <= step.upto
        ORDER BY c.number DESC LIMIT 1)`
    : sql``;
  return sql`${sql.id(name)} AS (
    SELECT 0 AS steps, ${Number.MAX_SAFE_INTEGER}::bigint AS upto, NULL::bigint AS found
    UNION ALL
    SELECT step.steps + 1, CASE WHEN oldest = newest THEN oldest - 1 ELSE oldest END, CASE WHEN oldest = newest THEN oldest END
    FROM ${sql.id(name)} step, LATERAL (
      SELECT min(number) AS oldest, max(number) AS newest, bool_and(number IS NOT NULL) AS in_all FROM (
        SELECT (
          SELECT g.number FROM stickers.set_grams g WHERE g.list = ${list} AND g.gram = wanted.gram AND g.number <= step.upto
          ORDER BY g.number DESC LIMIT 1) AS number
        FROM unnest(${grams}::text[]) AS wanted(gram)
        ${ownedSets}
      ) next
    ) next
    WHERE in_all AND step.steps < ${maxSteps} AND oldest >= ${owned?.from ?? sql`0`}
  )`;
}
