// Takes entries out of the log when they are older than anyone may resume from.
import { sql } from "@khui/database";
import type { Logger } from "pino";
import type { Db } from "./store/tables.js";

/** Entries taken out by one statement: short enough not to be felt by writers. */
const chunk = 5_000;

/** Removes old entries and raises each room's floor with them, in one statement. Returns how many went. */
export async function pruneLog(db: Db, olderThan: Date): Promise<number> {
  const { rows } = await sql<{ gone: number }>`
    WITH old AS (
      DELETE FROM messages.log WHERE ctid IN (
        SELECT ctid FROM messages.log WHERE at < ${olderThan} ORDER BY at LIMIT ${chunk} FOR UPDATE SKIP LOCKED
      ) RETURNING room_id, seq
    ),
    -- in the order of their ids, as sending locks them
    room AS MATERIALIZED (
      SELECT r.id FROM messages.rooms r WHERE r.id = ANY(ARRAY(SELECT DISTINCT room_id FROM old))
      ORDER BY r.id FOR NO KEY UPDATE OF r
    ),
    raised AS (
      UPDATE messages.rooms r SET floor = greatest(r.floor, o.seq)
      FROM (SELECT room_id, max(seq) AS seq FROM old GROUP BY room_id) o
      WHERE r.id = o.room_id AND r.id = ANY(ARRAY(SELECT id FROM room))
    )
    SELECT count(*) AS gone FROM old`.execute(db);
  return rows[0]?.gone ?? 0;
}

/** Prunes now and every `everyMs` until the returned function is called; replicas may all do so. */
export function startRetention(
  db: Db,
  log: Pick<Logger, "warn">,
  days: number,
  everyMs = 600_000,
): () => Promise<void> {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  const prune = async () => {
    try {
      const olderThan = new Date(Date.now() - days * 86_400_000);
      while (!stopped && (await pruneLog(db, olderThan)) === chunk);
    } catch (error) {
      log.warn({ err: error }, "could not prune the log");
    }
  };
  const soon = () => {
    running = running.then(prune);
  };
  const timer = setInterval(soon, everyMs);
  timer.unref();
  soon();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
}
