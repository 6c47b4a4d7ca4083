// What a later sweep does with uploads that were unsettled when a system ended.
import type { Blobs } from "@khui/blobs";
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { createFiles } from "@khui/media-service/internal/store/files";
import { filesInUse } from "@khui/messages-api/internal/store/cleanup";

/** Sweeps as media-service does, with messages-api's own answer. Returns the ids that were unsettled; throws if any stay so. */
export async function settle(postgresUrl: string, blobs: Blobs): Promise<string[]> {
  const database = await openPostgres({ url: postgresUrl });
  const bus = createLocalBus({ onError: () => {} }).connect();
  const db: Db = database.kysely();
  serveRpc(bus, messagesRpc.filesInUse, async ({ fileIds }) => ({ fileIds: await filesInUse(db, fileIds) }));
  const files = createFiles(db, blobs, bus, { warn: () => {} }, { intervalMs: 2 ** 30, abandonedMs: 0 });
  try {
    const before = await unsettled(db);
    await files.sweep();
    const after = await unsettled(db);
    if (after.length > 0) throw new Error(`not settled: ${after.join(", ")}`);
    return before;
  } finally {
    await files.close();
    await bus.close();
    await database.close();
  }
}

async function unsettled(db: Db): Promise<string[]> {
  const { rows } = await sql<{ file_id: string }>`SELECT file_id FROM media.uploads`.execute(db);
  return rows.map((row) => row.file_id).sort();
}
