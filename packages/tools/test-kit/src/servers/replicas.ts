// A fresh database on a real Postgres, with one service's schema, and as many pools on it as there are replicas.
import { type Database, type FailureKind, failureKind } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import type { TestFile } from "../test-file.js";
import { ownDatabase } from "./database.js";

/**
 * Each Database has a pool of its own; all of it is gone with `t`. `onFailure` is told of each statement that fails, also
 * where the port runs it again.
 */
export async function openReplicas(
  t: TestFile,
  schema: string,
  migrations: URL,
  { count, poolSize, onFailure }: { count: number; poolSize: number; onFailure?: (kind: FailureKind) => void },
): Promise<Database[]> {
  const url = await ownDatabase(t);
  const onStatement = () => (failure?: unknown) => {
    if (failure !== undefined) onFailure?.(failureKind(failure));
  };
  const replicas = Array.from({ length: count }, () => openPostgres({ url, poolSize, onStatement }));
  t.teardown(() => Promise.all(replicas.map((replica) => replica.close())));
  await replicas[0]?.migrate(schema, migrations);
  return replicas;
}
