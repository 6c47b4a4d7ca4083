// The states of an upload, and the statements that move it from one to another.
import { type Db, sql } from "@khui/database";

/**
 * Where an upload is, from the moment before its first byte goes into the blob store:
 *
 * - `storing`: objects may be in the store, and no message uses them. A row whose `started_at` is the time of the beginning.
 * - `stored`: all objects are in the store, and its message is being sent. The same row; `started_at` is now the time of the last object.
 * - `claimed`: the sweep is deciding whether a message uses the file. `started_at` is `-infinity`. No way back to `stored`.
 * - `settled`: a message uses the objects, or they are removed. No row.
 *
 * `beginUpload` → storing; `finishStoring`: storing → stored; `claimAbandoned`: any but settled → claimed; `settleUploads`: any → settled.
 * docs/flows/uploading.md draws them, and says what a crash leaves in each.
 */
export type UploadState = "storing" | "stored" | "claimed" | "settled";

/** → storing. Comes before the first object is put. */
export async function beginUpload(db: Db, fileId: string): Promise<void> {
  await sql`INSERT INTO media.uploads (file_id) VALUES (${fileId})`.execute(db);
}

/** storing → stored: the time after which the sweep may claim it begins again. False when the sweep has claimed or settled it already. */
export async function finishStoring(db: Db, fileId: string): Promise<boolean> {
  const { rows } = await sql`
      UPDATE media.uploads SET started_at = clock_timestamp()
      WHERE file_id = ${fileId} AND started_at > '-infinity' RETURNING file_id`.execute(db);
  return rows.length > 0;
}

/**
 * storing, stored → claimed, for uploads whose time began at least `olderThanMs` ago: the oldest `limit`, returned by their ids. Those
 * that an earlier sweep has claimed and not settled are claimed again.
 */
export async function claimAbandoned(db: Db, olderThanMs: number, limit: number): Promise<string[]> {
  const { rows } = await sql<{ file_id: string }>`
      UPDATE media.uploads SET started_at = '-infinity'
      WHERE file_id = ANY(ARRAY(
        SELECT file_id FROM media.uploads
        WHERE started_at <= now() - ${olderThanMs} * interval '1 millisecond'
        ORDER BY started_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))
      RETURNING file_id`.execute(db);
  return rows.map(({ file_id }) => file_id);
}

/** Any state → settled: messages use the objects, or they are removed. */
export async function settleUploads(db: Db, fileIds: readonly string[]): Promise<void> {
  await sql`DELETE FROM media.uploads WHERE file_id = ANY(${fileIds}::text[])`.execute(db);
}
