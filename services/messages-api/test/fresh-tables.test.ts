// A statement is planned once a connection, at first while its tables are empty: its plan must also do when they have grown.
import { type Db, sql } from "@khui/database";
import t, { test } from "tap";
import { sendBatch } from "../src/store/send.js";
import { openReplicas } from "./postgres.js";
import { makeRoom, newId, newUser, text } from "./room.js";

const [db] = (await openReplicas(t, 1)) as [Db];

/** Rows of the table that sequential scans have read so far. */
async function rowsScanned(table: string): Promise<number> {
  await sql`SELECT pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ scanned: number }>`
    SELECT coalesce(sum(seq_tup_read), 0)::int8 AS scanned FROM pg_stat_user_tables
    WHERE schemaname = 'messages' AND relname = ${table}`.execute(db);
  return rows[0]?.scanned ?? 0;
}

test("sending does not read all messages, planned before there were any", async (t) => {
  const user = newUser("a");
  const roomId = await makeRoom(db, [user]);
  // Nothing analyzes the table meanwhile, which would plan the statement again.
  await sql`ALTER TABLE messages.messages SET (autovacuum_enabled = false)`.execute(db);
  let replyTo: string | null = null;
  for (let round = 0; round < 40; round++) {
    const batch = Array.from({ length: 50 }, () => text(roomId, user, { clientId: newId(), replyTo }));
    const results = await sendBatch(db, batch);
    t.ok(results.every(({ kind }) => kind === "sent"));
    replyTo = batch[0]!.id;
  }
  const scanned = await rowsScanned("messages");
  t.ok(scanned < 2_000, `${scanned} rows were read by sequential scans, of 2,000 messages`);
});
