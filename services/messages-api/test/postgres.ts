// Replicas of this service's store on a real Postgres.
import * as database from "@khui/test-kit/servers/replicas";
import { migrations } from "../src/plugin.js";
import type { Db } from "../src/store/tables.js";

/** Each Db has a pool of its own; all of it is gone with `t`. */
export async function openReplicas(t: { teardown(close: () => unknown): unknown }, count: number): Promise<Db[]> {
  const replicas = await database.openReplicas(t, "messages", migrations, { count, poolSize: 8 });
  return replicas.map((replica) => replica.kysely());
}
