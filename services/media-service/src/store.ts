import { type Kysely, sql } from "@khui/database";

export type Db = Kysely<Record<string, never>>;

/** Notes that files with this id may be in the store from now on. */
export async function beginUpload(db: Db, fileId: string): Promise<void> {
  await sql`INSERT INTO media.uploads (file_id) VALUES (${fileId})`.execute(db);
}

/** The messages are there, or the files are gone. */
export async function settleUploads(db: Db, fileIds: readonly string[]): Promise<void> {
  await sql`DELETE FROM media.uploads WHERE file_id = ANY(${fileIds}::text[])`.execute(db);
}

/** All is stored: counts the upload as begun now. False when it was settled or claimed. */
export async function renewUpload(db: Db, fileId: string): Promise<boolean> {
  const { rows } = await sql`
      UPDATE media.uploads SET started_at = clock_timestamp()
      WHERE file_id = ${fileId} AND started_at > '-infinity' RETURNING file_id`.execute(db);
  return rows.length > 0;
}

/**
 * Uploads begun at least `olderThanMs` ago that nobody settled, the oldest; from now on they count as begun before all time,
 * so that they are not renewed.
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
