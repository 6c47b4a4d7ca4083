// A fresh database on a real Postgres, with one service's schema, and as many pools on it as there are replicas.
import { randomUUID } from "node:crypto";
import { type Database, type FailureKind, failureKind, sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { startPostgres } from "./postgres.js";

/** The part of tap's test that is needed here. */
interface TestFile {
  teardown(close: () => unknown): unknown;
}

/**
 * Runs on TEST_POSTGRES_URL where it is set, else on a private server. Each Database has a pool of its own; all of it is
 * gone with `t`. `onFailure` is told of each statement that fails, also where the port runs it again.
 */
export async function openReplicas(
  t: TestFile,
  schema: string,
  migrations: URL,
  { count, poolSize, onFailure }: { count: number; poolSize: number; onFailure?: (kind: FailureKind) => void },
): Promise<Database[]> {
  const given = process.env.TEST_POSTGRES_URL;
  const server = given ? undefined : await startPostgres();
  const serverUrl = given ?? server?.url ?? "";
  const name = `khui_test_${randomUUID().replaceAll("-", "")}`;
  const owner = openPostgres({ url: serverUrl, poolSize: 1 });
  await sql`create database ${sql.id(name)}`.execute(owner.kysely());
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const onStatement = () => (failure?: unknown) => {
    if (failure !== undefined) onFailure?.(failureKind(failure));
  };
  const replicas = Array.from({ length: count }, () => openPostgres({ url, poolSize, onStatement }));
  t.teardown(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await sql`drop database ${sql.id(name)} with (force)`.execute(owner.kysely());
    await owner.close();
    await server?.remove();
  });
  await replicas[0]?.migrate(schema, migrations);
  return replicas;
}
