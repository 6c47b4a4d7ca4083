// Reactions: one per user and message.
import { routes } from "@khui/contracts";
import { find, good, refused, roomOf, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);

async function scene(t: Test) {
  const [a, b] = [system.newUser(), system.newUser()];
  const roomId = await privateRoom(a, b);
  return { a, b, roomId, messageId: (await sendText(t, a, roomId, "text"))._id };
}
const react = async (t: Test, user: User, id: string, emoji: string, reactionType?: string) =>
  good(t, routes.addReaction, await user.post(`/messages/${id}/reactions`, { emoji, reactionType }));
const unreact = async (t: Test, user: User, id: string) =>
  good(t, routes.removeReaction, await user.delete(`/messages/${id}/reactions`));

t.test("a reaction is added, changed and removed", async (t) => {
  const { a, b, roomId, messageId } = await scene(t);
  const added = await react(t, b, messageId, "👍", "like");
  t.equal(added.message, "เพิ่ม reaction สำเร็จ");
  t.match(added.data, { messageId, action: "added" });
  t.match(added.data.reactions, [{ userId: b.id, emoji: "👍", reactionType: "like" }]);
  t.match(added.data.reactions[0]?.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same((await find(t, a, roomId, messageId))?.reactions, added.data.reactions);
  const changed = await react(t, b, messageId, "😢", "sad");
  t.equal(changed.data.action, "changed");
  t.match(changed.data.reactions, [{ userId: b.id, emoji: "😢", reactionType: "sad" }]);
  t.equal(changed.data.reactions.length, 1, "a new one replaces it");
  const both = await react(t, a, messageId, "😢");
  t.same(
    both.data.reactions.map(({ userId, reactionType }) => [userId, reactionType]),
    [
      [b.id, "sad"],
      [a.id, null],
    ],
  );
  const removed = await unreact(t, b, messageId);
  t.same([removed.message, removed.data.action], ["ลบ reaction สำเร็จ", "removed"]);
  t.same(
    removed.data.reactions.map(({ userId }) => userId),
    [a.id],
  );
  t.same((await find(t, b, roomId, messageId))?.reactions, removed.data.reactions);
});

t.test("adding or removing the same reaction again changes nothing", async (t) => {
  const { a, b, roomId, messageId } = await scene(t);
  t.same((await unreact(t, b, messageId)).data, { messageId, reactions: [], reactionCounts: [], action: null });
  const first = await react(t, b, messageId, "👍", "like");
  const again = await react(t, b, messageId, "👍", "like");
  t.same(again.data, { ...first.data, action: null });
  t.equal((await react(t, b, messageId, "👍")).data.action, "changed", "another kind is another reaction");
  await unreact(t, b, messageId);
  t.equal((await unreact(t, b, messageId)).data.action, null);
  t.equal((await roomOf(t, a, roomId)).seq, 4);
});

t.test("every kind of emoji is accepted as a reaction", async (t) => {
  const { b, messageId } = await scene(t);
  for (const emoji of ["👍", "❤️", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇹🇭", "👍🏽", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☺️", "©️"]) {
    t.equal((await react(t, b, messageId, emoji)).data.reactions[0]?.emoji, emoji);
  }
  for (const type of ["like", "love", "haha", "wow", "sad", "angry"]) {
    t.equal((await react(t, b, messageId, "👍", type)).data.reactions[0]?.reactionType, type);
  }
});

t.test("an emoji is one reaction, with and without variation selectors", async (t) => {
  const { a, b, messageId } = await scene(t);
  for (const [sent, kept] of [
    ["\u2764", "\u2764\ufe0f"],
    ["\u261d\u{1f3fe}\ufe0f", "\u261d\u{1f3fe}"],
    ["\u{1f3f3}\u200d\u{1f308}", "\u{1f3f3}\ufe0f\u200d\u{1f308}"],
    ["1\u20e3", "1\ufe0f\u20e3"],
    ["\u{1f44d}\ufe0f", "\u{1f44d}"],
  ] as const) {
    await react(t, a, messageId, sent);
    const { data } = await react(t, b, messageId, kept);
    t.same(data.reactionCounts, [{ emoji: kept, count: 2 }], kept);
    t.same(new Set(data.reactions.map(({ emoji }) => emoji)), new Set([kept]), kept);
    t.equal((await react(t, b, messageId, sent)).data.action, null, "nothing new");
  }
});

t.test("anything but a single emoji is refused", async (t) => {
  const { b, roomId, messageId } = await scene(t);
  for (const emoji of [
    "a",
    "like",
    ":)",
    " ",
    "👍👍",
    "👍 ",
    " 👍",
    "1",
    "#",
    "🇹",
    "🏽a",
    "\u200d",
    "\ufe0f",
    "ก",
    "👍x",
    "<b>",
  ]) {
    refused(t, await b.post(`/messages/${messageId}/reactions`, { emoji }), "invalid_emoji", emoji);
  }
  t.same((await find(t, b, roomId, messageId))?.reactions, []);
});

t.test("only participants can react", async (t) => {
  const { messageId } = await scene(t);
  const stranger = system.newUser();
  refused(t, await stranger.post(`/messages/${messageId}/reactions`, { emoji: "👍" }), "message_not_found");
  refused(t, await stranger.delete(`/messages/${messageId}/reactions`), "message_not_found");
  refused(t, await stranger.post(`/messages/${unknownId()}/reactions`, { emoji: "👍" }), "message_not_found");
});

t.test("a system message accepts no reactions", async (t) => {
  const admin = system.newUser();
  const roomId = await groupRoom(admin, []);
  await admin.put(`/rooms/${roomId}/settings`, { name: "noted" });
  const note = (await roomOf(t, admin, roomId)).lastMessage;
  refused(t, await admin.post(`/messages/${note?._id}/reactions`, { emoji: "👍" }), "message_not_found");
});

t.test("concurrent reactions are all kept, one per user", async (t) => {
  const [admin, ...crowd] = Array.from({ length: 31 }, () => system.newUser());
  const roomId = await groupRoom(admin!, crowd);
  const { _id } = await sendText(t, admin!, roomId, "react");
  await Promise.all(crowd.flatMap((user) => ["👍", "😀"].map((emoji) => react(t, user, _id, emoji))));
  const reactions = (await find(t, admin!, roomId, _id))?.reactions ?? [];
  t.same(reactions.map(({ userId }) => userId).sort(), crowd.map(({ id }) => id).sort());
  await Promise.all(crowd.slice(0, 15).map((user) => unreact(t, user, _id)));
  t.equal((await find(t, admin!, roomId, _id))?.reactions.length, 15);
  const { stats } = good(t, routes.roomStats, await admin!.get(`/rooms/${roomId}/stats`));
  t.equal(stats.totalReactions, 15);
});
