// A message with a sticker behaves like any other: counted, forwarded, deleted, reacted to; only its content cannot change.
import { type Message, routes } from "@khui/contracts";
import { archive, filesOf, manifest } from "@khui/test-kit/files/sticker-sets";
import { find, good, pageOf, refused, roomOf, sendText } from "@khui/test-kit/rest-answers";
import { eventually, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { done, inRooms, refused as refusedEvent } from "./socket-scene.js";
import { ownPicture, stickerScene, withSticker, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { starterSticker, publish, upload, send, picture } = stickerScene(system);

/** Two users, and a die that the first has thrown in their room. */
async function scene(t: Test) {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  const room = await privateRoom(a, b);
  const die = await starterSticker(t, "lucky", "die");
  return { a, b, room, die, sent: await send(t, a, room, die) };
}
const remove = async (t: Test, user: User, messageId: string, deleteFor: "everyone" | "sender") =>
  good(t, routes.deleteMessage, await user.delete(`/messages/${messageId}`, { deleteFor }));
const forward = async (t: Test, user: User, messageId: string, chatRoomIds: string[]) =>
  good(t, routes.forwardMessage, await user.post(`/messages/${messageId}/forward`, { chatRoomIds })).data;

t.test("the room list and the statistics show stickers", async (t) => {
  const { a, b, room, die } = await scene(t);
  await sendText(t, a, room, "text");
  const sent = await send(t, b, room, die);
  const { lastMessage, unreadCount, messageCount, lastMessageTime } = await roomOf(t, a, room);
  t.match(lastMessage, { _id: sent._id, type: "sticker", content: null, sender: { _id: b.id } });
  t.strictSame(lastMessage?.stickerInfo, sent.stickerInfo);
  t.strictSame(
    { unreadCount, messageCount, lastMessageTime },
    { unreadCount: 1, messageCount: 3, lastMessageTime: sent.timestamp },
  );
  const { stats } = good(t, routes.roomStats, await a.get(`/rooms/${room}/stats`));
  t.equal(stats.totalMessages, 3);
  const counts = Object.fromEntries(stats.messagesByType.map(({ type, count }) => [type, count]));
  t.strictSame(counts, { text: 1, sticker: 2 });
  t.strictSame(stats.activeUsers.toSorted(), [a.id, b.id].sort());
  await remove(t, b, sent._id, "everyone");
  const { stats: after } = good(t, routes.roomStats, await a.get(`/rooms/${room}/stats`));
  t.strictSame(
    after.messagesByType.find(({ type }) => type === "sticker"),
    { type: "sticker", count: 1 },
  );
});

t.test("chat_updated contains the complete sticker message", async (t) => {
  const { a, b, room, die } = await scene(t);
  const bens = await b.connect();
  const sent: Message[] = [];
  // Watching begins a moment after authentication.
  await eventually(async () => {
    sent.push(await send(t, a, room, die));
    return bens.count("chat_updated") > 0;
  });
  const { message } = await bens.next("chat_updated");
  t.strictSame(message.stickerInfo, sent.find(({ _id }) => _id === message._id)?.stickerInfo);
});

t.test("nobody can edit a sticker message", async (t) => {
  const { a, b, room, sent } = await scene(t);
  for (const content of ["a caption", "6", ""]) {
    refused(t, await a.put(`/messages/${sent._id}`, { content }), "not_editable", JSON.stringify(content));
  }
  refused(t, await b.put(`/messages/${sent._id}`, { content: "mine" }), "not_message_sender");
  const event = { chatRoomId: room, messageId: sent._id, newContent: "6" };
  await refusedEvent(t, await inRooms(a, room), "edit_message", event, "not_editable");
  t.match(await find(t, b, room, sent._id), {
    content: null,
    isEdited: false,
    editHistory: [],
    stickerInfo: sent.stickerInfo,
  });
});

t.test("a forwarded sticker keeps its outcome and outlives the original", async (t) => {
  const { a, b, room, sent } = await scene(t);
  const c = system.newUser("Cat");
  const rooms = [await privateRoom(b, c), await groupRoom(b, [c])];
  const cats = await inRooms(c, rooms[0]!);
  const copies = await forward(t, b, sent._id, rooms);
  t.equal(copies.length, 2);
  for (const copy of copies) {
    t.match(copy, {
      type: "sticker",
      content: null,
      sender: { _id: b.id },
      forwardedFrom: { originalMessageId: sent._id },
    });
    t.strictSame(copy.stickerInfo, sent.stickerInfo);
  }
  const { message } = await cats.next("new_message");
  t.strictSame([message._id, message.stickerInfo], [copies[0]?._id, sent.stickerInfo]);
  await remove(t, a, sent._id, "everyone");
  for (const copy of copies) {
    const kept = withSticker(await find(t, c, copy.chatRoom, copy._id));
    t.strictSame(kept.stickerInfo, sent.stickerInfo);
    await picture(t, kept.stickerInfo.url);
  }
  refused(t, await b.post(`/messages/${sent._id}/forward`, { chatRoomIds: [rooms[0]] }), "not_forwardable");
  t.equal((await pageOf(t, a, room)).messages.length, 1);
});

t.test("a sticker deleted for everyone is in no response, and its place stays", async (t) => {
  const { a, b, room, sent } = await scene(t);
  const reply = await sendText(t, b, room, "nice", { replyTo: sent._id });
  const bens = await inRooms(b, room);
  refused(t, await b.delete(`/messages/${sent._id}`, { deleteFor: "everyone" }), "not_message_sender");
  await remove(t, a, sent._id, "everyone");
  t.match(await bens.next("message_deleted"), { messageId: sent._id, deleteFor: "everyone", deletedBy: a.id });
  const returning = await b.connect();
  await returning.join(room, sent.seq - 1);
  const { message } = await returning.next("new_message", (told) => told.message._id === sent._id);
  const gone = { type: "sticker", isDeleted: true, deletedFor: "everyone", content: null, stickerInfo: null };
  for (const one of [message, await find(t, a, room, sent._id), await find(t, b, room, sent._id)]) {
    t.match(one, { _id: sent._id, ...gone });
  }
  t.match((await find(t, a, room, reply._id))?.replyToMessage, { _id: sent._id, isDeleted: true, content: null });
});

t.test("deleting a sticker for oneself keeps it for the others", async (t) => {
  const { a, b, room, sent } = await scene(t);
  await remove(t, b, sent._id, "sender");
  t.equal(await find(t, b, room, sent._id), undefined);
  t.strictSame((await find(t, a, room, sent._id))?.stickerInfo, sent.stickerInfo);
});

t.test("a sticker can be reacted to and read like a text", async (t) => {
  const { a, b, room, sent } = await scene(t);
  const anns = await inRooms(a, room);
  t.equal((await roomOf(t, b, room)).unreadCount, 1);
  await b.post(`/messages/${sent._id}/reactions`, { emoji: "🎲" });
  t.match(await anns.next("reaction_updated"), { messageId: sent._id, userId: b.id, emoji: "🎲" });
  await done(await inRooms(b, room), "mark_as_read", { chatRoomId: room });
  t.equal((await roomOf(t, b, room)).unreadCount, 0);
  t.match(await find(t, a, room, sent._id), {
    status: "read",
    reactions: [{ userId: b.id }],
    stickerInfo: sent.stickerInfo,
  });
});

t.test("a message keeps its sticker as sent, however its set changes", async (t) => {
  const { a, b, room } = await scene(t);
  const content = manifest(word());
  const before = await publish(t, content, { ...(await filesOf(content)), "b.webp": await ownPicture() });
  const sent: Message[] = [];
  for (const sticker of before.stickers) sent.push(await send(t, a, room, sticker));
  const [first] = content.stickers;
  const changed = manifest(content.key, { stickers: [{ ...first!, name: { th: "ใหม่", en: "New" } }] });
  const update = await upload(archive({ ...(await filesOf(changed)), "a.webp": await ownPicture() }));
  const [now] = good(t, routes.publishStickerSet, update, 200).data.stickers;
  t.not(now?.url, before.stickers[0]?.url, "the picture is another now");
  for (const { _id, stickerInfo } of sent) {
    const kept = withSticker(await find(t, b, room, _id));
    t.strictSame(kept.stickerInfo, stickerInfo);
    await picture(t, kept.stickerInfo.url);
  }
  const [copy] = await forward(t, b, sent[1]!._id, [await privateRoom(b, system.newUser())]);
  t.strictSame(copy?.stickerInfo, sent[1]?.stickerInfo, "one that is in no set any more is forwarded");
  t.strictSame((await send(t, a, room, now!)).stickerInfo.name, { th: "ใหม่", en: "New" });
});
