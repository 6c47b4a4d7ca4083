// The statement that sets, replaces or removes a reaction.
import { type Db, sql } from "@khui/database";
import { type Change, type ChangeResult, change, withRoomLocked } from "./change.js";
import { reactionJson } from "./tables.js";

/** Up to this many, a message row carries all of its reactions; beyond, only how many used each emoji. */
const maxEmbedded = 50;
/** Different emojis of one message: each is a count in every page and event that shows the message. */
const maxEmojis = 100;

/** Sets, replaces or (with a null emoji) removes a user's one reaction. */
export function reactTo(
  db: Db,
  reaction: {
    userId: string;
    messageId: string;
    roomId: string | undefined;
    emoji: string | null;
    reactionType: string | null;
  },
): Promise<ChangeResult> {
  const { userId, messageId, emoji, reactionType } = reaction;
  const mine = sql`(SELECT emoji FROM mine)`;
  const difference = sql`((${emoji}::text IS NOT NULL)::int - (${mine} IS NOT NULL)::int)`;
  const action = sql`CASE WHEN ${emoji}::text IS NULL THEN 'removed' WHEN ${mine} IS NULL THEN 'added' ELSE 'changed' END`;
  const spec: Change = {
    ...reaction,
    event: "reaction_updated",
    before: sql`, mine AS MATERIALIZED (
      SELECT x.emoji, x.reaction_type FROM target t JOIN messages.reactions x ON x.message_id = t.id
      WHERE x.user_id = ${userId}
    )`,
    refusal: sql`CASE
      WHEN t.deleted OR t.type = 'system' THEN 'message_not_found'
      WHEN ${emoji}::text IS NOT NULL AND NOT (room.settings->>'allowReactions')::boolean THEN 'reactions_not_allowed'
      WHEN NOT jsonb_exists(coalesce(t.reaction_counts, '{}'), ${emoji}::text)
        AND (SELECT count(*) FROM jsonb_object_keys(t.reaction_counts)) >= ${maxEmojis} THEN 'too_many_reactions' END`,
    unchanged: sql`CASE WHEN ${emoji}::text IS NULL THEN ${mine} IS NULL
      ELSE ${mine} = ${emoji} AND (SELECT reaction_type FROM mine) IS NOT DISTINCT FROM ${reactionType}::text END`,
    set: sql`reaction_count = m.reaction_count + ${difference},
      reaction_counts = (
        SELECT jsonb_object_agg(emoji, n) FROM (
          SELECT emoji, sum(n) AS n FROM (
            SELECT key AS emoji, value::int AS n FROM jsonb_each_text(m.reaction_counts)
            UNION ALL SELECT ${emoji}::text, 1 WHERE ${emoji}::text IS NOT NULL
            UNION ALL SELECT emoji, -1 FROM mine
          ) changes GROUP BY emoji HAVING sum(n) > 0
        ) counts),
      reactions = CASE WHEN m.reaction_count + ${difference} <= ${maxEmbedded} THEN (
        SELECT jsonb_agg(${reactionJson} ORDER BY x.created_at, x.user_id) FROM (
          SELECT user_id, emoji, reaction_type, created_at FROM messages.reactions
          WHERE message_id = ${messageId} AND user_id <> ${userId}
          UNION ALL SELECT ${userId}, ${emoji}::text, ${reactionType}::text, act.at WHERE ${emoji}::text IS NOT NULL
        ) x) END`,
    roomSet: sql`n_reactions = r.n_reactions + ${difference}`,
    data: sql`jsonb_build_object('userId', ${userId}::text, 'emoji', ${emoji}::text,
      'reactionType', ${reactionType}::text, 'action', ${action})`,
    also:
      emoji === null
        ? sql`, unreacted AS (
            DELETE FROM messages.reactions x USING act WHERE x.message_id = ${messageId} AND x.user_id = ${userId})`
        : sql`, reacted AS (
            INSERT INTO messages.reactions (message_id, user_id, emoji, reaction_type, created_at)
            SELECT ${messageId}, ${userId}, ${emoji}, ${reactionType}, act.at FROM act
            ON CONFLICT (message_id, user_id) DO UPDATE SET emoji = excluded.emoji,
              reaction_type = excluded.reaction_type, created_at = excluded.created_at)`,
  };
  return withRoomLocked(db, messageId, (trx) => change(trx, spec));
}
