// The epoch of the logs: which history their numbers belong to.
import { type Db, sql } from "@khui/database";

/** For the column list of a statement: see `Epoch` of the contracts. */
export const logEpoch = sql<string>`(SELECT e.epoch FROM messages.log_epoch e)`;

/** Begins a new epoch, once for each name of a restore, however many replicas ask. */
export async function beginEpoch(db: Db, restored: string): Promise<void> {
  await sql`UPDATE messages.log_epoch SET epoch = DEFAULT, restored = ${restored}
    WHERE restored IS DISTINCT FROM ${restored}`.execute(db);
}
