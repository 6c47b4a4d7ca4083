// Every statement of this service's store, and how its cost may grow.
import { type Db, sql } from "@khui/database";
import type { Case, Dimension } from "@khui/test-kit/statement-cost/cases";
import { readQuery } from "../src/search-text.js";
import { addToCollection, collectionOf, findSet, findSticker, stickersOf } from "../src/store/catalogue.js";
import { isUpToDate, type NewSet, retireSet, saveSet } from "../src/store/publishing.js";
import { listSets } from "../src/store/set-list.js";
import { searchStickers } from "../src/store/sticker-search.js";
import { newSet, newSticker } from "./new-sets.js";

/** Sets are named `NAME-1`, `NAME-2` and so on, their stickers `s1`, `s2` and so on. */
interface Scene {
  readonly userId: string;
  readonly setId: string;
  readonly stickers: number;
  /** The last full one of all sets, twenty a page. */
  readonly oldPage: number;
}

/**
 * Sets with stickers, every tenth retired, their words of the same kind, but for `odd` and `even`, which never meet.
 */
async function fillSets(db: Db, name: string, count: number, stickers: number): Promise<void> {
  await sql`
    INSERT INTO stickers.sets (id, key, title, author, category, keywords, type, free, cover, sticker_count, digest,
      starter, search_text, titles, retired_at, created_at)
    SELECT ${name}::text || '-' || n, ${name}::text || '-' || n, '{"th":"ชุด","en":"Set"}', 'Author', 'cats', '["cat"]', 'static',
      true, 'cover', ${stickers}, 'digest', false, E'\nkitty\n' || (ARRAY['even', 'odd'])[1 + n % 2] || E'\n',
      E'\n' || ${name}::text || CASE n WHEN 1 THEN ' first' WHEN 2 THEN ' bygone' ELSE '' END || E'\n', CASE n % 10 WHEN 2 THEN now() END, now() - n * interval '1 minute'
    FROM generate_series(1, ${count}::int) n`.execute(db);
  await sql`
    INSERT INTO stickers.stickers (set_id, id, position, name, keywords, asset, width, height, terms)
    SELECT ${name}::text || '-' || n, 's' || s, s, '{"th":"สวัสดี","en":"Hello"}', '["hi"]', 'asset', 320, 320,
      E'\nhello\n' || (ARRAY['even', 'odd'])[1 + n % 2] || E'\n'
    FROM generate_series(1, ${count}::int) n, generate_series(1, ${stickers}::int) s`.execute(db);
}

/** The user has the first `count` sets of that name. */
async function download(db: Db, userId: string, name: string, count: number): Promise<void> {
  await sql`
    INSERT INTO stickers.collections (user_id, set_id)
    SELECT ${userId}, ${name}::text || '-' || n FROM generate_series(1, ${count}::int) n`.execute(db);
}

const reader = "reader";

/** A search that matches everything has come to its bound here already. */
const fewSets = 240;
const stickersOfASet = 2;

export const surroundings: Dimension<Scene> = {
  name: "sets, and users who have some",
  small: fewSets,
  large: 50 * fewSets,
  async fill(db, size) {
    await fillSets(db, "set", size, stickersOfASet);
    await sql`
      INSERT INTO stickers.collections (user_id, set_id)
      SELECT 'user ' || u, 'set-' || s FROM generate_series(1, ${size}::int) u, generate_series(1, 4) s`.execute(db);
    await download(db, reader, "set", 2);
    return { userId: reader, setId: "set-1", stickers: stickersOfASet, oldPage: Math.floor((size * 0.9) / 20) };
  },
};

const oldPage = Math.floor((surroundings.large * 0.9) / 20);

export const places: ReadonlyArray<Dimension<Scene>> = [
  {
    name: "sets of one user",
    small: 2,
    large: 200,
    async fill(db, size) {
      await download(db, `collector of ${size}`, "set", size);
      return { userId: `collector of ${size}`, setId: "set-1", stickers: stickersOfASet, oldPage };
    },
  },
  {
    name: "stickers of a set",
    small: 2,
    large: 100,
    async fill(db, size) {
      await fillSets(db, `of${size}`, 1, size);
      await download(db, `owner of ${size}`, `of${size}`, 1);
      return { userId: `owner of ${size}`, setId: `of${size}-1`, stickers: size, oldPage };
    },
  },
];

/** An edition that is not there yet. */
const edition = (key: string, stickers: number): NewSet => ({
  ...newSet(key, { digest: "another digest", searchText: "\nnew\n", titles: "\nnew\n" }),
  stickers: Array.from({ length: stickers }, (_, n) => newSticker(`n${n}`, `\nnew\nsticker ${n} of ${stickers}\n`)),
});

const all = { category: undefined, words: readQuery("").words };
const found = (query: string, category?: string) => ({ category, words: readQuery(query).words });

