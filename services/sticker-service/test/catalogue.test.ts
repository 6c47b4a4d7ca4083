// What users see of sets: lists, searches, collections, pictures.
import type { Sticker, StickerSet, StickerSetManifest } from "@khui/contracts";
import type { Db } from "@khui/database";
import { coin, manifest, sticker } from "@khui/test-kit/files/sticker-sets";
import t, { before, test } from "tap";
import { addToCollection, knownSet } from "../src/store/catalogue.js";
import { openRig, type Rig } from "./rig.js";

let rig: Rig;
before(async () => {
  rig = await openRig(t);
});

const unknownId = "0123456789abcdef01234567";
let users = 0;
const someone = () => `user-${users++}`;

async function list(userId: string, query: Record<string, string>) {
  const { status, body } = await rig.ask(userId, "GET", `/stickers/sets?${new URLSearchParams(query)}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as unknown as { stickerSets: StickerSet[]; pagination: Record<string, number> };
}
const listed = async (query: Record<string, string>, userId = someone()) =>
  (await list(userId, query)).stickerSets.map(({ key }) => key);

async function found(q: string, userId = someone(), limit = 20): Promise<string[]> {
  const { body } = await rig.ask(userId, "GET", `/stickers/search?${new URLSearchParams({ q, limit: `${limit}` })}`);
  return (body.stickers as Sticker[]).map(({ stickerId }) => stickerId);
}

test("a page of sets is the newest, and pages do not overlap", async (t) => {
  const category = "paged";
  for (const key of ["p1", "p2", "p3", "p4", "p5"]) await rig.publish(manifest(key, { category }));
  t.same(await listed({ category, limit: "2" }), ["p5", "p4"]);
  t.same(await listed({ category, limit: "2", page: "2" }), ["p3", "p2"]);
  t.same(await listed({ category, limit: "2", page: "3" }), ["p1"]);
  const past = await list("u", { category, limit: "2", page: "9" });
  t.same(past, {
    success: true,
    stickerSets: [],
    pagination: { currentPage: 9, totalPages: 3, total: 5, limit: 2 },
  });
  t.same(await listed({ category: "PAGED", limit: "1" }), ["p5"]);
  t.same(await listed({ category: "page" }), []);
});

test("a set is found by parts of its words, in Thai without spaces and in English in any case", async (t) => {
  const set = manifest("searched", {
    title: { th: "แมวส้มขี้เกียจ", en: "Lazy Orange Cat" },
    description: { th: "นอนทั้งวัน", en: "Sleeps all day" },
    author: "สมชาย Studio",
    keywords: ["เหมียว", "kitty"],
    stickers: [sticker("a", { name: { th: "น้ำตาซึม", en: "Tearful" } }), sticker("b")],
  });
  await rig.publish(set);
  const queries = [
    "ส้มขี้",
    "orange",
    "ORANGE CAT",
    "cat lazy",
    "ทั้งวัน",
    "sleeps",
    "studio",
    "สมชาย",
    "เหมี",
    "kitt",
    "tearf",
    "ซึม",
  ];
  for (const search of queries) t.same(await listed({ search }), ["searched"], search);
  t.same(await listed({ search: "orange dog" }), []);
});

test("spellings of a word are equal: sara am as one character or two, full width, with or without a variation selector", async (t) => {
  const names = [{ th: "น้ำแข็ง", en: "Ｉce❤️" }];
  await rig.publish(manifest("spelled", { stickers: [sticker("a"), sticker("b", { name: names[0]! })] }));
  const spellings = ["น้ำแข็ง", "น้\u0E4D\u0E32แข็ง", "น\u0E4D\u0E49\u0E32แข็ง", "ice", "ＩＣＥ", "ice❤", "ice❤️"];
  for (const search of spellings) t.same(await listed({ search }), ["spelled"], JSON.stringify(search));
});

test("the wildcards of LIKE are ordinary characters", async (t) => {
  await rig.publish(manifest("percent", { keywords: ["100%", "a_b", "back\\slash", "qu'ote"] }));
  for (const search of ["100%", "a_b", "back\\slash", "qu'ote"]) t.same(await listed({ search }), ["percent"], search);
  for (const search of ["1%0", "a%b", "ba_k", "back%slash", "\\"]) {
    t.same(
      (await listed({ search })).filter((key) => key === "percent"),
      search === "\\" ? ["percent"] : [],
      search,
    );
  }
});

test("a set and its stickers have all that an app needs, with absolute URLs", async (t) => {
  const { _id } = await rig.publish(coin("complete", { description: { th: "คำ", en: "words" }, keywords: ["k"] }));
  const { body } = await rig.ask("u", "GET", `/stickers/sets/${_id}`);
  const set = body.stickerSet as StickerSet;
  t.match(set, {
    _id,
    key: "complete",
    title: { th: "ชุด complete", en: "Set complete" },
    description: { th: "คำ", en: "words" },
    author: "Tester",
    category: "tests",
    keywords: ["k"],
    type: "interactive",
    free: true,
    stickerCount: 1,
    retired: false,
    owned: false,
  });
  const address = /^https:\/\/chat\.example\/api\/v1\/chat\/stickers\/assets\/[0-9a-f]{40}\.webp$/;
  t.match(set.cover, address);
  const stickers = (await rig.ask("u", "GET", `/stickers/sets/${_id}/stickers`)).body.stickers as Sticker[];
  t.equal(stickers.length, 1);
  t.match(stickers[0], {
    setId: _id,
    stickerId: "coin",
    type: "interactive",
    emoji: null,
    width: 16,
    height: 16,
    interactive: { takes: { bet: { type: "choice", values: ["heads", "tails"], required: true } } },
  });
  const outcomes = stickers[0]?.interactive?.outcomes ?? [];
  t.match(outcomes, [
    { id: "heads", url: address },
    { id: "tails", url: address },
  ]);
  t.notOk("weight" in (outcomes[1] ?? {}), "how likely an outcome is stays here");
});

test("an unknown set is not found", async (t) => {
  for (const path of ["", "/stickers"]) {
    t.match(await rig.ask("u", "GET", `/stickers/sets/${unknownId}${path}`), {
      status: 404,
      body: { code: "sticker_set_not_found" },
    });
  }
  t.match(await rig.ask("u", "POST", `/stickers/sets/${unknownId}/download`), { status: 404 });
  t.match(await rig.ask("u", "GET", "/stickers/sets/no-id"), { status: 400, body: { code: "invalid_request" } });
});

test("a downloaded set is complete and in the collection once, the last one first", async (t) => {
  const user = someone();
  const one = await rig.publish(manifest("own1"));
  const two = await rig.publish(manifest("own2"));
  for (const { _id } of [one, two, one]) {
    const { status, body } = await rig.ask(user, "POST", `/stickers/sets/${_id}/download`);
    t.equal(status, 200);
    t.match(body, { success: true, message: "Sticker set downloaded", data: { _id, owned: true } });
    t.same(
      (body.data as StickerSetManifest).stickers.map(({ stickerId }) => stickerId),
      ["a", "b"],
    );
  }
  const { body } = await rig.ask(user, "GET", "/stickers/my-collections?limit=1");
  t.match(body, { collections: [{ key: "own2", owned: true }], pagination: { total: 2, totalPages: 2 } });
  const second = (await rig.ask(user, "GET", "/stickers/my-collections?limit=1&page=2")).body;
  t.match(second, { collections: [{ key: "own1", stickers: [{ stickerId: "a" }, { stickerId: "b" }] }] });
  t.match(await rig.ask(user, "GET", `/stickers/sets/${one._id}`), { body: { stickerSet: { owned: true } } });
  t.match(await rig.ask(someone(), "GET", "/stickers/my-collections"), { body: { collections: [] } });
});

test("a retired set is not listed, found or downloaded, but stays in collections", async (t) => {
  const [owner, other] = [someone(), someone()];
  const content = manifest("leaving", { category: "leaving", stickers: [sticker("a", { keywords: ["farewell"] })] });
  const { _id } = await rig.publish(content);
  await rig.ask(owner, "POST", `/stickers/sets/${_id}/download`);
  for (let i = 0; i < 2; i++) {
    const retiring = await rig.ask("admin", "DELETE", `/stickers/sets/${_id}`);
    t.match(retiring, { status: 200, body: { message: "Sticker set retired", data: { _id, retired: true } } });
  }
  t.same(await listed({ category: "leaving" }, owner), []);
  t.same(await found("farewell", other), []);
  t.same(await found("farewell", owner), ["a"]);
  for (const user of [owner, other]) {
    t.match(await rig.ask(user, "POST", `/stickers/sets/${_id}/download`), {
      status: 409,
      body: { code: "sticker_set_retired" },
    });
    t.match(await rig.ask(user, "GET", `/stickers/sets/${_id}`), {
      status: 200,
      body: { stickerSet: { retired: true } },
    });
    t.match(await rig.ask(user, "GET", `/stickers/sets/${_id}/stickers`), { body: { stickers: [{ stickerId: "a" }] } });
  }
  t.match(await rig.ask(owner, "GET", "/stickers/my-collections"), { body: { collections: [{ _id, retired: true }] } });
  t.match(await rig.ask("admin", "DELETE", `/stickers/sets/${unknownId}`), { status: 404 });
});

test("a set that is retired between lookup and download is not added", async (t) => {
  const user = someone();
  const { _id } = await rig.publish(manifest("retired-meanwhile"));
  const db: Db = rig.database.kysely();
  t.equal((await knownSet(db, user, _id)).retired, false);
  await rig.ask("admin", "DELETE", `/stickers/sets/${_id}`);
  t.equal(await addToCollection(db, user, _id), false);
  t.match(await rig.ask(user, "GET", "/stickers/my-collections"), { body: { collections: [] } });
});

test("stickers are found by the whole word first, then by its beginning, then by a part, each once", async (t) => {
  const word = "zebra";
  const stickers = [
    sticker("part", { keywords: [`a${word}s`] }),
    sticker("beginning", { keywords: [`${word}s`, `${word}s too`] }),
    sticker("whole", { keywords: [`a${word}`, word, `${word}s`] }),
    sticker("neither"),
  ];
  await rig.publish(manifest("ranked", { stickers, cover: "part.webp" }));
  t.same(await found(word), ["whole", "beginning", "part"]);
  t.same(await found("ZEBRA"), ["whole", "beginning", "part"]);
  t.same(await found(word, someone(), 2), ["whole", "beginning"]);
});

test("stickers are found by name, keyword, emoji and their set's title", async (t) => {
  const stickers = [
    sticker("a", { name: { th: "กระโดดตัวลอย", en: "Leap" }, emoji: "🦘", keywords: ["ดีใจมาก"] }),
    sticker("b"),
  ];
  await rig.publish(manifest("found", { title: { th: "จิงโจ้น้อย", en: "Kangaroo" }, stickers }));
  for (const q of ["โดดตัว", "leap", "🦘", "ดีใจมาก"]) t.same(await found(q), ["a"], q);
  t.same(await found("จิงโจ้"), ["a", "b"]);
  t.same(await found("kangaroo leap"), ["a"]);
  t.same(await found("   "), []);
});

test("pictures are served to anyone, cacheable and in ranges", async (t) => {
  const { cover } = await rig.publish(manifest("served"));
  const url = new URL(cover).pathname;
  const answer = await rig.app.inject({ url });
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers["content-type"], "image/webp");
  t.equal(answer.headers["cache-control"], "public, max-age=31536000, immutable");
  t.equal(answer.headers["x-content-type-options"], "nosniff");
  t.ok(answer.rawPayload.equals(rig.blobs.stored.get(`stickers/${url.split("/").at(-1)}`)?.bytes ?? Buffer.alloc(0)));
  const part = await rig.app.inject({ url, headers: { range: "bytes=0-3" } });
  t.equal(part.statusCode, 206);
  t.equal(part.payload, "RIFF");
  const again = await rig.app.inject({ url, headers: { "if-none-match": `${answer.headers.etag}` } });
  t.equal(again.statusCode, 304);
  t.equal((await rig.app.inject({ method: "HEAD", url })).statusCode, 200);
});

test("an unknown picture is not found", async (t) => {
  const names = [`${"0".repeat(40)}.webp`, "..%2Fsecret", "x", `${"0".repeat(40)}.svg`, encodeURIComponent("ก")];
  for (const name of names) {
    const answer = await rig.app.inject({ url: `/api/v1/chat/stickers/assets/${name}` });
    t.match([answer.statusCode, answer.json().code], [404, "file_not_found"], name);
  }
});

test("everything but the pictures requires authentication, and publishing an administrator", async (t) => {
  const url = "/api/v1/chat/stickers/sets";
  for (const path of ["", `/${unknownId}`, `/${unknownId}/stickers`]) {
    t.equal((await rig.app.inject({ url: url + path })).statusCode, 401, path);
  }
  t.equal((await rig.app.inject({ url: "/api/v1/chat/stickers/my-collections" })).statusCode, 401);
  t.equal((await rig.app.inject({ url: "/api/v1/chat/stickers/search?q=x" })).statusCode, 401);
  t.match(await rig.ask("u", "POST", "/stickers/sets", {}), { status: 403, body: { code: "forbidden" } });
  t.match(await rig.ask("u", "PUT", `/stickers/sets/${unknownId}`, {}), { status: 403 });
  t.match(await rig.ask("u", "DELETE", `/stickers/sets/${unknownId}`), { status: 403 });
});
