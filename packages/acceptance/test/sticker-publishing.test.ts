// Administrators publish and update sets by archives: published once, updated under the same id, and refused to others.
import { type ErrorCode, routes } from "@khui/contracts";
import {
  archive,
  coin,
  type Files,
  filesOf,
  json,
  manifest,
  moving,
  sticker,
  still,
} from "@khui/test-kit/files/sticker-sets";
import { type Answer, good, refused, unknownId } from "@khui/test-kit/rest-answers";
import { useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { formOf } from "./media-scene.js";
import { archiveField, ownPicture, stickerScene, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { admin, submit, upload, publish, setOf, stickersOf, download, listed, picture } = stickerScene(system);

const updated = (t: Test, answer: Answer) => good(t, routes.updateStickerSet, answer);
const again = (t: Test, answer: Answer) => good(t, routes.publishStickerSet, answer, 200);

t.test("a set of each type can be published and is available at once", async (t) => {
  const user = system.newUser();
  for (const content of [manifest(word()), manifest(word(), { type: "animated" }), coin(word())]) {
    const answer = await upload(archive(await filesOf(content)));
    const { message, data } = good(t, routes.publishStickerSet, answer);
    t.equal(message, "เผยแพร่ชุดสติกเกอร์สำเร็จ");
    t.match(data, { key: content.key, type: content.type, retired: false, owned: false });
    t.strictSame(await listed(t, user, { search: content.key }), [content.key]);
    t.strictSame(await stickersOf(t, user, data._id), data.stickers);
    for (const { url } of data.stickers) t.equal((await picture(t, url)).frames > 1, content.type === "animated");
  }
});

t.test("PNG, WebP and GIF are stored unchanged", async (t) => {
  const stickers = ["a.webp", "b.png", "c.gif"].map((file) => sticker(file.slice(0, 1), { file }));
  const pictures: Files = {
    "a.webp": await ownPicture(),
    "b.png": await still(5, "png"),
    "c.gif": await still(6, "gif"),
  };
  const content = manifest(word(), { stickers });
  const set = await publish(t, content, { "manifest.json": json(content), ...pictures });
  for (const { stickerId, url } of set.stickers) {
    const file = stickers.find(({ id }) => id === stickerId)?.file ?? "";
    t.ok(url.endsWith(file.slice(1)), url);
    t.ok((await picture(t, url)).bytes.equals(pictures[file] ?? Buffer.alloc(0)), "not a bit is changed");
  }
  const live = manifest(word(), { type: "animated", stickers: [sticker("a", { file: "a.gif" })], cover: "a.gif" });
  const gif = await publish(t, live, { "manifest.json": json(live), "a.gif": await moving(9, 4, "gif") });
  t.equal((await picture(t, gif.cover)).frames, 4);
});

t.test("an archive may contain a top-level folder and macOS' extra files", async (t) => {
  const content = manifest(word());
  const files = await filesOf(content);
  const noise = { "__MACOSX/ชุด/._a.webp": Buffer.from("x"), "ชุด/.DS_Store": Buffer.from("x") };
  const folder = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`ชุด/${name}`, bytes]));
  const { data } = good(t, routes.publishStickerSet, await upload(archive({ ...noise, ...folder })));
  t.equal(data.stickerCount, 2);
});

t.test("publishing the same set again changes nothing", async (t) => {
  const content = manifest(word());
  const files = await filesOf(content);
  const first = await publish(t, content, files);
  for (const setId of [undefined, first._id]) {
    const { message, data } = again(t, await upload(archive(files, setId ? "folder/" : ""), setId));
    t.equal(message, "ชุดสติกเกอร์เป็นเวอร์ชันล่าสุดอยู่แล้ว");
    t.strictSame(data, first);
  }
});

t.test("an update keeps the set's id, creation time and owners, and replaces everything else", async (t) => {
  const renewed = word();
  const content = manifest(word(), { keywords: ["one"], description: { th: "เก่า", en: "Old" } });
  const first = await publish(t, content);
  const [owner, other] = [system.newUser(), system.newUser()];
  await download(t, owner, first._id);
  for (const [i, byId] of [false, true].entries()) {
    const title = { th: `ใหม่ ${i}`, en: `New ${i}` };
    const stickers = [sticker("c"), sticker("a"), sticker(`d${i}`)];
    const files = await filesOf(manifest(content.key, { title, stickers, free: false, category: renewed }));
    const answer = await upload(archive(files), byId ? first._id : undefined);
    const { message, data } = byId ? updated(t, answer) : again(t, answer);
    t.equal(message, "อัพเดทชุดสติกเกอร์สำเร็จ");
    t.match(data, {
      _id: first._id,
      key: first.key,
      createdAt: first.createdAt,
      title,
      free: false,
      category: renewed,
    });
    t.match(data, { description: null, keywords: [], stickerCount: 3, retired: false });
    t.ok(data.updatedAt > first.updatedAt, data.updatedAt);
    t.strictSame(
      data.stickers.map(({ stickerId }) => stickerId),
      ["c", "a", `d${i}`],
    );
    const { stickers: told, ...set } = data;
    t.strictSame(await setOf(t, other, first._id), set);
    t.strictSame(await stickersOf(t, other, first._id), told);
    t.strictSame((await setOf(t, owner, first._id)).owned, true);
  }
  t.strictSame(await listed(t, other, { category: renewed }), [content.key], "one set it stays");
});

