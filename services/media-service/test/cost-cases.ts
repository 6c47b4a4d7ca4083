// Every statement of this service's store, and how its cost may grow.
import { type Db, sql } from "@khui/database";
import type { Case, Dimension } from "@khui/test-kit/statement-cost/cases";
import { beginUpload, claimAbandoned, finishStoring, settleUploads } from "../src/store/upload-state.js";

interface Scene {
  /** Uploads in flight: as many as the case settles at once. */
  readonly fileIds: readonly string[];
  readonly olderThanMs: number;
}

const hour = 3_600_000;

/** Begun at times from now to `hours` ago, in no order. */
async function fillUploads(db: Db, name: string, count: number, hours: number): Promise<string[]> {
  const { rows } = await sql<{ file_id: string }>`
    INSERT INTO media.uploads (file_id, started_at)
    SELECT ${name}::text || '-' || n, clock_timestamp() - ${hours} * random() * interval '1 hour' FROM generate_series(1, ${count}::int) n
    RETURNING file_id`.execute(db);
  return rows.map(({ file_id }) => file_id);
}

export const surroundings: Dimension<Scene> = {
  name: "uploads in flight",
  small: 200,
  large: 20_000,
  async fill(db, size) {
    const [first, second] = await fillUploads(db, "in-flight", size, 1);
    await sql`UPDATE media.uploads SET started_at = now() - interval '30 hours' WHERE file_id = ${first}`.execute(db);
    return { fileIds: [first!, second!], olderThanMs: 25 * hour };
  },
};

export const places: ReadonlyArray<Dimension<Scene>> = [
  {
    name: "abandoned",
    small: 1,
    large: 100,
    async fill(db, size) {
      // The one is older than the many, which so are no part of its answer.
      const hoursAgo = size === 1 ? 20 : 10;
      await fillUploads(db, `abandoned-${size}`, size, 0);
      await sql`UPDATE media.uploads SET started_at = now() - ${hoursAgo} * interval '1 hour' WHERE file_id LIKE ${`abandoned-${size}-%`}`.execute(
        db,
      );
      return { fileIds: [`abandoned-${size}-1`], olderThanMs: (hoursAgo - 1) * hour };
    },
  },
  {
    name: "settled at once",
    small: 1,
    large: 100,
    fill: async (db, size) => ({ fileIds: await fillUploads(db, `settled-${size}`, size, 0), olderThanMs: 25 * hour }),
  },
];

export const cases: ReadonlyArray<Case<Scene>> = [
  { name: "beginUpload", run: (db) => beginUpload(db, "a new one") },
  { name: "finishStoring", run: (db, { fileIds }) => finishStoring(db, fileIds[0]!) },
  { name: "finishStoring, settled", run: (db) => finishStoring(db, "nowhere"), refused: true },
  {
    name: "settleUploads",
    run: (db, { fileIds }) => settleUploads(db, fileIds),
    grows: { "settled at once": "input" },
  },
  {
    name: "claimAbandoned",
    run: (db, { olderThanMs }) => claimAbandoned(db, olderThanMs, 100),
    grows: { abandoned: "answer" },
  },
];
