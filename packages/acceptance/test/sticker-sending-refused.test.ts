// Stickers that may not be sent: each is refused with its own code, and nothing reaches the room.
import { type ErrorCode, routes, type Sticker } from "@khui/contracts";
import { coin, manifest } from "@khui/test-kit/files/sticker-sets";
import {
  bearer,
  good,
  json,
  pageOf,
  rawRequest,
  refused,
  roomOf,
  sendText,
  unknownId,
} from "@khui/test-kit/rest-answers";
import { groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { type Choice, stickerScene, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { starterSticker, publish, download, stickersOf, trySend, send } = stickerScene(system);

async function scene(t: Test) {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return {
    a,
    b,
    room: await privateRoom(a, b),
    fong: await starterSticker(t, "fong", "hello"),
    coin: await starterSticker(t, "lucky", "coin"),
    ball: await starterSticker(t, "lucky", "ball"),
    die: await starterSticker(t, "lucky", "die"),
  };
}
async function untouched(t: Test, user: User, room: string): Promise<void> {
  t.strictSame((await pageOf(t, user, room)).messages, [], "nothing was sent");
  const { seq, messageCount, lastMessage } = await roomOf(t, user, room);
  t.strictSame({ seq, messageCount, lastMessage }, { seq: 0, messageCount: 0, lastMessage: null });
}

t.test("a client cannot choose a random outcome", async (t) => {
  const { a, room, ...stickers } = await scene(t);
  for (const sticker of [stickers.die, stickers.coin, stickers.ball]) {
    const { id, name } = sticker.interactive!.outcomes[0]!;
    for (const metadata of [{ outcome: id }, { outcomeName: name }, { outcome: id, outcomeName: name }]) {
      const answer = await trySend(a, room, sticker, { metadata });
      refused(t, answer, "invalid_metadata", sticker.stickerId);
      const faults = Object.keys(metadata).map((field) => ({ path: `/metadata/${field}` }));
      t.match(answer.body, { details: { faults } });
    }
  }
  const answer = await trySend(a, room, stickers.fong, { metadata: { outcome: "1" } });
  refused(t, answer, "invalid_metadata");
  // Outside the metadata it is ignored, like any unknown field.
  const { metadata } = (await send(t, a, room, stickers.coin, { outcome: "tails", metadata: { call: "heads" } }))
    .stickerInfo;
  t.strictSame(Object.keys(metadata).sort(), ["call", "outcome", "outcomeName"]);
});

t.test("invalid metadata is refused with all faults at once", async (t) => {
  const { a, room, fong, coin, ball, die } = await scene(t);
  const cases: Array<readonly [Sticker, metadata: Record<string, unknown>, paths: string[]]> = [
    [fong, { call: "heads" }, ["call"]],
    [die, { face: 6 }, ["face"]],
    [coin, { call: "edge" }, ["call"]],
    [coin, { call: "Heads" }, ["call"]],
    [coin, { call: "" }, ["call"]],
    [coin, { call: null }, ["call"]],
    [coin, { call: 1 }, ["call"]],
    [coin, { call: ["heads"] }, ["call"]],
    [coin, { call: { heads: true } }, ["call"]],
    [coin, { call: "edge", bet: 1, outcome: "heads" }, ["bet", "call", "outcome"]],
    [coin, { constructor: "heads" }, ["constructor"]],
    [ball, { question: "x".repeat(201) }, ["question"]],
    [ball, { question: 42 }, ["question"]],
    [ball, { question: ["?"] }, ["question"]],
    [ball, { question: null }, ["question"]],
    [ball, { question: "a\u0000b" }, ["question"]],
    [ball, { question: "a\ud800b" }, ["question"]],
    [ball, { Question: "?" }, ["Question"]],
  ];
  for (const [sticker, metadata, fields] of cases) {
    const what = `${sticker.stickerId} ${JSON.stringify(metadata).slice(0, 60)}`;
    const answer = await trySend(a, room, sticker, { metadata });
    refused(t, answer, "invalid_metadata", what);
    const { details } = answer.body as { details?: { faults?: Array<{ path: string; message: string }> } };
    const paths = (details?.faults ?? []).map(({ path }) => path).sort();
    t.strictSame(
      paths,
      fields.map((field) => `/metadata/${field}`),
      what,
    );
    t.ok(details?.faults?.every(({ message }) => message !== ""));
  }
  await untouched(t, a, room);
});

t.test("required metadata must be present, and numbers within bounds", async (t) => {
  const { a, room } = await scene(t);
  const [sticker] = (await publish(t, coin(word()))).stickers;
  for (const metadata of [undefined, null, {}, { stake: 1 }]) {
    refused(t, await trySend(a, room, sticker!, metadata === undefined ? {} : { metadata }), "invalid_metadata");
  }
  for (const stake of [0, 11, 1.5, "1", null, true, 1e21]) {
    refused(t, await trySend(a, room, sticker!, { metadata: { bet: "heads", stake } }), "invalid_metadata", `${stake}`);
  }
  await untouched(t, a, room);
  for (const given of [{ bet: "heads" }, { bet: "tails", stake: 1 }, { bet: "heads", stake: 10 }]) {
    const {
      outcome,
      outcomeName: _,
      ...kept
    } = (await send(t, a, room, sticker!, { metadata: given })).stickerInfo.metadata;
    t.strictSame(kept, given);
    t.ok(outcome === "heads" || outcome === "tails");
  }
});

t.test("an unknown sticker, or one of another type, is refused", async (t) => {
  const { a, room, fong, coin } = await scene(t);
  const cases: Array<readonly [ErrorCode, Choice]> = [
    ["sticker_set_not_found", { ...fong, setId: unknownId() }],
    ["sticker_not_found", { ...fong, stickerId: "nobody" }],
    ["sticker_not_found", { ...fong, stickerId: "coin" }],
    ["sticker_not_found", { ...fong, stickerId: "HELLO" }],
    ["sticker_not_found", { ...fong, stickerId: "%" }],
    ["sticker_type_mismatch", { ...fong, type: "animated" }],
    ["sticker_type_mismatch", { ...fong, type: "interactive" }],
    ["sticker_type_mismatch", { ...coin, type: "static" }],
  ];
  for (const [code, choice] of cases) {
    refused(t, await trySend(a, room, choice), code, JSON.stringify(choice).slice(0, 120));
  }
  const { setId, stickerId, type } = fong;
  const english = await a.post(
    `/rooms/${room}/messages/sticker`,
    { setId, stickerId: "nobody", stickerType: type },
    { "accept-language": "en" },
  );
  refused(t, english, "sticker_not_found", stickerId, "en");
  await untouched(t, a, room);
});

t.test("a body that does not match the contract is refused", async (t) => {
  const { a, room, fong } = await scene(t);
  const body = { setId: fong.setId, stickerId: fong.stickerId, stickerType: fong.type };
  const path = `/rooms/${room}/messages/sticker`;
  for (const change of [
    { setId: undefined },
    { setId: "fong" },
    { setId: null },
    { setId: 1 },
    { stickerId: undefined },
    { stickerId: "" },
    { stickerId: "x".repeat(65) },
    { stickerId: "a\u0000" },
    { stickerId: 1 },
    { stickerType: undefined },
    { stickerType: "moving" },
    { stickerType: null },
    { metadata: "heads" },
    { metadata: ["heads"] },
    { metadata: 1 },
    { metadata: Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`field${i}`, 1])) },
    { replyTo: "x" },
    { clientMessageId: "" },
    { clientMessageId: "x".repeat(129) },
  ]) {
    refused(t, await a.post(path, { ...body, ...change }), "invalid_request", JSON.stringify(change).slice(0, 60));
  }
  for (const whole of [undefined, null, [], "fong"]) {
    refused(t, await a.post(path, whole), "invalid_request", JSON.stringify(whole));
  }
  refused(t, await rawRequest(system, "POST", path, { ...bearer(a), ...json }, "{"), "invalid_json");
  const huge = JSON.stringify({ ...body, metadata: { text: "x".repeat(300_000) } });
  refused(t, await rawRequest(system, "POST", path, { ...bearer(a), ...json }, huge), "payload_too_large");
  refused(t, await a.post(path, body, { "idempotency-key": "x".repeat(129) }), "invalid_request");
  refused(t, await trySend(a, "x", fong), "invalid_request");
  refused(t, await rawRequest(system, "POST", path, json, JSON.stringify(body)), "unauthorized");
  await untouched(t, a, room);
});

