// Replicas of this service's store on a real Postgres.
import type { Db, FailureKind } from "@khui/database";
import * as database from "@khui/test-kit/servers/replicas";
import { schema } from "../src/service.js";

/** Each Db has a pool of its own; all is closed with `t`. `onFailure` is called for each statement that fails. */
export async function openReplicas(
  t: { teardown(close: () => unknown): unknown },
  count: number,
  onFailure: (kind: FailureKind) => void = () => undefined,
): Promise<Db[]> {
  const replicas = await database.openReplicas(t, "messages", schema.migrations, { count, poolSize: 8, onFailure });
  return replicas.map((replica) => replica.kysely());
}
