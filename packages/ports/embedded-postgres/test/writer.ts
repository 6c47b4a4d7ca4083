// A process that a test kills: starts a server on the folder, prints its process id, writes rows and prints the number of each committed one.

import { sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { startEmbeddedPostgres } from "../src/index.js";

const [folder = ""] = process.argv.slice(2);
// Nobody reads any more: the test is gone.
process.stdout.on("error", () => process.exit(1));
const log = { debug: () => undefined, warn: console.error, error: console.error };
const onLost = (error: Error): void => {
  throw error;
};
const server = await startEmbeddedPostgres({ folder, log, onLost });
const db = openPostgres({ url: server.url }).kysely();
await sql`create table if not exists public.rows (id bigint primary key, body text)`.execute(db);
process.stdout.write(`server ${server.pid}\n`);
const { rows } = await sql<{ last: number }>`select coalesce(max(id), 0) as last from public.rows`.execute(db);
for (let id = (rows[0]?.last ?? 0) + 1; ; id++) {
  await sql`insert into public.rows values (${id}, ${"x".repeat(2_000)})`.execute(db);
  process.stdout.write(`${id}\n`);
}