t.test("a field called __proto__ is refused like any unknown field", async (t) => {
  const { a, room, coin } = await scene(t);
  const { setId, stickerId, type } = coin;
  const metadata = '{"__proto__":{"call":"heads"},"call":"tails"}';
  const body = `{"setId":"${setId}","stickerId":"${stickerId}","stickerType":"${type}","metadata":${metadata}}`;
  const answer = await rawRequest(system, "POST", `/rooms/${room}/messages/sticker`, { ...bearer(a), ...json }, body);
  t.equal(answer.status, 400, JSON.stringify(answer.body));
  await untouched(t, a, room);
});

t.test("a reply must be to a message in the room", async (t) => {
  const { a, b, room, fong } = await scene(t);
  const elsewhere = await sendText(t, a, await privateRoom(a, system.newUser()), "elsewhere");
  for (const replyTo of [unknownId(), elsewhere._id]) {
    refused(t, await trySend(a, room, fong, { replyTo }), "reply_not_found");
  }
  await untouched(t, b, room);
});

t.test("room permissions are checked before the sticker", async (t) => {
  const { a, b, room, fong } = await scene(t);
  const stranger = system.newUser();
  const wrong: Choice = { ...fong, setId: unknownId() };
  for (const choice of [fong, wrong]) {
    refused(t, await trySend(stranger, room, choice), "room_not_found");
    refused(t, await trySend(stranger, unknownId(), choice), "room_not_found");
  }
  await untouched(t, a, room);
  const group = await groupRoom(a, [b]);
  await send(t, b, group, fong);
  good(t, routes.leaveRoom, await b.post(`/rooms/${group}/leave`));
  for (const choice of [fong, wrong]) refused(t, await trySend(b, group, choice), "not_a_participant", "left");
  good(t, routes.joinRoom, await b.post(`/rooms/${group}/join`));
  await send(t, b, group, fong);
});

