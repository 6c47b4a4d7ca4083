// Replicas of this service's store on a real Postgres.
import type { Database } from "@khui/database";
import * as database from "@khui/test-kit/servers/replicas";
import type { TestFile } from "@khui/test-kit/test-file";
import { schema } from "../src/service.js";

/** Each Database has a pool of its own; all of it is gone with `t`. */
export function openReplicas(t: TestFile, count: number): Promise<Database[]> {
  return database.openReplicas(t, "stickers", schema.migrations, { count, poolSize: 4 });
}
