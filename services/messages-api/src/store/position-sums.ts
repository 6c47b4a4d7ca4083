// Suffix sums over a room's positions at constant cost: how many messages after one are deleted, hidden or not counted as unread.
// Stored in messages.tallies.
import { type RawBuilder, sql } from "@khui/database";

/**
 * What is summed. `deleted`: one at the ordinal of each deleted message, for the room (no owner).
 * `uncounted`: for a member, one at the ordinal of each message that does not count as unread for them although it is not
 * deleted (hidden), minus one where a deleted message was not counted in the first place (their own). `hidden`: for a member,
 * one at the place of each message they hid.
 */
export type SumKind = "deleted" | "uncounted" | "hidden";

/**
 * A tree of fixed depth: a node has 128 children and covers 128, 16,384, 2,097,152 … positions, up to 3.4e10 of a room. It
 * holds, for each child, the sum of the children after it. So a sum reads one array element a level, and an amount is added to
 * one row a level; both under the room's lock, or in one snapshot.
 */
const levels = 5;
const fanOutBits = 7;
const fanOut = 1 << fanOutBits;

/** The sum of the amounts at positions after `position`. All arguments are SQL expressions. */
export function sumAfter(
  kind: SumKind,
  { room, owner, position }: Record<"room" | "owner" | "position", RawBuilder<unknown>>,
): RawBuilder<number> {
  const ofLevel = (level: number) => {
    const child = sql`((${position} >> ${sql.lit(fanOutBits * level)}) & ${sql.lit(fanOut - 1)})::int`;
    return sql`coalesce((SELECT node.after[${child} + 1] FROM messages.tallies node
      WHERE node.room_id = ${room} AND node.kind = ${sql.lit(kind)} AND node.owner = ${owner}
        AND node.level = ${sql.lit(level)} AND node.node = ${position} >> ${sql.lit(fanOutBits * (level + 1))}), 0)`;
  };
  return sql<number>`(${sql.join(
    Array.from({ length: levels }, (_, level) => ofLevel(level)),
    sql` + `,
  )})::bigint`;
}

/**
 * A statement, or a part of one, that adds amounts. `amounts` selects room_id, kind, owner, position, amount: no two rows of
 * the same room, kind and owner. The caller holds the room's lock.
 */
export function addAmounts(amounts: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    INSERT INTO messages.tallies (room_id, kind, owner, level, node, after)
    SELECT room_id, kind, owner, level, position >> (${sql.lit(fanOutBits)} * (level + 1)),
      array_fill(amount, ARRAY[before]) || array_fill(0, ARRAY[${sql.lit(fanOut)} - before])
    FROM (${amounts}) amounts, generate_series(0, ${sql.lit(levels - 1)}) AS level,
      LATERAL (SELECT ((position >> (${sql.lit(fanOutBits)} * level)) & ${sql.lit(fanOut - 1)})::int AS before) child
    ON CONFLICT (room_id, kind, owner, level, node) DO UPDATE SET after = (
      SELECT array_agg(before + added ORDER BY n)
      FROM unnest(tallies.after, excluded.after) WITH ORDINALITY AS sums(before, added, n))`;
}
