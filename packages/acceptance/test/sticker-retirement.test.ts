// A retired set is no longer offered: owners keep it, messages still show it, and it can be restored.
import { routes, type StickerManifest } from "@khui/contracts";
import { archive, filesOf, manifest, sticker } from "@khui/test-kit/files/sticker-sets";
import { find, good, refused, unknownId } from "@khui/test-kit/rest-answers";
import { privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { stickerScene, withSticker, word } from "./sticker-scene.js";

const system = await useSystem(t);
const scene = stickerScene(system);
const { admin, publish, upload, setOf, stickersOf, download, retire, listed, found, trySend, send, picture } = scene;

/** A retired set that one user had downloaded and sent before; another user has not. */
async function retired(t: Test, more: Partial<StickerManifest> = {}) {
  const [keyword, category] = [word(), word()];
  const stickers = [sticker("a", { keywords: [keyword] }), sticker("b")];
  const content = manifest(word(), { category, stickers, ...more });
  const files = await filesOf(content);
  const set = await publish(t, content, files);
  const [owner, other] = [system.newUser("Owner"), system.newUser("Other")];
  await download(t, owner, set._id);
  const room = await privateRoom(owner, other);
  const [first] = set.stickers;
  const before = await send(t, owner, room, first!);
  return { keyword, category, files, set, first: first!, owner, other, room, before, answer: await retire(t, set._id) };
}
const collection = async (t: Test, user: User) =>
  good(t, routes.myStickerSets, await user.get("/stickers/my-collections")).collections;

t.test("retiring a set returns its current state, also when repeated", async (t) => {
  const set = await publish(t, manifest(word()));
  const { message, data } = good(t, routes.retireStickerSet, await admin.delete(`/stickers/sets/${set._id}`));
  t.equal(message, "เลิกให้บริการชุดสติกเกอร์แล้ว");
  const { stickers: _, updatedAt: __, ...rest } = set;
  const { updatedAt, ...told } = data;
  t.strictSame(told, { ...rest, retired: true });
  t.ok(updatedAt > set.updatedAt);
  t.strictSame(await retire(t, set._id), data, "again");
  refused(t, await admin.delete(`/stickers/sets/${unknownId()}`), "sticker_set_not_found");
  refused(t, await admin.delete("/stickers/sets/fong"), "invalid_request");
});

t.test("a retired set is in no list, and only its owners find its stickers", async (t) => {
  const { set, category, keyword, owner, other } = await retired(t);
  for (const user of [owner, other, admin]) {
    t.strictSame(await listed(t, user, { category }), []);
    t.strictSame(await listed(t, user, { search: set.key }), []);
  }
  t.strictSame(await found(t, other, keyword), []);
  t.strictSame(await found(t, owner, keyword), ["a"]);
});

t.test("a retired set cannot be downloaded, and is shown as retired", async (t) => {
  const { set, answer, owner, other } = await retired(t);
  for (const user of [owner, other]) {
    refused(t, await user.post(`/stickers/sets/${set._id}/download`), "sticker_set_retired");
    t.strictSame(await setOf(t, user, set._id), { ...answer, owned: user === owner });
    t.strictSame(await stickersOf(t, user, set._id), set.stickers);
  }
  t.strictSame(await collection(t, other), []);
});

for (const free of [true, false]) {
  t.test(`only owners can send a retired set that ${free ? "was" : "was not"} free`, async (t) => {
    const { set, first, answer, owner, other, room } = await retired(t, { free });
    t.strictSame(await collection(t, owner), [{ ...answer, owned: true, stickers: set.stickers }]);
    const sent = await send(t, owner, room, first);
    t.equal(sent.stickerInfo.url, first.url);
    refused(t, await trySend(other, room, first), "sticker_not_owned");
    t.equal(await find(t, other, room, sent._id).then((one) => one?.stickerInfo?.stickerId), "a");
  });
}

t.test("a message still shows its sticker and picture after retirement", async (t) => {
  const { owner, other, room, before } = await retired(t);
  for (const user of [owner, other]) {
    const kept = withSticker(await find(t, user, room, before._id));
    t.strictSame(kept.stickerInfo, before.stickerInfo);
    t.equal((await picture(t, kept.stickerInfo.url)).width, kept.stickerInfo.width);
  }
  const target = await privateRoom(other, system.newUser());
  const forwarding = await other.post(`/messages/${before._id}/forward`, { chatRoomIds: [target] });
  const [copy] = good(t, routes.forwardMessage, forwarding).data;
  t.strictSame(copy?.stickerInfo, before.stickerInfo, "and it is passed on");
});

t.test("a retry returns the first message although the set was retired meanwhile", async (t) => {
  const set = await publish(t, manifest(word()));
  const [a, b] = [system.newUser(), system.newUser()];
  const room = await privateRoom(a, b);
  const extra = { clientMessageId: word() };
  const sent = await send(t, a, room, set.stickers[0]!, extra);
  await retire(t, set._id);
  refused(t, await trySend(a, room, set.stickers[0]!), "sticker_not_owned");
  t.equal((await send(t, a, room, set.stickers[0]!, extra))._id, sent._id);
});

t.test("publishing again restores the set with its owners", async (t) => {
  const { set, first, files, category, keyword, owner, other, room, answer } = await retired(t);
  const { message, data } = good(t, routes.publishStickerSet, await upload(archive(files)), 200);
  t.equal(message, "อัพเดทชุดสติกเกอร์สำเร็จ");
  t.strictSame({ ...data, updatedAt: set.updatedAt }, set);
  t.ok(data.updatedAt > answer.updatedAt);
  t.strictSame(await listed(t, other, { category }), [set.key]);
  t.strictSame(await found(t, other, keyword), ["a"]);
  t.equal((await setOf(t, owner, set._id)).owned, true);
  t.match(await collection(t, owner), [{ _id: set._id, retired: false }]);
  await send(t, other, room, first);
  await download(t, other, set._id);
});

t.test("updating a retired set by its id restores it too", async (t) => {
  const { set, category } = await retired(t);
  const changed = archive(await filesOf(manifest(set.key, { category, author: "Someone new" })));
  const { data } = good(t, routes.updateStickerSet, await upload(changed, set._id));
  t.match(data, { _id: set._id, retired: false, author: "Someone new" });
  t.strictSame(await listed(t, admin, { category }), [set.key]);
});
