// A fresh database on a real Postgres, with one service's schema, and as many pools on it as there are replicas.
import type { Database } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { ownDatabase } from "./database.js";

/** Each Database has a pool of its own; all of it is gone with `t`. */
export async function openReplicas(
  t: Parameters<typeof ownDatabase>[0],
  schema: string,
  migrations: URL,
  { count, poolSize }: { count: number; poolSize: number },
): Promise<Database[]> {
  const url = await ownDatabase(t);
  const replicas = Array.from({ length: count }, () => openPostgres({ url, poolSize }));
  t.teardown(() => Promise.all(replicas.map((replica) => replica.close())));
  await replicas[0]?.migrate(schema, migrations);
  return replicas;
}
