// A fresh database on a real Postgres, with this service's schema, and as many pools on it as there are replicas.
import { randomUUID } from "node:crypto";
import { type Database, sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { startPostgres } from "../../../packages/database/test/postgres-server.js";
import { migrations } from "../src/plugin.js";
import type { TestFile } from "./rig.js";

/**
 * Runs on TEST_POSTGRES_URL where it is set, else on a private server. Each Database has a pool of its own; all of it is gone
 * with `t`.
 */
export async function openReplicas(t: TestFile, count: number): Promise<Database[]> {
  const given = process.env.TEST_POSTGRES_URL;
  const server = given ? undefined : await startPostgres();
  const serverUrl = given ?? server?.url ?? "";
  const name = `khui_test_${randomUUID().replaceAll("-", "")}`;
  const owner = openPostgres({ url: serverUrl, poolSize: 1 });
  await sql`create database ${sql.id(name)}`.execute(owner.kysely());
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const replicas = Array.from({ length: count }, () => openPostgres({ url, poolSize: 4 }));
  t.teardown(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await sql`drop database ${sql.id(name)} with (force)`.execute(owner.kysely());
    await owner.close();
    await server?.remove();
  });
  await replicas[0]?.migrate("stickers", migrations);
  return replicas;
}
