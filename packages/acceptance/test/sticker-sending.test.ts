// A sticker reaches everyone completely and once, and its random outcome is the same for all.
import { randomUUID } from "node:crypto";
import { type Message, routes, type Sticker } from "@khui/contracts";
import { good, pageOf, refused, sendText, unknownId } from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { done, fence, inRooms, refused as refusedEvent } from "./socket-scene.js";
import { type StickerMessage, stickerScene, withSticker } from "./sticker-scene.js";

const system = await useSystem(t);
const { starter, starterSticker, trySend, send, picture } = stickerScene(system);

async function scene() {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return { a, b, room: await privateRoom(a, b) };
}
/** Everything that a message keeps of a sticker without a random outcome. */
const infoOf = ({ setId, stickerId, type, url, name, emoji, width, height }: Sticker) => ({
  setId,
  stickerId,
  type,
  metadata: {},
  url,
  name,
  emoji,
  width,
  height,
});
/** What others see, without the fields that are only for the sender. */
const seen = ({ status: _, clientMessageId: __, ...message }: Message) => message;

for (const [key, id, emits] of [
  ["fong", "hello", false],
  ["som", "dance", true],
  ["lucky", "coin", false],
  ["lucky", "die", true],
] as const) {
  t.test(
    `${key}'s ${id} reaches the others exactly once${emits ? ", though its sender emits send_message too" : ""}`,
    async (t) => {
      const { a, b, room } = await scene();
      const sticker = await starterSticker(t, key, id);
      const [anns, bens] = [await inRooms(a, room), await inRooms(b, room)];
      const answer = await trySend(a, room, sticker);
      const { message: notice, data } = good(t, routes.sendSticker, answer);
      t.equal(notice, "ส่งสติกเกอร์สำเร็จ");
      const sent = withSticker(data);
      if (emits) {
        const event = { chatRoomId: room, messageId: sent._id, type: "sticker" };
        t.match(await done<Message>(anns, "send_message", event), seen(sent));
        anns.socket.emit("send_message", event);
      }
      t.match(sent, {
        chatRoom: room,
        sender: { _id: a.id },
        type: "sticker",
        content: null,
        mediaInfo: null,
        status: "sent",
      });
      const outcome = sticker.interactive?.outcomes.find((one) => one.id === sent.stickerInfo.metadata.outcome);
      t.equal(outcome === undefined, key !== "lucky");
      t.strictSame(sent.stickerInfo, {
        ...infoOf(sticker),
        ...(outcome ? { url: outcome.url, metadata: { outcome: outcome.id, outcomeName: outcome.name } } : {}),
        ...(outcome ? await sizeOf(t, outcome.url) : {}),
      });
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
      t.strictSame(seen(message), seen(sent), "told as it was answered");
      t.strictSame((await pageOf(t, b, room)).messages.slice(0, 1).map(seen), [seen(sent)], "and listed so");
      await picture(t, message.stickerInfo?.url ?? "");
    },
  );
}

async function sizeOf(t: Test, url: string) {
  const { width, height } = await picture(t, url);
  return { width, height };
}

t.test("a die shows only its faces, all of them over time, and the same to everyone", async (t) => {
  const { a, b, room } = await scene();
  const bens = await inRooms(b, room);
  const die = await starterSticker(t, "lucky", "die");
  // With a fair die, 200 throws miss one of the six faces less than once in many millions of runs.
  const thrown: StickerMessage[] = [];
  for (let wave = 0; wave < 10; wave++) {
    thrown.push(...(await Promise.all(Array.from({ length: 20 }, () => send(t, a, room, die)))));
  }
  await fence(a, room, bens);
  const faces = new Map((die.interactive?.outcomes ?? []).map((one) => [one.id, one]));
  t.strictSame([...new Set(thrown.map(({ stickerInfo }) => `${stickerInfo.metadata.outcome}`))].sort(), [
    ...faces.keys(),
  ]);
  for (const { stickerInfo } of thrown) {
    const face = faces.get(`${stickerInfo.metadata.outcome}`);
    t.strictSame([stickerInfo.url, stickerInfo.metadata.outcomeName], [face?.url, face?.name]);
  }
  const told = bens.events.flatMap(({ event, payload }) =>
    event === "new_message" && payload.message.stickerInfo ? [[payload.message._id, payload.message.stickerInfo]] : [],
  );
  const bySeq = thrown.toSorted((one, other) => one.seq - other.seq);
  t.strictSame(
    told,
    bySeq.map(({ _id, stickerInfo }) => [_id, stickerInfo]),
  );
});

t.test("every other random sticker shows one of its outcomes", async (t) => {
  const { a, room } = await scene();
  for (const sticker of (await starter(t, "lucky")).stickers) {
    const { stickerInfo } = await send(t, a, room, sticker);
    const outcome = sticker.interactive?.outcomes.find(({ id }) => id === stickerInfo.metadata.outcome);
    t.strictSame(stickerInfo.metadata, { outcome: outcome?.id, outcomeName: outcome?.name }, sticker.stickerId);
    t.equal(stickerInfo.url, outcome?.url);
  }
});

