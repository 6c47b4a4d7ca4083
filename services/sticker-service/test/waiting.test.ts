// Who publishes, retires or downloads waits for no one else who does, and all of it is counted.
import { type Db, sql } from "@khui/database";
import t, { before, test } from "tap";
import { readQuery } from "../src/search-text.js";
import { addToCollection, collectionOf } from "../src/store/catalogue.js";
import { retireSet, saveSet } from "../src/store/publishing.js";
import { listSets } from "../src/store/set-list.js";
import { newSet } from "./new-sets.js";
import { openReplicas } from "./postgres.js";

let db: Db;
let other: Db;
before(async () => {
  [db, other] = (await openReplicas(t, 2)).map((replica) => replica.kysely()) as [Db, Db];
});

const everything = { category: undefined, words: readQuery("").words };
const listed = async (page: number) => (await listSets(db, "u", everything, page, 7)).sets.map(({ key }) => key);

test("sets are published and retired while another transaction that does so is open", async (t) => {
  for (const key of ["one", "two"]) await saveSet(db, newSet(key), false);
  await db.transaction().execute(async (open) => {
    await retireSet(open, "id of one");
    await retireSet(other, "id of two");
    await saveSet(other, newSet("three"), false);
    await saveSet(other, newSet("three", { digest: "another", category: "dogs" }), false);
    t.strictSame(await listed(1), ["three", "one"]);
  });
  t.strictSame(await listed(1), ["three"]);
  await retireSet(db, "id of three");
});

test("a set is downloaded while another user's download of it is open, and by one user once", async (t) => {
  await saveSet(db, newSet("wanted"), false);
  await db.transaction().execute(async (open) => {
    t.ok(await addToCollection(open, "a", "id of wanted"));
    t.ok(await addToCollection(other, "b", "id of wanted"));
  });
  await saveSet(db, newSet("more"), false);
  const again = ["wanted", "more", "more", "wanted", "more"].map((key, n) =>
    addToCollection(n % 2 ? db : other, "a", `id of ${key}`),
  );
  t.ok((await Promise.all(again)).every(Boolean));
  const { sets, total } = await collectionOf(db, "a", 1, 20);
  t.strictSame({ keys: sets.map(({ key }) => key), total }, { keys: ["more", "wanted"], total: 2 });
  for (const key of ["wanted", "more"]) await retireSet(db, `id of ${key}`);
});

test("lists and counts are exact after many writes at the same time", async (t) => {
  const keys = Array.from({ length: 40 }, (_, n) => `busy-${n}`);
  await Promise.all(keys.map((key, n) => saveSet(n % 2 ? db : other, newSet(key), false)));
  const retired = keys.filter((_, n) => n % 4 === 0);
  const back = retired.filter((_, n) => n % 2 === 0);
  await Promise.all(retired.map((key, n) => retireSet(n % 2 ? db : other, `id of ${key}`)));
  await Promise.all([
    ...back.map((key) => saveSet(db, newSet(key), false)),
    ...keys.slice(1, 4).map((key) => saveSet(other, newSet(key, { category: "dogs", digest: "another" }), false)),
  ]);
  const left = new Set(keys.filter((key) => !retired.includes(key) || back.includes(key)));
  const { rows } = await sql<{ key: string }>`
    SELECT key FROM stickers.sets WHERE retired_at IS NULL ORDER BY number DESC`.execute(db);
  const inOrder = rows.map(({ key }) => key);
  t.strictSame(new Set(inOrder), left);
  const pages = [];
  for (let page = 1; page <= 6; page++) pages.push(...(await listed(page)));
  t.strictSame(pages, inOrder);
  for (const [category, total] of [
    [undefined, left.size],
    ["cats", left.size - 3],
    ["dogs", 3],
  ] as const) {
    t.equal((await listSets(db, "u", { ...everything, category }, 1, 1)).total, total, category ?? "all");
  }
});
