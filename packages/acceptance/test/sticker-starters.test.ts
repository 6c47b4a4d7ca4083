// The starter sets: one of each type, in two languages, with all their pictures.
import { createHash } from "node:crypto";
import { routes, type Sticker, type StickerType } from "@khui/contracts";
import { good } from "@khui/test-kit/rest-answers";
import { useSystem } from "@khui/test-kit/system";
import t from "tap";
import { stickerScene } from "./sticker-scene.js";

const system = await useSystem(t);
const { starter, setOf, listed, found, picture } = stickerScene(system);

const starters: Array<readonly [key: "fong" | "som" | "lucky", type: StickerType, searches: readonly string[]]> = [
  ["fong", "static", ["น้องฟอง", "ฟองคำพูด", "chatty", "BUBBLE speech"]],
  ["som", "animated", ["แมวส้ม", "ขี้เกียจ", "orange cat", "Round CAT"]],
  ["lucky", "interactive", ["วงสุ่ม", "เซียมซี", "rock-paper", "random DRAW"]],
];
const thai = /[\u0e01-\u0e5b]/;
const english = /[a-z]/i;

/** The sticker's own picture, and those of its outcomes. */
const picturesOf = ({ url, interactive }: Sticker) => [url, ...(interactive?.outcomes ?? []).map((one) => one.url)];

for (const [key, type, searches] of starters) {
  t.test(`${key} is a free ${type} set in Thai and English`, async (t) => {
    const { stickers, ...set } = await starter(t, key);
    t.match(set, { key, type, free: true, retired: false, author: "Khui", stickerCount: stickers.length });
    t.ok(stickers.length >= 8, `${stickers.length} stickers`);
    t.match(set.title, { th: thai, en: english });
    t.match(set.description, { th: thai, en: english });
    for (const { stickerId, name, keywords, ...sticker } of stickers) {
      t.match(sticker, { setId: set._id, type }, stickerId);
      t.ok(name.th !== "" && english.test(name.en), `${stickerId}: ${name.th}, ${name.en}`);
      t.ok(keywords.some((one) => thai.test(one)) && keywords.some((one) => english.test(one)), keywords.join(", "));
      t.equal(sticker.interactive === null, type !== "interactive", stickerId);
    }
    t.equal(new Set(stickers.map(({ stickerId }) => stickerId)).size, stickers.length);
    t.equal(new Set(stickers.map(({ url }) => url)).size, stickers.length, "no picture is there twice");
  });

  t.test(`every picture of ${key} exists and is complete`, async (t) => {
    const { stickers, cover } = await starter(t, key);
    const addresses = new Set([cover, ...stickers.flatMap(picturesOf)]);
    for (const address of addresses) {
      const { bytes, frames } = await picture(t, address);
      const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 40);
      t.match(address, new RegExp(`/api/v1/chat/stickers/assets/${digest}\\.(webp|png|gif)$`));
      if (type !== "interactive") t.equal(frames > 1, type === "animated", `${address} has ${frames} frames`);
    }
    for (const { stickerId, url, width, height } of stickers) {
      const shown = await picture(t, url);
      t.strictSame([shown.width, shown.height], [width, height], `${stickerId} is of the size it tells`);
    }
  });

  t.test(`${key} is found by parts of its words, and listed as in its details`, async (t) => {
    const user = system.newUser();
    const set = await starter(t, key);
    for (const search of searches) t.ok((await listed(t, user, { search })).includes(key), search);
    t.ok((await listed(t, user, { category: set.category })).includes(key), set.category);
    const { stickers: _, ...told } = set;
    t.strictSame(told, await setOf(t, user, set._id));
  });
}

t.test("stickers of the starter sets are found in both languages", async (t) => {
  const user = system.newUser();
  for (const [q, stickerId] of [
    ["สวัสดี", "hello"],
    ["ทอยเต๋า", "die"],
    ["ราตรีสวัส", "good-night"],
    ["Thank You", "thanks"],
    ["🙇", "sorry"],
    ["ลูกแก้วตอบคำถาม", "ball"],
  ] as const) {
    t.ok((await found(t, user, q)).includes(stickerId), q);
  }
});

t.test("the interactive set lists its outcomes, but not their probabilities", async (t) => {
  const { stickers } = await starter(t, "lucky");
  const outcomes = (stickerId: string) =>
    stickers.find((one) => one.stickerId === stickerId)?.interactive?.outcomes.map(({ id }) => id);
  t.strictSame(outcomes("die"), ["1", "2", "3", "4", "5", "6"]);
  t.strictSame(outcomes("coin")?.sort(), ["heads", "tails"]);
  t.strictSame(outcomes("rps")?.sort(), ["paper", "rock", "scissors"]);
  for (const { stickerId, interactive } of stickers) {
    for (const outcome of interactive?.outcomes ?? []) {
      t.strictSame(Object.keys(outcome).sort(), ["id", "name", "url"], stickerId);
      t.match(outcome.name, { th: /./, en: /./ });
    }
  }
});

t.test("a new user owns no sets, and every set is shown as not owned", async (t) => {
  const user = system.newUser();
  const { _id } = await starter(t, "fong");
  const { collections, pagination } = good(t, routes.myStickerSets, await user.get("/stickers/my-collections"));
  t.strictSame(collections, []);
  t.strictSame(pagination, { currentPage: 1, totalPages: 1, total: 0, limit: 20 });
  t.equal((await setOf(t, user, _id)).owned, false);
});
