// Every statement of this service's store, and how its cost may grow.
import { sql } from "@khui/database";
import type { Case, Dimension } from "../../../packages/test-kit/src/statement-cost/cases.js";
import { patternsOf } from "../src/search-text.js";
import {
  addToCollection,
  collectionOf,
  findSet,
  findSticker,
  listSets,
  searchStickers,
  stickersOf,
} from "../src/store/catalogue.js";
import { isSettled, type NewSet, retireSet, saveSet } from "../src/store/publishing.js";
import type { Db } from "../src/store/tables.js";

/** Sets are named `NAME-1`, `NAME-2` and so on, their stickers `s1`, `s2` and so on. */
interface Scene {
  readonly userId: string;
  readonly setId: string;
  readonly stickers: number;
}

/** Sets with stickers, every second set retired, their words all of the same kind. */
async function fillSets(db: Db, name: string, count: number, stickers: number): Promise<void> {
  await sql`
    INSERT INTO stickers.sets (id, key, title, author, category, keywords, type, free, cover, sticker_count, digest,
      starter, search_text, titles, retired_at, created_at)
    SELECT ${name}::text || '-' || n, ${name}::text || '-' || n, '{"th":"ชุด","en":"Set"}', 'Author', 'cats', '["cat"]', 'static',
      true, 'cover', ${stickers}, 'digest', false, E'\nset\ncat\n', E'\nset ' || ${name}::text || n || E'\n',
      CASE n % 2 WHEN 0 THEN now() END, now() - n * interval '1 minute'
    FROM generate_series(1, ${count}::int) n`.execute(db);
  await sql`
    INSERT INTO stickers.stickers (set_id, id, position, name, keywords, asset, width, height, terms)
    SELECT ${name}::text || '-' || n, 's' || s, s, '{"th":"สวัสดี","en":"Hello"}', '["hi"]', 'asset', 320, 320,
      E'\nhello\nสวัสดี\n' || ${name}::text || n || 's' || s || E'\n'
    FROM generate_series(1, ${count}::int) n, generate_series(1, ${stickers}::int) s`.execute(db);
}

/** The user has the first `count` sets of that name. */
async function download(db: Db, userId: string, name: string, count: number): Promise<void> {
  await sql`
    INSERT INTO stickers.collections (user_id, set_id)
    SELECT ${userId}, ${name}::text || '-' || n FROM generate_series(1, ${count}::int) n`.execute(db);
}

const reader = "reader";

export const surroundings: Dimension<Scene> = {
  name: "sets, and users who have some",
  small: 40,
  large: 2_000,
  async fill(db, size) {
    await fillSets(db, "set", size, 16);
    await sql`
      INSERT INTO stickers.collections (user_id, set_id)
      SELECT 'user ' || u, 'set-' || s FROM generate_series(1, ${size}::int) u, generate_series(1, 10) s`.execute(db);
    await download(db, reader, "set", 2);
    return { userId: reader, setId: "set-1", stickers: 16 };
  },
};

export const places: ReadonlyArray<Dimension<Scene>> = [
  {
    name: "sets of one user",
    small: 2,
    large: 200,
    async fill(db, size) {
      await download(db, `collector of ${size}`, "set", size);
      return { userId: `collector of ${size}`, setId: "set-1", stickers: 16 };
    },
  },
  {
    name: "stickers of a set",
    small: 2,
    large: 100,
    async fill(db, size) {
      await fillSets(db, `of${size}`, 1, size);
      await download(db, `owner of ${size}`, `of${size}`, 1);
      return { userId: `owner of ${size}`, setId: `of${size}-1`, stickers: size };
    },
  },
];

const newSet = (key: string, stickers: number): NewSet => ({
  id: `new ${key}`,
  key,
  title: { th: "ใหม่", en: "New" },
  description: null,
  author: "Author",
  category: "cats",
  keywords: ["cat"],
  type: "static",
  free: true,
  cover: "cover",
  digest: "another digest",
  searchText: "\nnew\n",
  titles: "\nnew\n",
  stickers: Array.from({ length: stickers }, (_, n) => ({
    id: `n${n}`,
    name: { th: "ใหม่", en: "New" },
    keywords: [],
    emoji: null,
    asset: "asset",
    width: 320,
    height: 320,
    interactive: null,
    terms: "\nnew\n",
  })),
});

const everything = { category: undefined, words: [] };

export const cases: ReadonlyArray<Case<Scene>> = [
  { name: "listSets", run: (db, { userId }) => listSets(db, userId, everything, 1, 20) },
  { name: "listSets, the last page", run: (db, { userId }) => listSets(db, userId, everything, 25, 20) },
  {
    name: "listSets by category",
    run: (db, { userId }) => listSets(db, userId, { category: "cats", words: [] }, 1, 20),
  },
  {
    name: "listSets by a word",
    run: (db, { userId }) => listSets(db, userId, { category: undefined, words: patternsOf("cat").words }, 1, 20),
  },
  {
    name: "listSets by a word of none",
    run: (db, { userId }) => listSets(db, userId, { category: undefined, words: patternsOf("zzz").words }, 1, 20),
  },
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
  {
    name: "searchStickers, a word of all",
    run: (db, { userId }) => searchStickers(db, userId, patternsOf("hello"), 50),
  },
  {
    name: "searchStickers, a word of one",
    run: (db, { userId }) => searchStickers(db, userId, patternsOf("set1s1"), 50),
  },
  {
    name: "searchStickers, a word of none",
    run: (db, { userId }) => searchStickers(db, userId, patternsOf("zzz"), 50),
    refused: true,
  },
  {
    name: "collectionOf",
    run: (db, { userId }) => collectionOf(db, userId, 1, 20),
    grows: { "sets of one user": "answer" },
  },
  { name: "addToCollection", run: (db, { setId }) => addToCollection(db, "a new user", setId) },
  { name: "addToCollection, there already", run: (db, { userId, setId }) => addToCollection(db, userId, setId) },
  {
    name: "addToCollection, retired",
    run: (db, { userId }) => addToCollection(db, userId, "set-2"),
    refused: true,
  },
  {
    name: "saveSet, a new one",
    run: (db, { stickers }) => saveSet(db, newSet("brand-new", stickers), false),
    grows: { "stickers of a set": "input" },
  },
  {
    name: "saveSet, an update",
    run: (db, { setId, stickers }) => saveSet(db, newSet(setId, stickers), false),
    grows: { "stickers of a set": "input" },
  },
  {
    name: "saveSet, unchanged",
    run: (db, { setId }) => saveSet(db, { ...newSet(setId, 1), digest: "digest" }, false),
  },
  { name: "isSettled", run: (db, { setId }) => isSettled(db, setId, "digest") },
  { name: "retireSet", run: (db, { setId }) => retireSet(db, setId) },
];
