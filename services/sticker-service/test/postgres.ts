// Replicas of this service's store on a real Postgres.
import type { Database } from "@khui/database";
import * as database from "@khui/test-kit/servers/replicas";
import { schema } from "../src/service.js";
import type { TestFile } from "./rig.js";

/** Each Database has a pool of its own; all of it is gone with `t`. */
export function openReplicas(t: TestFile, count: number): Promise<Database[]> {
  return database.openReplicas(t, "stickers", schema.migrations, { count, poolSize: 4 });
}
