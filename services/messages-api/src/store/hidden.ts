// Ranges of neighbouring hidden messages, which pages jump over.
import { sql } from "@khui/database";
import type { Db } from "./tables.js";

interface HiddenPlace {
  readonly userId: string;
  readonly roomId: string;
  readonly place: number;
}

/** Adds a place, which may join two ranges into one. Under the room's lock, within a transaction. */
export async function addRange(trx: Db, { userId, roomId, place }: HiddenPlace): Promise<void> {
  const { rows } = await sql<{ first_place: number; last_place: number }>`
    WITH below AS (
      DELETE FROM messages.hidden_ranges WHERE user_id = ${userId} AND room_id = ${roomId} AND last_place = ${place}::bigint - 1
      RETURNING first_place, last_place
    ),
    above AS (
      DELETE FROM messages.hidden_ranges WHERE user_id = ${userId} AND room_id = ${roomId} AND first_place = ${place}::bigint + 1
      RETURNING first_place, last_place
    )
    SELECT * FROM below UNION ALL SELECT * FROM above`.execute(trx);
  const first = Math.min(place, ...rows.map(({ first_place }) => first_place));
  const last = Math.max(place, ...rows.map(({ last_place }) => last_place));
  await sql`
    INSERT INTO messages.hidden_ranges (user_id, room_id, first_place, last_place)
    VALUES (${userId}, ${roomId}, ${first}, ${last})`.execute(trx);
}
