// The cost of a search is bounded where it matches everything, and old, rare sets are still found.
import { type Db, sql } from "@khui/database";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t, { before, test } from "tap";
import { readQuery } from "../src/search-text.js";
import { schema } from "../src/service.js";
import { saveSet } from "../src/store/publishing.js";
import { listSets } from "../src/store/set-list.js";
import { searchStickers } from "../src/store/sticker-search.js";
import { newSet, newSticker } from "./new-sets.js";

let db: Db;
before(async () => {
  const database = await openOwnDatabase(t);
  await database.migrate(schema.name, schema.migrations);
  db = database.kysely();
  const words = "\ncommon\nrare\n";
  await saveSet(db, newSet("oldest", { searchText: words, stickers: [newSticker("a", words)] }), false);
  await sql`
    INSERT INTO stickers.sets (id, key, title, author, category, keywords, type, free, cover, sticker_count, digest, starter,
      search_text, titles)
    SELECT n, n, '{}', 'a', 'cats', '[]', 'static', true, 'cover', 1, 'digest', false, E'\ncommon\n', E'\nset\n'
    FROM generate_series(1, 299) n ORDER BY n`.execute(db);
  await sql`
    INSERT INTO stickers.stickers (set_id, id, position, name, keywords, asset, width, height, terms)
    SELECT n, 'a', 0, '{}', '[]', 'asset', 1, 1, E'\ncommon\n' FROM generate_series(1, 299) n`.execute(db);
});

const list = (query: string, page: number) =>
  listSets(db, "u", { category: "cats", words: readQuery(query).words }, page, 50);

test("a word that all sets have lists the newest two hundred, in pages that end there", async (t) => {
  for (const query of ["common", "m"]) {
    const pages = [1, 4, 5].map((page) => list(query, page));
    const [first, last, beyond] = await Promise.all(pages);
    t.match(first, { sets: { 0: { id: "299" }, 49: { id: "250" } }, total: 200 }, query);
    t.match(last, { sets: { 0: { id: "149" }, 49: { id: "100" } }, total: 200 }, query);
    t.strictSame(beyond, { sets: [], total: 200 }, query);
  }
  t.equal((await list("", 1)).total, 300, "a list without a search has them all");
});

test("a rare word finds the oldest set, also together with a common one", async (t) => {
  for (const query of ["rare", "common rare", "m rare"]) {
    t.match(await list(query, 1), { sets: [{ key: "oldest" }], total: 1 }, query);
    const stickers = await searchStickers(db, "u", readQuery(query), 10);
    t.strictSame(
      stickers.map(({ set_id, id }) => `${set_id}: ${id}`),
      ["id of oldest: a"],
      query,
    );
  }
});