t.test("the sender's metadata is kept next to the random outcome", async (t) => {
  const { a, b, room } = await scene();
  const [coin, ball] = [await starterSticker(t, "lucky", "coin"), await starterSticker(t, "lucky", "ball")];
  for (const [sticker, metadata] of [
    [coin, { call: "heads" }],
    [coin, { call: "tails" }],
    [ball, { question: "พรุ่งนี้ฝนจะตกไหม 🌧️ <b>?</b>" }],
    [ball, { question: "ก".repeat(200) }],
    [coin, {}],
    [ball, null],
  ] as const) {
    const sent = await send(t, a, room, sticker, { metadata });
    const { outcome, outcomeName, ...given } = sent.stickerInfo.metadata;
    t.strictSame(given, metadata ?? {});
    t.ok(
      sticker.interactive?.outcomes.some(({ id }) => id === outcome),
      `${outcome}`,
    );
    t.ok(outcomeName);
    const listed = (await pageOf(t, b, room)).messages.at(-1);
    t.strictSame(listed?.stickerInfo, sent.stickerInfo);
  }
  const fong = await starterSticker(t, "fong", "love");
  for (const metadata of [{}, null]) {
    t.strictSame((await send(t, a, room, fong, { metadata })).stickerInfo, infoOf(fong));
  }
});

t.test("a sticker can be a reply, and can be replied to", async (t) => {
  const { a, b, room } = await scene();
  const question = await sendText(t, a, room, "กินข้าวยัง");
  const fong = await starterSticker(t, "fong", "hungry");
  const sent = await send(t, b, room, fong, { replyTo: question._id });
  t.match(sent, { replyTo: question._id, replyToMessage: { _id: question._id, type: "text", content: "กินข้าวยัง" } });
  const reply = await sendText(t, a, room, "ไปกัน", { replyTo: sent._id });
  t.match(reply.replyToMessage, {
    _id: sent._id,
    type: "sticker",
    content: null,
    isDeleted: false,
    sender: { _id: b.id },
  });
  t.equal((await send(t, a, room, fong, { replyTo: null })).replyTo, null);
});

const once: Array<
  readonly [how: string, attempt: (key: string) => { extra: object; headers: Record<string, string> }]
> = [
  ["a clientMessageId", (key) => ({ extra: { clientMessageId: key }, headers: {} })],
  ["an Idempotency-Key", (key) => ({ extra: {}, headers: { "idempotency-key": key } })],
];
for (const [how, attempt] of once) {
  t.test(`${how} sends a sticker once, with one outcome, however often the request is retried`, async (t) => {
    const { a, b, room } = await scene();
    const other = await groupRoom(a, [b]);
    const bens = await inRooms(b, room);
    const die = await starterSticker(t, "lucky", "die");
    const { extra, headers } = attempt(randomUUID());
    const roll = (where = room) => trySend(a, where, die, extra, headers);
    const answers = await Promise.all(Array.from({ length: 10 }, () => roll()));
    for (let retry = 0; retry < 10; retry++) answers.push(await roll());
    const [first, ...rest] = answers.map((answer) => withSticker(good(t, routes.sendSticker, answer).data));
    for (const one of rest) t.strictSame([one._id, one.stickerInfo], [first?._id, first?.stickerInfo]);
    await fence(a, room, bens);
    t.equal(bens.count("new_message"), 2);
    t.equal((await pageOf(t, b, room)).messages.length, 2);
    refused(t, await roll(other), "idempotency_conflict");
    t.strictSame((await pageOf(t, b, other)).messages, []);
    const fong = await starterSticker(t, "fong", "okay");
    refused(t, await trySend(a, room, fong, extra, headers), "idempotency_conflict");
  });
}

t.test("users may use the same clientMessageId independently", async (t) => {
  const { a, b, room } = await scene();
  const extra = { clientMessageId: randomUUID() };
  const die = await starterSticker(t, "lucky", "die");
  const [anns, bens] = [await send(t, a, room, die, extra), await send(t, b, room, die, extra)];
  t.not(anns._id, bens._id);
});

t.test("stickers and texts keep their order, also when resuming", async (t) => {
  const { a, b, room } = await scene();
  const fong = await starterSticker(t, "fong", "okay");
  const sent: Message[] = [await sendText(t, a, room, "1")];
  for (const text of ["2", "3"]) {
    sent.push(await send(t, b, room, fong));
    sent.push(await sendText(t, a, room, text));
  }
  const listed = (await pageOf(t, a, room)).messages;
  t.strictSame(listed.map(seen), sent.map(seen));
  const bens = await b.connect();
  await bens.join(room, 1);
  for (const message of sent.slice(1)) t.strictSame(seen((await bens.next("new_message")).message), seen(message));
});

t.test("a sticker cannot be sent by an event, and another's cannot be confirmed", async (t) => {
  const { a, b, room } = await scene();
  const fong = await starterSticker(t, "fong", "shy");
  const [anns, bens] = [await inRooms(a, room), await inRooms(b, room)];
  const { setId, stickerId } = fong;
  const wish = { chatRoomId: room, type: "sticker", content: "x", setId, stickerId, stickerType: "static" };
  await refusedEvent(t, anns, "send_message", wish, "invalid_request");
  const sent = await send(t, a, room, fong);
  await refusedEvent(
    t,
    bens,
    "send_message",
    { chatRoomId: room, messageId: sent._id, type: "sticker" },
    "message_not_found",
  );
  const unknown = { chatRoomId: room, messageId: unknownId(), type: "sticker" };
  await refusedEvent(t, anns, "send_message", unknown, "message_not_found");
  t.equal((await pageOf(t, b, room)).messages.length, 1);
});