export const cases: ReadonlyArray<Case<Scene>> = [
  { name: "listSets", run: (db, { userId }) => listSets(db, userId, all, 1, 20) },
  { name: "listSets, an old page", run: (db, { userId, oldPage }) => listSets(db, userId, all, oldPage, 20) },
  { name: "listSets, beyond the last page", run: (db, { userId }) => listSets(db, userId, all, 1_000_000, 20) },
  { name: "listSets by category", run: (db, { userId }) => listSets(db, userId, found("", "cats"), 1, 20) },
  {
    name: "listSets by category, an old page",
    run: (db, { userId, oldPage }) => listSets(db, userId, found("", "cats"), oldPage, 20),
  },
  { name: "listSets by category of none", run: (db, { userId }) => listSets(db, userId, found("", "dogs"), 1, 20) },
  { name: "listSets by a word of all", run: (db, { userId }) => listSets(db, userId, found("kitty"), 1, 20) },
  { name: "listSets by a letter of all", run: (db, { userId }) => listSets(db, userId, found("t"), 10, 20) },
  {
    name: "listSets by a word of all and category",
    run: (db, { userId }) => listSets(db, userId, found("kitty", "cats"), 1, 20),
  },
  {
    name: "listSets by words that never meet",
    run: (db, { userId }) => listSets(db, userId, found("odd even"), 1, 20),
  },
  { name: "listSets by a word of none", run: (db, { userId }) => listSets(db, userId, found("zzz"), 1, 20) },
  { name: "findSet", run: (db, { userId, setId }) => findSet(db, userId, setId) },
  { name: "findSet, not there", run: (db, { userId }) => findSet(db, userId, "nowhere"), refused: true },
  { name: "stickersOf", run: (db, { setId }) => stickersOf(db, [setId]), grows: { "stickers of a set": "answer" } },
  {
    name: "stickersOf a page of sets",
    run: (db) =>
      stickersOf(
        db,
        Array.from({ length: 10 }, (_, n) => `set-${n + 1}`),
      ),
  },
  { name: "findSticker", run: (db, { userId, setId }) => findSticker(db, userId, setId, "s1") },
  { name: "findSticker, not there", run: (db, { userId }) => findSticker(db, userId, "nowhere", "s1"), refused: true },
  ...["hello", "ell", "e", "hello set", "hello odd"].map((q) => ({
    name: `searchStickers, ${q}: of many`,
    run: (db: Db, { userId }: Scene) => searchStickers(db, userId, readQuery(q), 50),
  })),
  {
    name: "searchStickers, a word of one",
    run: (db, { userId }) => searchStickers(db, userId, readQuery("first odd"), 50),
  },
  {
    name: "searchStickers, a word of a retired one",
    run: (db) => searchStickers(db, reader, readQuery("bygone even"), 50),
  },
  {
    name: "searchStickers, words that never meet",
    run: (db, { userId }) => searchStickers(db, userId, readQuery("odd even"), 50),
    refused: true,
  },
  {
    name: "searchStickers, a word of none",
    run: (db, { userId }) => searchStickers(db, userId, readQuery("zzz"), 50),
    refused: true,
  },
  {
    name: "collectionOf",
    run: (db, { userId }) => collectionOf(db, userId, 1, 20),
    grows: { "sets of one user": "answer" },
  },
  { name: "collectionOf, its oldest", run: (db, { userId }) => collectionOf(db, userId, 2, 1) },
  { name: "collectionOf, beyond its end", run: (db, { userId }) => collectionOf(db, userId, 1_000_000, 20) },
  { name: "addToCollection", run: (db, { setId }) => addToCollection(db, "a new user", setId) },
  {
    name: "addToCollection, one more",
    run: (db, { userId }) => addToCollection(db, userId, "set-201"),
  },
  { name: "addToCollection, there already", run: (db, { userId, setId }) => addToCollection(db, userId, setId) },
  {
    name: "addToCollection, retired",
    run: (db, { userId }) => addToCollection(db, userId, "set-2"),
    refused: true,
  },
  {
    name: "saveSet, a new one",
    run: (db, { stickers }) => saveSet(db, edition("brand-new", stickers), false),
    grows: { "stickers of a set": "input" },
  },
  {
    name: "saveSet, an update",
    run: (db, { setId, stickers }) => saveSet(db, edition(setId, stickers), false),
    grows: { "stickers of a set": "input" },
  },
  {
    name: "saveSet, unchanged",
    run: (db, { setId }) => saveSet(db, { ...edition(setId, 1), digest: "digest" }, false),
  },
  { name: "isUpToDate", run: (db, { setId }) => isUpToDate(db, setId, "digest") },
  {
    name: "retireSet",
    run: (db, { setId }) => retireSet(db, setId),
    grows: { "stickers of a set": "input" },
  },
  { name: "retireSet, one that is", run: (db) => retireSet(db, "set-2") },
];
