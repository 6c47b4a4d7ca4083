// Sets as users see them: paged lists, details, stickers, and their own collection.
import { routes } from "@khui/contracts";
import { coin, manifest, sticker } from "@khui/test-kit/files/sticker-sets";
import { bearer, good, rawRequest, refused, unknownId } from "@khui/test-kit/rest-answers";
import { useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { stickerScene, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { publish, setOf, stickersOf, download, listed } = stickerScene(system);

/** Sets that are alone in one category, in order of publication. */
async function sets(t: Test, count: number) {
  const category = word();
  const published = [];
  for (let i = 0; i < count; i++) published.push(await publish(t, manifest(word(), { category })));
  return { category, published, keys: published.map(({ key }) => key) };
}
const list = async (t: Test, query: string) =>
  good(t, routes.listStickerSets, await system.newUser().get(`/stickers/sets?${query}`));

t.test("a list shows the newest sets first, in pages that do not overlap", async (t) => {
  const { category, keys } = await sets(t, 5);
  const newest = keys.toReversed();
  const pages = [];
  for (const page of [1, 2, 3]) {
    const { stickerSets, pagination } = await list(t, `category=${category}&limit=2&page=${page}`);
    t.strictSame(pagination, { currentPage: page, totalPages: 3, total: 5, limit: 2 });
    pages.push(stickerSets.map(({ key }) => key));
  }
  t.strictSame(pages, [newest.slice(0, 2), newest.slice(2, 4), newest.slice(4)]);
  const beyond = await list(t, `category=${category}&limit=2&page=4`);
  t.strictSame(beyond, {
    stickerSets: [],
    pagination: { currentPage: 4, totalPages: 3, total: 5, limit: 2 },
  });
  t.strictSame(await listed(t, system.newUser(), { category: category.toUpperCase() }), newest, "in any case");
});

t.test("a category matches as a whole, and can be combined with a search", async (t) => {
  const { category, keys } = await sets(t, 2);
  const user = system.newUser();
  t.strictSame(await listed(t, user, { category: category.slice(0, -1) }), []);
  t.strictSame(await listed(t, user, { category: `${category.slice(0, -1)}_` }), []);
  t.strictSame(await listed(t, user, { category, search: keys[0] ?? "" }), keys.slice(0, 1));
  t.strictSame(await listed(t, user, { category: word(), search: keys[0] ?? "" }), []);
});

t.test("a page has twenty sets by default, and an unfiltered list has them all", async (t) => {
  const { category, keys } = await sets(t, 21);
  const { stickerSets, pagination } = await list(t, `category=${category}`);
  t.strictSame(
    stickerSets.map(({ key }) => key),
    keys.slice(1).toReversed(),
  );
  t.strictSame(pagination, { currentPage: 1, totalPages: 2, total: 21, limit: 20 });
  t.ok((await list(t, "")).pagination.total >= 24, "the starter sets too");
});

t.test("a set and its stickers are returned as published, in order", async (t) => {
  const content = coin(word(), {
    description: { th: "ลองดู", en: "Try it" },
    category: word(),
    keywords: ["เหรียญ", "Coin"],
    author: "ช่างวาด",
    free: false,
  });
  const published = await publish(t, content);
  const { stickers: answered, ...set } = published;
  const { key, title, description, author, category, keywords } = content;
  t.match(set, { key, title, description, author, category, keywords, type: "interactive", free: false });
  t.match(set, { stickerCount: 1, retired: false, owned: false });
  t.ok(set.updatedAt >= set.createdAt);
  t.ok(Math.abs(Date.parse(set.createdAt) - Date.now()) < 60_000, set.createdAt);
  const user = system.newUser();
  t.strictSame(await setOf(t, user, set._id), set);
  const stickers = await stickersOf(t, user, set._id);
  t.strictSame(stickers, answered);
  const { interactive: wanted, name } = content.stickers[0]!;
  t.match(stickers, [{ setId: set._id, stickerId: "coin", type: "interactive", name, width: 16, height: 16 }]);
  t.strictSame(stickers[0]?.interactive?.takes, wanted?.takes);
  t.strictSame(
    stickers[0]?.interactive?.outcomes.map(({ url: _, ...outcome }) => outcome),
    wanted?.outcomes.map(({ file: _, weight: __, ...outcome }) => outcome),
    "an outcome's weight is no one's business",
  );
});

t.test("stickers keep the order of their manifest, and need neither emoji nor keywords", async (t) => {
  const ids = ["z", "m", "a", "10", "9"];
  const stickers = ids.map((id) => sticker(id, id === "m" ? { emoji: "🐘", keywords: ["ช้าง"] } : {}));
  const { _id } = await publish(t, manifest(word(), { stickers, cover: "z.webp" }));
  const told = await stickersOf(t, system.newUser(), _id);
  t.strictSame(
    told.map(({ stickerId, emoji, keywords }) => [stickerId, emoji, keywords]),
    ids.map((id) => (id === "m" ? [id, "🐘", ["ช้าง"]] : [id, null, []])),
  );
  t.match(told[0], { interactive: null, type: "static" });
});

t.test("downloading adds a set to one's own collection only", async (t) => {
  const { published } = await sets(t, 1);
  const { _id } = published[0]!;
  const [user, other] = [system.newUser(), system.newUser()];
  t.equal((await setOf(t, user, _id)).owned, false);
  for (const time of ["first", "second"]) {
    const answer = await user.post(`/stickers/sets/${_id}/download`);
    const { message, data } = good(t, routes.downloadStickerSet, answer);
    t.equal(message, "ดาวน์โหลดชุดสติกเกอร์สำเร็จ");
    t.strictSame(data, { ...published[0], owned: true }, `the ${time} time`);
  }
  t.strictSame(await setOf(t, user, _id), { ...(await setOf(t, other, _id)), owned: true });
  const { collections, pagination } = good(t, routes.myStickerSets, await user.get("/stickers/my-collections"));
  t.strictSame(collections, [{ ...published[0], owned: true }]);
  t.equal(pagination.total, 1);
  const { collections: theirs } = good(t, routes.myStickerSets, await other.get("/stickers/my-collections"));
  t.strictSame(theirs, []);
});

t.test("concurrent downloads of one set add it once", async (t) => {
  const { published } = await sets(t, 1);
  const user = system.newUser();
  const answers = await Promise.all(Array.from({ length: 10 }, () => download(t, user, published[0]!._id)));
  t.strictSame(new Set(answers.map(({ _id }) => _id)).size, 1);
  const { pagination } = good(t, routes.myStickerSets, await user.get("/stickers/my-collections"));
  t.equal(pagination.total, 1);
});

t.test("a collection is paged, most recently downloaded first", async (t) => {
  const { published } = await sets(t, 5);
  const user = system.newUser();
  const order = [2, 0, 4, 1, 3].map((i) => published[i]!);
  for (const { _id } of order) await download(t, user, _id);
  // Sets already in the collection keep their place.
  await download(t, user, order[0]!._id);
  const expected = order.toReversed().map((set) => ({ ...set, owned: true }));
  const told = [];
  for (const page of [1, 2, 3]) {
    const answer = await user.get(`/stickers/my-collections?page=${page}&limit=2`);
    const { collections, pagination } = good(t, routes.myStickerSets, answer);
    t.strictSame(pagination, { currentPage: page, totalPages: 3, total: 5, limit: 2 });
    told.push(...collections);
  }
  t.strictSame(told, expected);
});

const everything = (id: string) =>
  [
    ["GET", "/stickers/sets"],
    ["GET", `/stickers/sets/${id}`],
    ["GET", `/stickers/sets/${id}/stickers`],
    ["POST", `/stickers/sets/${id}/download`],
    ["GET", "/stickers/my-collections"],
    ["GET", "/stickers/search?q=cat"],
  ] as const;

t.test("unauthenticated requests are refused", async (t) => {
  const expired = { token: system.sign({ sub: "someone" }, -60) };
  for (const [method, path] of everything(unknownId())) {
    refused(t, await rawRequest(system, method, path), "unauthorized", path);
    refused(t, await rawRequest(system, method, path, bearer({ token: "none" })), "invalid_token", path);
    refused(t, await rawRequest(system, method, path, bearer(expired)), "token_expired", path);
  }
});

t.test("an unknown set is not found, and an invalid id is refused", async (t) => {
  const user = system.newUser();
  const paths = (id: string) => everything(id).filter(([, path]) => path.includes(`/${id}`));
  const id = unknownId();
  t.equal(paths(id).length, 3);
  for (const [method, path] of paths(id)) {
    refused(t, await rawRequest(system, method, path, bearer(user)), "sticker_set_not_found", path);
  }
  const english = { ...bearer(user), "accept-language": "en" };
  const [, told] = paths(id)[0]!;
  refused(t, await rawRequest(system, "GET", told, english), "sticker_set_not_found", told, "en");
  for (const bad of [
    "x",
    id.toUpperCase().replace(/^./, "A"),
    `${id}0`,
    id.slice(1),
    encodeURIComponent("ชุด"),
    "%00",
  ]) {
    for (const [method, path] of paths(bad)) {
      refused(t, await rawRequest(system, method, path, bearer(user)), "invalid_request", path);
    }
  }
});

t.test("an invalid page is refused", async (t) => {
  const user = system.newUser();
  for (const path of ["/stickers/sets?", "/stickers/my-collections?", "/stickers/search?q=cat&"]) {
    for (const limit of ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.5", "limit=1&limit=2"]) {
      refused(t, await user.get(path + limit), "invalid_request", path + limit);
    }
  }
  for (const path of ["/stickers/sets?", "/stickers/my-collections?"]) {
    for (const page of ["page=0", "page=-1", "page=x", "page=1000001", "page=1.5"]) {
      refused(t, await user.get(path + page), "invalid_request", path + page);
    }
  }
  for (const query of [`category=${"x".repeat(41)}`, `search=${"x".repeat(101)}`, "search=%00", "category=%00"]) {
    refused(t, await user.get(`/stickers/sets?${query}`), "invalid_request", query);
  }
});
