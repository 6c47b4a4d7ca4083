// A process that a test kills: opens the folder, prints "open", writes rows and prints the number of each committed one.
import { sql } from "../src/index.js";
import { openPglite } from "../src/pglite.js";

const [folder = "", cache = ""] = process.argv.slice(2);
// Nobody reads any more: the test is gone.
process.stdout.on("error", () => process.exit(1));
const database = await openPglite({ folder, cache });
const db = database.kysely();
await sql`create table if not exists public.rows (id bigint primary key, body text)`.execute(db);
process.stdout.write("open\n");
const { rows } = await sql<{ last: number }>`select coalesce(max(id), 0) as last from public.rows`.execute(db);
for (let id = (rows[0]?.last ?? 0) + 1; ; id++) {
  await sql`insert into public.rows values (${id}, ${"x".repeat(2_000)})`.execute(db);
  process.stdout.write(`${id}\n`);
}
