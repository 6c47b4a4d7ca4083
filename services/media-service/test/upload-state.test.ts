// The states of an upload: where each transition leads from each state.
import { type Db, sql } from "@khui/database";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t, { test } from "tap";
import { schema } from "../src/service.js";
import {
  beginUpload,
  claimAbandoned,
  finishStoring,
  settleUploads,
  type UploadState,
} from "../src/store/upload-state.js";

const database = await openOwnDatabase(t);
await database.migrate(schema.name, schema.migrations);
const db: Db = database.kysely();

const fileId = "0123456789abcdef01234567";
const hourMs = 3_600_000;
const states: readonly UploadState[] = ["storing", "stored", "claimed", "settled"];

const reach: Record<UploadState, () => Promise<unknown>> = {
  settled: () => settleUploads(db, [fileId]),
  async storing() {
    await beginUpload(db, fileId);
    await sql`UPDATE media.uploads SET started_at = started_at - interval '2 hours'`.execute(db);
  },
  async stored() {
    await reach.storing();
    await finishStoring(db, fileId);
  },
  async claimed() {
    await reach.storing();
    await claimAbandoned(db, hourMs, 10);
  },
};

/** An upload that began two hours ago, and whose objects are not stored, is `storing`. */
async function stateOf(): Promise<UploadState> {
  const { rows } = await sql<{ claimed: boolean; recent: boolean }>`
    SELECT started_at = '-infinity' AS claimed, started_at > now() - interval '1 hour' AS recent
    FROM media.uploads WHERE file_id = ${fileId}`.execute(db);
  const [row] = rows;
  if (!row) return "settled";
  if (row.claimed) return "claimed";
  return row.recent ? "stored" : "storing";
}

/** Runs `transition` from every state; returns the states that it leads to, in the order of `states`. */
async function from(transition: () => Promise<unknown>): Promise<ReadonlyArray<[UploadState, unknown]>> {
  const outcomes: Array<[UploadState, unknown]> = [];
  for (const state of states) {
    await reach.settled();
    await reach[state]();
    const result = await transition();
    outcomes.push([await stateOf(), result]);
  }
  return outcomes;
}

test("beginning makes it storing", async (t) => {
  await reach.settled();
  await beginUpload(db, fileId);
  await sql`UPDATE media.uploads SET started_at = started_at - interval '2 hours'`.execute(db);
  t.equal(await stateOf(), "storing");
});

test("finishing makes it stored, unless the sweep has claimed or settled it", async (t) => {
  t.same(await from(() => finishStoring(db, fileId)), [
    ["stored", true],
    ["stored", true],
    ["claimed", false],
    ["settled", false],
  ]);
});

test("the sweep claims old uploads, again those that it has claimed and not settled", async (t) => {
  t.same(await from(() => claimAbandoned(db, hourMs, 10)), [
    ["claimed", [fileId]],
    ["stored", []],
    ["claimed", [fileId]],
    ["settled", []],
  ]);
  t.same((await from(() => claimAbandoned(db, 0, 10)))[1], ["claimed", [fileId]]);
});

test("every upload can be settled, more than once", async (t) => {
  for (const [state] of await from(() => settleUploads(db, [fileId]))) t.equal(state, "settled");
});
