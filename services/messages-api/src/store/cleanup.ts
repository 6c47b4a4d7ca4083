// What deleted messages leave behind: files that no message uses any more, edits and reactions.
import { type Db, sql } from "@khui/database";

/** Files that no message uses any more and that are not yet removed. */
export async function unusedFiles(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM messages.files WHERE uses = 0 LIMIT ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Call once they have been removed. A file without uses gets none again: forwarding it is refused. */
export async function forgetFiles(db: Db, fileIds: readonly string[]): Promise<void> {
  await sql`DELETE FROM messages.files WHERE id = ANY(${fileIds}::text[]) AND uses = 0`.execute(db);
}

/** Those of these files that messages use. */
export async function filesInUse(db: Db, fileIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM messages.files WHERE id = ANY(${fileIds}::text[]) AND uses > 0`.execute(db);
  return rows.map(({ id }) => id);
}

const chunk = 1_000;

/** Removes some of the edits and reactions of deleted messages; false when there are none left. Replicas may all do so. */
export async function purgeDeletedMessages(db: Db): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    WITH message AS MATERIALIZED (SELECT message_id FROM messages.remains LIMIT 1 FOR UPDATE SKIP LOCKED),
    edits AS (
      DELETE FROM messages.edits e USING message m WHERE e.message_id = m.message_id RETURNING e.number
    ),
    reactions AS (
      DELETE FROM messages.reactions x WHERE (x.message_id, x.user_id) IN (
        SELECT x.message_id, x.user_id FROM message m JOIN messages.reactions x ON x.message_id = m.message_id LIMIT ${chunk}
      ) RETURNING x.user_id
    ),
    done AS (
      DELETE FROM messages.remains WHERE message_id = (SELECT message_id FROM message)
        AND (SELECT count(*) FROM reactions) < ${chunk}
    )
    SELECT EXISTS (SELECT FROM message) AS found`.execute(db);
  return rows[0]?.found ?? false;
}
