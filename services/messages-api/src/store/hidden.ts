// Ranges of adjacent hidden messages, which pages skip.
import { type Db, sql } from "@khui/database";

interface HiddenPlace {
  readonly userId: string;
  readonly roomId: string;
  readonly place: number;
}

/** Adds a place, which may merge two ranges into one. Under the room's lock, so that the rows found are those removed. */
export async function addRange(trx: Db, { userId, roomId, place }: HiddenPlace): Promise<void> {
  const { rows } = await sql<{ first_place: number; last_place: number }>`
    WITH neighbour AS (
      (SELECT ctid, last_place + 1 AS next FROM messages.hidden_ranges
        WHERE user_id = ${userId} AND room_id = ${roomId} AND last_place >= ${place}::bigint - 1 ORDER BY last_place LIMIT 1)
      UNION ALL
      (SELECT ctid, first_place - 1 FROM messages.hidden_ranges
        WHERE user_id = ${userId} AND room_id = ${roomId} AND first_place <= ${place}::bigint + 1
        ORDER BY first_place DESC LIMIT 1)
    )
    DELETE FROM messages.hidden_ranges
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM neighbour WHERE next = ${place}::bigint))
    RETURNING first_place, last_place`.execute(trx);
  const first = Math.min(place, ...rows.map(({ first_place }) => first_place));
  const last = Math.max(place, ...rows.map(({ last_place }) => last_place));
  await sql`
    INSERT INTO messages.hidden_ranges (user_id, room_id, first_place, last_place)
    VALUES (${userId}, ${roomId}, ${first}, ${last})`.execute(trx);
}
