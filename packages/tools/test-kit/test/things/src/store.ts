// A store for the cost test's own test: what costs the same, what grows with its answer, and what reads all for one row.
import { type Db, sql } from "@khui/database";

export async function firstThing(db: Db, owner: string): Promise<number | undefined> {
  const { rows } = await sql<{ n: number }>`SELECT n FROM things.things WHERE owner = ${owner} AND n = 1`.execute(db);
  return rows[0]?.n;
}

export async function allThings(db: Db, owner: string): Promise<number[]> {
  const { rows } = await sql<{ n: number }>`SELECT n FROM things.things WHERE owner = ${owner}`.execute(db);
  return rows.map(({ n }) => n);
}

/** In a transaction, after a statement that is flat. */
export function countThings(db: Db, owner: string): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await firstThing(trx, owner);
    const { rows } = await sql<{ count: number }>`
      SELECT count(*) AS count FROM things.things WHERE owner = ${owner}`.execute(trx);
    return rows[0]?.count ?? 0;
  });
}

export async function addThing(db: Db, owner: string): Promise<void> {
  await sql`INSERT INTO things.things (owner, n) VALUES (${owner}, 0)`.execute(db);
}