t.test("ten concurrent publications of one key create one set", async (t) => {
  const content = manifest(word());
  const files = await filesOf(content);
  const answers = await Promise.all(Array.from({ length: 10 }, () => upload(archive(files))));
  t.strictSame(answers.map(({ status }) => status).sort(), [...Array(9).fill(200), 201]);
  const ids = answers.map((answer) => good(t, routes.publishStickerSet, answer, answer.status).data._id);
  t.equal(new Set(ids).size, 1);
  t.strictSame(await listed(t, admin, { search: content.key }), [content.key]);
  t.equal((await stickersOf(t, admin, ids[0]!)).length, 2);
});

t.test("concurrent publications of different versions leave one of them complete", async (t) => {
  const content = manifest(word());
  const versions = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const stickers = [sticker(`v${i}`), sticker(`w${i}`)];
      return filesOf(manifest(content.key, { author: `v${i}`, stickers, cover: `v${i}.webp` }));
    }),
  );
  const answers = await Promise.all(versions.map((files) => upload(archive(files))));
  const [first] = answers.map((answer) => good(t, routes.publishStickerSet, answer, answer.status).data);
  t.equal(answers.filter(({ status }) => status === 201).length, 1);
  const { author, cover } = await setOf(t, admin, first!._id);
  const stickers = await stickersOf(t, admin, first!._id);
  t.strictSame(
    stickers.map(({ stickerId }) => stickerId),
    [author, author.replace("v", "w")],
  );
  for (const url of [cover, ...stickers.map((one) => one.url)]) await picture(t, url);
});

t.test("an update must match the set that it names", async (t) => {
  const [one, other] = [await publish(t, manifest(word())), await publish(t, manifest(word()))];
  const files = archive(await filesOf(manifest(other.key, { author: "Someone" })));
  const answer = await upload(files, one._id);
  refused(t, answer, "invalid_sticker_set");
  t.match(answer.body, { details: { faults: [{ path: "/key" }] } });
  refused(t, await upload(archive(await filesOf(manifest(word()))), one._id), "invalid_sticker_set");
  refused(t, await upload(files, unknownId()), "sticker_set_not_found");
  refused(t, await upload(files, "fong"), "invalid_request");
  for (const set of [one, other]) {
    const { stickers: _, ...before } = set;
    t.strictSame(await setOf(t, admin, set._id), before);
  }
});

t.test("only administrators can publish, update and retire sets", async (t) => {
  const key = word();
  const set = await publish(t, manifest(word()));
  const bytes = archive(await filesOf(manifest(key)));
  const users = [system.newUser(), system.newUser("Almost", { scope: "chat:administrator chat admin" })];
  for (const user of users) {
    for (const setId of [undefined, set._id, unknownId()]) {
      refused(t, await submit(user, formOf(archiveField(bytes)), setId), "forbidden", setId);
    }
    for (const id of [set._id, unknownId()]) refused(t, await user.delete(`/stickers/sets/${id}`), "forbidden", id);
  }
  for (const setId of [undefined, set._id]) {
    refused(t, await submit(undefined, formOf(archiveField(bytes)), setId), "unauthorized");
  }
  t.match(await setOf(t, admin, set._id), { retired: false, updatedAt: set.updatedAt });
  t.strictSame(await listed(t, admin, { search: key }), []);
  const host = system.newUser("Host", { scope: "openid chat:admin profile" });
  good(t, routes.publishStickerSet, await submit(host, formOf(archiveField(bytes))));
});

t.test("a form without exactly one archive is refused", async (t) => {
  const [key, english] = [word(), { "accept-language": "en" }];
  const bytes = archive(await filesOf(manifest(key)));
  const text = (body: string, type: string) => ({ body, headers: { "content-type": type } });
  const cases: Array<readonly [ErrorCode, FormData | RequestInit]> = [
    ["no_file", formOf(["note", "x"])],
    ["too_many_files", formOf(archiveField(bytes), archiveField(bytes))],
    ["empty_file", formOf(archiveField(Buffer.alloc(0)))],
    ["invalid_request", formOf(["archive", archiveField(bytes)[1]])],
    ["unsupported_media_type", text("{}", "application/json")],
    ["unsupported_media_type", text("x", "application/zip")],
    ["invalid_request", text("x", "multipart/form-data")],
    ["unsupported_media_type", {}],
  ];
  const { _id } = await publish(t, manifest(word()));
  for (const setId of [undefined, _id]) {
    for (const [code, form] of cases) refused(t, await submit(admin, form, setId), code);
  }
  refused(
    t,
    await submit(admin, {
      ...text("{}", "application/json"),
      headers: { "content-type": "application/json", ...english },
    }),
    "unsupported_media_type",
    "",
    "en",
  );
  t.strictSame(await listed(t, admin, { search: key }), []);
  good(t, routes.publishStickerSet, await submit(admin, formOf(["note", "x"], archiveField(bytes), ["more", "y"])));
});
