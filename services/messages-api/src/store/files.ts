// How many messages use each file. A count of zero is the order to remove it.
import { sql } from "@khui/database";
import type { Db } from "./tables.js";

/** Files that no message uses any more and that are not yet removed. */
export async function unusedFiles(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM messages.files WHERE uses = 0 LIMIT ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** They have been removed. A file of no use is never used again: forwarding it is refused. */
export async function forgetFiles(db: Db, fileIds: readonly string[]): Promise<void> {
  await sql`DELETE FROM messages.files WHERE id = ANY(${fileIds}::text[]) AND uses = 0`.execute(db);
}

/** Of these files, those that messages use. */
export async function filesInUse(db: Db, fileIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM messages.files WHERE id = ANY(${fileIds}::text[]) AND uses > 0`.execute(db);
  return rows.map(({ id }) => id);
}
