// A search by the trigram index finds exactly what a full scan finds.
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Db } from "@khui/database";
import { randomFrom } from "@khui/test-kit/random";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import { test } from "tap";
import { foldTerms, readQuery } from "../src/search-text.js";
import { schema } from "../src/service.js";
import { addToCollection } from "../src/store/catalogue.js";
import { type NewSet, retireSet, saveSet } from "../src/store/publishing.js";
import { listSets } from "../src/store/set-list.js";
import { searchStickers } from "../src/store/sticker-search.js";
import { newSet, newSticker } from "./new-sets.js";
import { emptyFolder } from "./rig.js";

interface Shelved {
  readonly set: NewSet;
  retired: boolean;
  owned: boolean;
}

/** Few of them, so that texts share much; with vowels and marks that stand above, signs that LIKE reads, and one beyond the BMP. */
const letters = [..."abcกขมา่้ิ%_\\", "ำ", "😀", "A"];

test("a search finds what a full scan finds, in its order", { timeout: 110_000 }, async (t) => {
  const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
  t.comment(`KHUI_TEST_SEED=${seed}`);
  const draw = randomFrom(seed);
  const random = (below: number) => Math.floor(draw() * below);
  const one = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  const text = (most: number) => Array.from({ length: 1 + random(most) }, () => one(letters)).join("");
  const phrase = () => Array.from({ length: 1 + random(2) }, () => text(6)).join(" ");

  const database = await openOwnDatabase(t);
  const first = await emptyFolder(t);
  await copyFile(new URL("0001-sticker-sets.sql", schema.migrations), join(first, "0001-sticker-sets.sql"));
  await database.migrate(schema.name, first);
  const db: Db = database.kysely();
  const catalogue = new Map<string, Shelved>();
  const edition = (key: string): NewSet =>
    newSet(key, {
      category: one(["cats", "dogs"]),
      digest: `${random(1e9)}`,
      searchText: foldTerms([phrase(), phrase()]),
      titles: foldTerms([phrase()]),
      stickers: Array.from({ length: 1 + random(3) }, (_, n) => newSticker(`s${n}`, foldTerms([phrase(), phrase()]))),
    });
  const user = "someone";
  const check = async () => {
    const newestFirst = [...catalogue.values()].reverse();
    const query = one([() => text(1), () => text(2), () => text(5), () => `${text(3)} ${text(2)}`])();
    const words = query.split(" ");
    const wanted = readQuery(query);
    const folded = foldTerms([query]).slice(1, -1);
    const category = one([undefined, "cats", "dogs"]);
    const listed = newestFirst
      .filter(({ retired, set }) => !retired && (category === undefined || set.category === category))
      .filter(({ set }) => folded.split(" ").every((word) => set.searchText.includes(word)))
      .map(({ set }) => set.key);
    for (const [page, limit] of [
      [1, 100],
      [1 + random(3), 1 + random(4)],
    ] as const) {
      const { sets, total } = await listSets(db, user, { category, words: wanted.words }, page, limit);
      t.strictSame(
        { keys: sets.map(({ key }) => key), total },
        { keys: listed.slice((page - 1) * limit, page * limit), total: listed.length },
        JSON.stringify({ query, words, category, page, limit }),
      );
    }
    const rankOf = (terms: string) =>
      [`\n${folded}\n`, `\n${folded}`, folded]
        .map((part) => terms.includes(part))
        .concat(true)
        .indexOf(true);
    const stickers = newestFirst
      .filter(({ retired, owned }) => !retired || owned)
      .flatMap(({ set }) => set.stickers.map((sticker) => ({ set, ...sticker })))
      .filter(({ set, terms }) => folded.split(" ").every((word) => (terms + set.titles).includes(word)))
      .map(({ set, id, terms }) => ({ found: `${set.key} ${id}`, rank: rankOf(terms) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ found }) => found);
    for (const limit of [100, 1 + random(5)]) {
      const found = await searchStickers(db, user, wanted, limit);
      t.strictSame(
        found.map(({ set_id, id }) => `${set_id.slice("id of ".length)} ${id}`),
        stickers.slice(0, limit),
        JSON.stringify({ query, limit }),
      );
    }
  };
  const checkLists = async () => {
    const newestFirst = [...catalogue.values()].reverse().filter(({ retired }) => !retired);
    for (const category of [undefined, "cats", "dogs"]) {
      const keys = newestFirst.filter(({ set }) => !category || set.category === category).map(({ set }) => set.key);
      const limit = 1 + random(20);
      for (let page = 1; page <= keys.length / limit + 2; page++) {
        const { sets, total } = await listSets(db, user, { category, words: readQuery("").words }, page, limit);
        t.strictSame(
          { keys: sets.map(({ key }) => key), total },
          { keys: keys.slice((page - 1) * limit, page * limit), total: keys.length },
          JSON.stringify({ category, page, limit }),
        );
      }
    }
  };

  /** A new set, an update, a retirement, or a download: each has to leave the index as it should be. */
  const change = async (round: number) => {
    const keys = [...catalogue.keys()];
    const known = keys.length > 0 && random(3) === 0 ? catalogue.get(one(keys)) : undefined;
    if (!known || random(3) === 0) {
      const set = edition(known?.set.key ?? `key-${round}`);
      await saveSet(db, set, false);
      catalogue.set(set.key, { set, retired: false, owned: known?.owned ?? false });
    } else if (random(2) === 0) {
      await retireSet(db, known.set.id);
      known.retired = true;
    } else if (await addToCollection(db, user, known.set.id)) {
      known.owned = true;
    }
  };

  // What the first migration leaves, the second has to index.
  for (let round = 0; round < 30; round++) await change(round);
  await database.migrate(schema.name, schema.migrations);
  for (let round = 30; round < 90; round++) {
    await check();
    await change(round);
  }
  await checkLists();
});
