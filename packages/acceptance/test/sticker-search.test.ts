// Search finds sets and stickers by parts of words, in Thai and English, however they are typed.
import { routes } from "@khui/contracts";
import { archive, filesOf, manifest, sticker } from "@khui/test-kit/files/sticker-sets";
import { good, refused } from "@khui/test-kit/rest-answers";
import { useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { stickerScene, thaiWord, twoStickers, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { publish, upload, listed, found } = stickerScene(system);
const user = system.newUser();

/** Asserts that each of these terms finds the set in a list, and its sticker in a sticker search. */
async function finds(t: Test, key: string, stickerId: string, queries: readonly string[]): Promise<void> {
  for (const q of queries) {
    t.strictSame(await listed(t, user, { search: q }), [key], `the set by ${JSON.stringify(q)}`);
    t.strictSame(await found(t, user, q), [stickerId], `the sticker by ${JSON.stringify(q)}`);
  }
}
async function findsNothing(t: Test, queries: readonly string[]): Promise<void> {
  for (const q of queries) {
    t.strictSame(await listed(t, user, { search: q }), [], `no set by ${JSON.stringify(q)}`);
    t.strictSame(await found(t, user, q), [], `no sticker by ${JSON.stringify(q)}`);
  }
}

t.test("a part of a Thai word is enough, without spaces between words", async (t) => {
  const [key, thai] = [word(), thaiWord()];
  const name = { th: `แมวส้ม${thai}ขี้เกียจที่สุด`, en: "A cat" };
  await publish(t, manifest(key, { stickers: [sticker("a"), sticker("b", { name })] }));
  await finds(t, key, "b", [
    thai,
    thai.slice(2, 10),
    `ส้ม${thai}`,
    `${thai}ขี้เกียจ`,
    `แมวส้ม${thai}ขี้เกียจที่สุด`,
    ` ${thai}  แมว `,
  ]);
  await findsNothing(t, [`${thai}แมว`, `${thai} หมาดำ${word()}`]);
});

t.test("English is found in any case, by parts of words in any order", async (t) => {
  const [key, own] = [word(), word()];
  const name = { th: "แมว", en: `Lazy Orange-${own} Cat` };
  await publish(t, manifest(key, { stickers: [sticker("a"), sticker("b", { name })] }));
  const queries = [own, own.toUpperCase(), own.slice(1, -1), `lazy orange-${own}`, `CAT ${own} azy`, `${own}\tcat`];
  await finds(t, key, "b", queries);
  await findsNothing(t, [`${own} dog${own}`, `lazy${own}`]);
});

t.test("sara am matches as one character or two, before or after its tone mark", async (t) => {
  const spellings = (thai: string) => [
    `${thai}น้ำแข็ง`,
    `${thai}น้\u0e4d\u0e32แข็ง`,
    `${thai}น\u0e4d\u0e49\u0e32แข็ง`,
    `${thai}น้ำ`.normalize("NFKD"),
  ];
  for (const i of [0, 1, 2]) {
    const [key, thai] = [word(), thaiWord()];
    const name = { th: spellings(thai)[i] ?? "", en: "Ice" };
    await publish(t, manifest(key, { stickers: [sticker("a"), sticker("b", { name })] }));
    await finds(t, key, "b", spellings(thai));
  }
});

t.test("pattern characters of the database are treated literally", async (t) => {
  const [key, own] = [word(), word()];
  const keywords = [`${own}100%`, `${own}a_b`, `${own}c\\d`, `${own}e'f"g`, `${own}h\\%i`];
  await publish(t, manifest(key, { keywords, stickers: [sticker("a"), sticker("b", { keywords })] }));
  await finds(t, key, "b", [...keywords, `${own}100%`.toUpperCase()]);
  await findsNothing(t, [
    `${own}1%0`,
    `${own}%b`,
    `${own}a%`,
    `${own}_00`,
    `${own}axb`,
    `${own}cd`,
    `${own}\\`,
    `${own}c\\\\d`,
  ]);
  for (const q of ["%", "_", "\\"]) {
    const { stickers } = good(
      t,
      routes.searchStickers,
      await user.get(`/stickers/search?limit=100&q=${encodeURIComponent(q)}`),
    );
    t.ok(stickers.length > 0, q);
    for (const { name, keywords: own } of stickers) {
      t.ok(
        [name.th, name.en, ...own].some((one) => one.includes(q)),
        `${name.en} has a ${q}`,
      );
    }
  }
});

t.test("a list is searched by a set's texts and the names of its stickers", async (t) => {
  const own = Array.from({ length: 9 }, word);
  const [key = "", th, en, descriptionTh, descriptionEn, author = "", keyword = "", nameTh, nameEn] = own;
  await publish(
    t,
    manifest(key, {
      title: { th: `ชื่อ${th}`, en: `Title ${en}` },
      description: { th: `คำ${descriptionTh}`, en: `Words ${descriptionEn}` },
      author,
      keywords: [keyword],
      stickers: [sticker("a"), sticker("b", { name: { th: `ชื่อ${nameTh}`, en: `Name ${nameEn}` } })],
    }),
  );
  for (const search of own.slice(1)) t.strictSame(await listed(t, user, { search }), [key], search);
  t.strictSame(await listed(t, user, { search: own.slice(1, 6).join(" ") }), [key], "by words of several");
});

t.test("stickers are found by names, keywords, emoji and their set's title", async (t) => {
  const [key, th, en, nameTh, nameEn, keyword] = [word(), word(), word(), word(), word(), word()];
  const named = sticker("b", { name: { th: nameTh, en: nameEn }, keywords: ["อื่น", keyword], emoji: "🦚" });
  const title = { th: `ชุด${th}`, en: `The ${en} set` };
  await publish(t, manifest(key, { title, stickers: [sticker("a"), named, sticker("c")], cover: "c.webp" }));
  for (const q of [nameTh, nameEn, keyword, `${en} ${keyword}`, `🦚 ${th}`])
    t.strictSame(await found(t, user, q), ["b"], q);
  for (const q of [th, en]) t.strictSame(await found(t, user, q), ["a", "b", "c"], "a set's stickers in their order");
});

t.test("whole words rank first, then beginnings, then other parts, each sticker once", async (t) => {
  const own = word();
  const stickers = [
    sticker("part", { keywords: [`x${own}`] }),
    sticker("beginning", { keywords: [`${own}x`, `${own}y`], name: { th: `ก${own}`, en: "B" } }),
    sticker("whole", { keywords: [`x${own}`, own.toUpperCase(), `${own}x`] }),
    sticker("neither"),
    sticker("whole-name", { name: { th: "ชื่อ", en: own } }),
  ];
  await publish(t, manifest(word(), { stickers, cover: "part.webp" }));
  t.strictSame(await found(t, user, own), ["whole", "whole-name", "beginning", "part"]);
  t.strictSame(await found(t, user, own, 3), ["whole", "whole-name", "beginning"], "no more than the limit");
});

t.test("a search covers all sets and returns twenty stickers by default", async (t) => {
  const own = word();
  const stickers = Array.from({ length: 15 }, (_, i) => sticker(`s${i}`, { keywords: [own], file: "a.webp" }));
  const sets = [await publish(t, manifest(word(), { stickers })), await publish(t, manifest(word(), { stickers }))];
  const answer = good(t, routes.searchStickers, await user.get(`/stickers/search?q=${own}`));
  t.equal(answer.stickers.length, 20);
  const all = good(t, routes.searchStickers, await user.get(`/stickers/search?q=${own}&limit=100`)).stickers;
  t.strictSame(
    all,
    sets.toReversed().flatMap((set) => set.stickers),
    "told as in their sets, the newest set's first",
  );
});

t.test("after an update a set is found by its new words and not by its old ones", async (t) => {
  const [key, first, second] = [word(), word(), word()];
  await publish(t, manifest(key, { stickers: twoStickers(first, first) }));
  const update = await upload(
    archive(await filesOf(manifest(key, { keywords: [second], stickers: twoStickers(second, "x") }))),
  );
  good(t, routes.publishStickerSet, update, 200);
  t.strictSame(await found(t, user, second), ["a"]);
  t.strictSame(await listed(t, user, { search: second }), [key]);
  await findsNothing(t, [first]);
});

t.test("a term that no set contains finds nothing", async (t) => {
  const answer = good(t, routes.searchStickers, await user.get(`/stickers/search?q=${word()}`));
  t.strictSame(answer.stickers, []);
  t.strictSame(await found(t, user, "   "), [], "nor by spaces");
  t.strictSame(await found(t, user, "ก".repeat(100)), [], "nor by a hundred characters");
  const { stickerSets, pagination } = good(
    t,
    routes.listStickerSets,
    await user.get(`/stickers/sets?search=${word()}`),
  );
  t.strictSame(
    { stickerSets, pagination },
    {
      stickerSets: [],
      pagination: { currentPage: 1, totalPages: 1, total: 0, limit: 20 },
    },
  );
});

t.test("an empty or overlong search is refused", async (t) => {
  for (const query of [
    "",
    "?",
    "?q=",
    `?q=${"x".repeat(101)}`,
    `?q=${encodeURIComponent("ก".repeat(101))}`,
    "?q=%00",
    "?q=a%00b",
    "?q=a&q=b",
    "?search=cat",
  ]) {
    refused(t, await user.get(`/stickers/search${query}`), "invalid_request", query.slice(0, 20));
  }
});