t.test("a room that disallows stickers refuses them until it allows them", async (t) => {
  const { a, b, room, fong } = await scene(t);
  const closed = await groupRoom(a, [b], { settings: { allowStickers: false } });
  const sent = await send(t, a, room, fong);
  for (const user of [a, b]) refused(t, await trySend(user, closed, fong), "stickers_not_allowed");
  refused(t, await trySend(a, closed, { ...fong, setId: unknownId() }), "stickers_not_allowed");
  refused(t, await b.post(`/messages/${sent._id}/forward`, { chatRoomIds: [closed] }), "stickers_not_allowed");
  await untouched(t, b, closed);
  await sendText(t, b, closed, "texts are welcome");
  const settings = { settings: { allowStickers: true } };
  good(t, routes.updateSettings, await a.put(`/rooms/${closed}/settings`, settings));
  await send(t, b, closed, fong);
});

t.test("a set that is not free can be sent only after downloading it", async (t) => {
  const { a, b, room } = await scene(t);
  const { _id, stickers } = await publish(t, manifest(word(), { free: false }));
  const [sticker] = stickers;
  for (const user of [a, b]) refused(t, await trySend(user, room, sticker!), "sticker_not_owned");
  await untouched(t, b, room);
  await download(t, a, _id);
  t.match((await send(t, a, room, sticker!)).stickerInfo, { setId: _id, stickerId: "a", url: sticker!.url });
  refused(t, await trySend(b, room, sticker!), "sticker_not_owned", "the other one");
  t.strictSame(await stickersOf(t, b, _id), stickers, "a user who has not downloaded it can still see it");
});
