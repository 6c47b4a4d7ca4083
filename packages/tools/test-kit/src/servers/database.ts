// A database of a test file's own, empty at first and gone with it.
import { randomUUID } from "node:crypto";
import { type Database, sql } from "@khui/database";
import { openPostgres, type PostgresOptions } from "@khui/database/postgres";
import { startEmbeddedPostgres } from "@khui/embedded-postgres";
import type { TestFile } from "../test-file.js";

/** Its address: on the server of TEST_POSTGRES_URL where that is set, else on one that is started for it. */
export async function ownDatabase(t: TestFile): Promise<string> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) {
    const { url, drop } = await createDatabase(given);
    t.teardown(drop);
    return url;
  }
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

/** An empty database on a server; `drop` also ends who is still connected to it. */
export async function createDatabase(serverUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `khui_test_${randomUUID().replaceAll("-", "")}`;
  const owner = openPostgres({ url: serverUrl, poolSize: 1 });
  await sql`create database ${sql.id(name)}`.execute(owner.kysely());
  return {
    url: Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href,
    async drop() {
      await sql`drop database ${sql.id(name)} with (force)`.execute(owner.kysely());
      await owner.close();
    },
  };
}
