// A database of a test file's own, empty at first and gone with it.
import { randomUUID } from "node:crypto";
import { type Database, sql } from "@khui/database";
import { openPostgres, type PostgresOptions } from "@khui/database/postgres";
import { startEmbeddedPostgres } from "@khui/embedded-postgres";

/** The part of tap's test that is needed here. */
export interface TestFile {
  teardown(close: () => unknown): unknown;
}

/** Its address: on the server of TEST_POSTGRES_URL where that is set, else on one that is started for it. */
export async function ownDatabase(t: TestFile): Promise<string> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return createDatabase(t, given);
  const onLost = (error: Error): void => {
    throw error;
  };
  const quiet = () => undefined;
  const server = await startEmbeddedPostgres({ log: { debug: quiet, warn: quiet, error: console.error }, onLost });
  t.teardown(() => server.stop());
  return server.url;
}

/** The same, opened; closed with `t`. */
export async function openOwnDatabase(t: TestFile, options: Omit<PostgresOptions, "url"> = {}): Promise<Database> {
  const database = openPostgres({ url: await ownDatabase(t), ...options });
  t.teardown(() => database.close());
  return database;
}

async function createDatabase(t: TestFile, serverUrl: string): Promise<string> {
  const name = `khui_test_${randomUUID().replaceAll("-", "")}`;
  const owner = openPostgres({ url: serverUrl, poolSize: 1 });
  await sql`create database ${sql.id(name)}`.execute(owner.kysely());
  t.teardown(async () => {
    await sql`drop database ${sql.id(name)} with (force)`.execute(owner.kysely());
    await owner.close();
  });
  return Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
}
