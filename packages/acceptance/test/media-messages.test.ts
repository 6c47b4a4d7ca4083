// A message with a file behaves like any other: live, in order, sent once, edited, forwarded, and deleted together with its file.
import { randomUUID } from "node:crypto";
import { type Message, routes } from "@khui/contracts";
import { made, plainText, redAndBlue } from "@khui/test-kit/files/media-files";
import { find, good, pageOf, refused, roomOf, sendText } from "@khui/test-kit/rest-answers";
import { eventually, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { type Field, fixture, formOf, type MediaMessage, mediaScene, withMedia } from "./media-scene.js";
import { done, fence, inRooms, refused as refusedEvent } from "./socket-scene.js";

const system = await useSystem(t);
const { post, send, open, served } = mediaScene(system);
const picture = await made(redAndBlue(400, 200).jpeg());
const file: Field = ["file", new File([picture], "ภาพ.jpg")];

async function scene() {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return { a, b, room: await privateRoom(a, b) };
}

/** The details of a file without its URLs, which are signed anew each time. */
function facts({ mediaInfo }: Pick<Message, "mediaInfo">) {
  const { url: _, thumbnail, ...rest } = withMedia({ mediaInfo } as Message).mediaInfo;
  return { ...rest, hasThumbnail: thumbnail !== undefined };
}

const remove = async (t: Test, user: User, messageId: string, deleteFor: "everyone" | "sender" = "everyone") =>
  good(t, routes.deleteMessage, await user.delete(`/messages/${messageId}`, { deleteFor }));

/** Waits until both the message's file and its thumbnail are gone. */
const gone = ({ mediaInfo: { url, thumbnail = url } }: MediaMessage) =>
  eventually(async () => {
    for (const address of [url, thumbnail]) {
      const { status, bytes } = await open(address);
      if (status !== 404) return false;
      if (!bytes.toString().includes('"file_not_found"')) throw new Error(`404 with ${bytes}`);
    }
  });

for (const emits of [false, true]) {
  t.test(
    `a file reaches the others exactly once${emits ? ", though its sender emits send_message too" : ""}`,
    async (t) => {
      const { a, b, room } = await scene();
      const [anns, bens] = [await inRooms(a, room), await inRooms(b, room)];
      const sent = await send(t, a, room, "image", picture, { name: "ภาพ.jpg", content: "ดูนี่" });
      if (emits) {
        const confirmed = await done<Message>(anns, "send_message", {
          chatRoomId: room,
          messageId: sent._id,
          type: "image",
        });
        t.match(confirmed, { _id: sent._id, type: "image", seq: sent.seq });
        anns.socket.emit("send_message", { chatRoomId: room, messageId: sent._id, type: "image", content: "ดูนี่" });
      }
      const { seq, message } = await bens.next("new_message");
      await fence(a, room, anns, bens);
      for (const client of [anns, bens]) {
        t.equal(
          client.count("new_message", (told) => told.message._id === sent._id),
          1,
        );
        t.equal(client.count("new_message"), 2);
      }
      t.equal(seq, sent.seq);
      const { status: _, mediaInfo: __, ...told } = message;
      t.match(sent, told, "told as it was answered");
      t.strictSame(facts(message), facts(sent));
      t.match(facts(message), { originalName: "ภาพ.jpg", mimeType: "image/jpeg", hasThumbnail: true });
      await served(t, withMedia(message));
      t.equal((await open(message.mediaInfo?.thumbnail ?? "")).status, 200);
      t.equal((await pageOf(t, b, room)).messages.length, 2);
    },
  );
}

t.test("files and texts keep their order, live and in the message list", async (t) => {
  const { a, b, room } = await scene();
  const bens = await inRooms(b, room);
  const sent: Message[] = [];
  for (const i of [1, 2, 3]) {
    sent.push(await sendText(t, a, room, `text ${i}`));
    sent.push(await send(t, i === 2 ? b : a, room, "image", picture, { content: `picture ${i}` }));
  }
  await bens.next("new_message", ({ message }) => message._id === sent.at(-1)?._id);
  const contents = sent.map(({ content }) => content);
  const heard = bens.events.flatMap(({ event, payload }) => (event === "new_message" ? [payload.message] : []));
  t.strictSame(
    heard.map(({ content }) => content),
    contents,
  );
  const listed = (await pageOf(t, a, room)).messages;
  t.strictSame(
    listed.map(({ content, seq }) => [content, seq]),
    contents.map((content, i) => [content, i + 1]),
  );
});

const once: Array<
  readonly [how: string, attempt: (key: string) => { fields: Field[]; headers: Record<string, string> }]
> = [
  ["a clientMessageId before the file", (key) => ({ fields: [["clientMessageId", key], file], headers: {} })],
  ["a clientMessageId behind the file", (key) => ({ fields: [file, ["clientMessageId", key]], headers: {} })],
  ["an Idempotency-Key", (key) => ({ fields: [file], headers: { "idempotency-key": key } })],
];

for (const [how, attempt] of once) {
  t.test(`${how} sends a file once, however often the request is retried`, async (t) => {
    const { a, b, room } = await scene();
    const other = await groupRoom(a, [b]);
    const bens = await inRooms(b, room);
    const { fields, headers } = attempt(randomUUID());
    const upload = async (where = room, ...more: Field[]) => {
      const body = formOf(["type", "image"], ...more, ...fields);
      return post(a, where, { body, headers });
    };
    const answers = await Promise.all(Array.from({ length: 10 }, () => upload()));
    const [first, ...rest] = answers.map((answer) => good(t, routes.sendMedia, answer).data);
    t.same(
      rest.filter(({ _id }) => _id !== first?._id),
      [],
      "all get the one message",
    );
    const retried = good(t, routes.sendMedia, await upload()).data;
    t.equal(retried._id, first?._id);
    await fence(a, room, bens);
    t.equal((await pageOf(t, b, room)).messages.length, 2);
    t.equal(bens.count("new_message"), 2);
    await served(t, withMedia(retried));
    refused(t, await upload(other), "idempotency_conflict");
    t.equal((await pageOf(t, b, other)).messages.length, 0);
    refused(t, await upload(room, ["content", "another caption"]), "idempotency_conflict");
    t.equal((await pageOf(t, b, room)).messages.length, 2);
    // The files of the other attempts are removed, that of the message is not.
    await remove(t, a, (await send(t, a, room, "image", picture))._id);
    await served(t, withMedia(await find(t, b, room, retried._id)));
  });
}

t.test("the room list and the statistics show file messages by type", async (t) => {
  const { a, b, room } = await scene();
  await sendText(t, a, room, "text");
  for (const type of ["image", "image", "file"]) await send(t, a, room, type, picture);
  const voice = await send(t, a, room, "audio", await fixture("sound.mp3"), { name: "เสียง.mp3" });
  const film = await send(t, b, room, "video", await fixture("video.webm"), { content: "ดู" });
  const { lastMessage, unreadCount, messageCount } = await roomOf(t, a, room);
  t.match(lastMessage, { _id: film._id, type: "video", content: "ดู", sender: { _id: b.id } });
  t.strictSame(facts(lastMessage ?? film), facts(film));
  t.strictSame({ unreadCount, messageCount }, { unreadCount: 1, messageCount: 6 });
  const { stats } = good(t, routes.roomStats, await a.get(`/rooms/${room}/stats`));
  t.equal(stats.totalMessages, 6);
  t.strictSame(Object.fromEntries(stats.messagesByType.map(({ type, count }) => [type, count])), {
    text: 1,
    image: 2,
    file: 1,
    audio: 1,
    video: 1,
  });
  const reply = await sendText(t, b, room, "ได้ยินแล้ว", { replyTo: voice._id });
  t.match(reply.replyToMessage, { _id: voice._id, type: "audio", content: null, isDeleted: false });
});

t.test("a caption can be edited without changing the file", async (t) => {
  const { a, b, room } = await scene();
  const bens = await inRooms(b, room);
  const sent = await send(t, a, room, "image", picture);
  const edited = good(t, routes.editMessage, await a.put(`/messages/${sent._id}`, { content: " คำบรรยาย " })).data;
  t.match(edited, { content: "คำบรรยาย", isEdited: true, editHistory: [{ content: null }], type: "image" });
  const told = await bens.next("message_edited");
  t.match(told, { messageId: sent._id, newContent: "คำบรรยาย" });
  for (const message of [edited, withMedia(told.message as Message), await find(t, b, room, sent._id)]) {
    t.strictSame(facts(message ?? sent), facts(sent));
    await served(t, withMedia(message));
  }
  refused(t, await b.put(`/messages/${sent._id}`, { content: "another's" }), "not_message_sender");
});

t.test("a forwarded file exists as long as any message that uses it", async (t) => {
  const { a, b, room } = await scene();
  const c = system.newUser("Cat");
  const targets = [await privateRoom(b, c), await groupRoom(b, [c])];
  const sent = await send(t, a, room, "image", picture, { name: "ภาพ.jpg", content: "ต่อ" });
  const forwarding = await b.post(`/messages/${sent._id}/forward`, { chatRoomIds: targets });
  const copies = good(t, routes.forwardMessage, forwarding).data.map(withMedia);
  t.equal(copies.length, 2);
  for (const copy of copies) {
    t.match(copy, {
      type: "image",
      content: "ต่อ",
      forwardedFrom: { originalMessageId: sent._id, originalSender: a.id },
    });
    t.strictSame(facts(copy), facts(sent));
    await served(t, withMedia(await find(t, c, copy.chatRoom, copy._id)));
  }
  await remove(t, a, sent._id);
  t.match(await find(t, b, room, sent._id), { isDeleted: true, mediaInfo: null, content: null, type: "image" });
  // An unused file is deleted meanwhile; by then the copies' file would be gone too.
  const fenced = await send(t, a, room, "file", plainText);
  await remove(t, a, fenced._id);
  await gone(fenced);
  for (const copy of copies) await served(t, withMedia(await find(t, c, copy.chatRoom, copy._id)));
  await remove(t, b, copies[0]!._id);
  await served(t, copies[1]!);
  await remove(t, b, copies[1]!._id);
  await gone(copies[1]!);
  t.equal((await open(sent.mediaInfo.url)).status, 404);
});

t.test("deleting a message deletes its file, also for clients that have its URL", async (t) => {
  const { a, b, room } = await scene();
  const bens = await inRooms(b, room);
  const sent = await send(t, a, room, "image", picture);
  await served(t, sent);
  await remove(t, a, sent._id);
  await bens.next("message_deleted", ({ messageId }) => messageId === sent._id);
  await gone(sent);
  refused(t, await b.post(`/messages/${sent._id}/forward`, { chatRoomIds: [room] }), "not_forwardable");
});

t.test("deleting a file for oneself keeps it for the others", async (t) => {
  const { a, b, room } = await scene();
  const sent = await send(t, a, room, "image", picture);
  await remove(t, a, sent._id, "sender");
  t.equal(await find(t, a, room, sent._id), undefined);
  const fenced = await send(t, a, room, "file", plainText);
  await remove(t, a, fenced._id);
  await gone(fenced);
  await served(t, withMedia(await find(t, b, room, sent._id)));
});

t.test("a client that resumes receives files with valid URLs", async (t) => {
  const { a, b, room } = await scene();
  await sendText(t, a, room, "before");
  const sent = await send(t, a, room, "image", picture);
  const deleted = await send(t, a, room, "image", picture);
  await a.put(`/messages/${sent._id}`, { content: "edited" });
  await remove(t, a, deleted._id);
  await gone(deleted);
  const bens = await b.connect();
  await bens.join(room, 1);
  const [first, second] = [await bens.next("new_message"), await bens.next("new_message")];
  t.match([first.message._id, second.message._id], [sent._id, deleted._id]);
  await served(t, withMedia(first.message));
  t.match(second.message, { isDeleted: true, mediaInfo: null });
  const { message } = await bens.next("message_edited");
  await served(t, withMedia(message as Message));
});

t.test("a file cannot be sent by an event, or to a room that allows no media", async (t) => {
  const { a, b, room } = await scene();
  const anns = await inRooms(a, room);
  for (const type of ["image", "video", "audio", "file"]) {
    await refusedEvent(t, anns, "send_message", { chatRoomId: room, type, content: "look" }, "invalid_request");
  }
  const closed = await groupRoom(a, [b], { settings: { allowMediaUpload: false } });
  const sent = await send(t, a, room, "image", picture);
  refused(t, await a.post(`/messages/${sent._id}/forward`, { chatRoomIds: [closed] }), "media_not_allowed");
  const theirs = { chatRoomId: room, messageId: sent._id, type: "image" };
  await refusedEvent(t, await inRooms(b, room), "send_message", theirs, "message_not_found");
  t.equal((await pageOf(t, b, room)).messages.length, 1);
  t.equal((await pageOf(t, b, closed)).messages.length, 0);
});
