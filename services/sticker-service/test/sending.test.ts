// Sending a sticker: who may, what is refused, and that the server draws the outcome once.
import { serveRpc } from "@khui/bus/rpc";
import {
  ChatError,
  type ErrorCode,
  type Message,
  messagesRpc,
  type RpcRequest,
  type StickerInfo,
} from "@khui/contracts";
import { aMessage } from "@khui/test-kit/a-message";
import { coin, manifest, sticker } from "@khui/test-kit/files/sticker-sets";
import t, { before, test } from "tap";
import { openRig, type Rig } from "./rig.js";

let rig: Rig;
const sends: Array<RpcRequest<typeof messagesRpc.send>> = [];
/** Rooms that refuse, and why. */
const refusing = new Map<string, ErrorCode>([
  ["0000000000000000000000aa", "room_not_found"],
  ["0000000000000000000000bb", "not_a_participant"],
  ["0000000000000000000000cc", "stickers_not_allowed"],
]);
const roomId = "0000000000000000000000ff";
const unknownId = "0123456789abcdef01234567";

function messageOf(request: RpcRequest<typeof messagesRpc.send>): Message {
  return aMessage({
    _id: sends.length.toString(16).padStart(24, "0"),
    chatRoom: request.roomId,
    seq: sends.length,
    sender: { _id: request.userId, name: null, avatar: null },
    type: request.type,
    content: request.content,
    stickerInfo: request.sticker ?? null,
    replyTo: request.replyTo ?? null,
    ...(request.clientMessageId ? { clientMessageId: request.clientMessageId } : {}),
  });
}

/** As the real messages-api: refuses by the room, and answers a repeated clientMessageId with the first message. */
function serveMessages(): void {
  const first = new Map<string, Message>();
  const keyOf = (request: { userId: string; clientMessageId?: string }) =>
    request.clientMessageId ? `${request.userId}\n${request.clientMessageId}` : undefined;
  const check = (room: string) => {
    const code = refusing.get(room);
    if (code) throw new ChatError(code);
  };
  const maySend = serveRpc(rig.bus, messagesRpc.maySend, async (request) => {
    check(request.roomId);
    return { sent: first.get(keyOf(request) ?? "") ?? null };
  });
  const send = serveRpc(rig.bus, messagesRpc.send, async (request) => {
    check(request.roomId);
    const key = keyOf(request);
    const repeated = key && first.get(key);
    if (repeated) return { message: repeated, created: false };
    sends.push(request);
    const message = messageOf(request);
    if (key) first.set(key, message);
    return { message, created: true };
  });
  t.teardown(() => [maySend, send].forEach((subscription) => void subscription.unsubscribe()));
}

before(async () => {
  rig = await openRig(t);
  serveMessages();
});

const send = (user: string, input: object, room = roomId) =>
  rig.ask(user, "POST", `/rooms/${room}/messages/sticker`, input);
const infoOf = ({ body }: Awaited<ReturnType<typeof send>>) => (body.data as Message).stickerInfo as StickerInfo;
/** Messages have URLs without their origin, which may change until they are shown. */
const pathOf = (url = "") => new URL(url).pathname;
const bet = { bet: "heads" };

test("anyone can send a sticker of a free set, and the message has all that is shown", async (t) => {
  const { _id: setId, stickers } = await rig.publish(
    manifest("free", { stickers: [sticker("a", { emoji: "👋" }), sticker("b")] }),
  );
  const replyTo = unknownId;
  const answer = await send("u", { setId, stickerId: "a", stickerType: "static", metadata: {}, replyTo });
  t.match(answer, {
    status: 201,
    body: { success: true, message: "Sticker sent", data: { type: "sticker", replyTo } },
  });
  t.same(infoOf(answer), {
    setId,
    stickerId: "a",
    type: "static",
    metadata: {},
    url: pathOf(stickers[0]?.url),
    name: { th: "ชื่อ a", en: "Name a" },
    emoji: "👋",
    width: 16,
    height: 16,
  });
});

test("unknown stickers, and those of another type, are refused", async (t) => {
  const { _id: setId } = await rig.publish(manifest("refusals"));
  const input = { setId, stickerId: "a", stickerType: "static" };
  const wrong: Array<[object, number, ErrorCode]> = [
    [{ ...input, setId: unknownId }, 404, "sticker_set_not_found"],
    [{ ...input, stickerId: "z" }, 404, "sticker_not_found"],
    [{ ...input, stickerType: "animated" }, 400, "sticker_type_mismatch"],
    [{ ...input, stickerType: "still" }, 400, "invalid_request"],
    [{ ...input, metadata: { mood: "good" } }, 400, "invalid_metadata"],
    [{ ...input, metadata: [] }, 400, "invalid_request"],
    [{ setId }, 400, "invalid_request"],
  ];
  const before = sends.length;
  for (const [body, status, code] of wrong) t.match(await send("u", body), { status, body: { code } });
  t.equal(sends.length, before);
  t.match(await send("u", { ...input, metadata: null }), { status: 201 });
});

test("a set that is not free has to be downloaded first", async (t) => {
  const { _id: setId } = await rig.publish(manifest("paid", { free: false }));
  const input = { setId, stickerId: "a", stickerType: "static" };
  t.match(await send("buyer", input), { status: 403, body: { code: "sticker_not_owned" } });
  await rig.ask("buyer", "POST", `/stickers/sets/${setId}/download`);
  t.match(await send("buyer", input), { status: 201 });
  t.match(await send("other", input), { status: 403 });
});

test("a retired set can be sent only by those who have it", async (t) => {
  const { _id: setId } = await rig.publish(manifest("retired"));
  const input = { setId, stickerId: "a", stickerType: "static" };
  await rig.ask("keeper", "POST", `/stickers/sets/${setId}/download`);
  await rig.ask("admin", "DELETE", `/stickers/sets/${setId}`);
  t.match(await send("keeper", input), { status: 201 });
  t.match(await send("other", input), { status: 403, body: { code: "sticker_not_owned" } });
});

test("refusals by the room come before those by the sticker", async (t) => {
  const input = { setId: unknownId, stickerId: "a", stickerType: "static" };
  for (const [room, code] of refusing) t.match(await send("u", input, room), { body: { code } });
});

test("the server draws the outcome, and the message shows its picture", async (t) => {
  const { _id: setId, stickers } = await rig.publish(coin("drawn"));
  const outcomes = new Map(stickers[0]?.interactive?.outcomes.map((outcome) => [outcome.id, outcome]));
  const drawn = new Set<unknown>();
  for (let i = 0; drawn.size < 2 && i < 500; i++) {
    const answer = await send("u", {
      setId,
      stickerId: "coin",
      stickerType: "interactive",
      metadata: { ...bet, stake: 3 },
    });
    const { metadata, url } = infoOf(answer);
    const outcome = outcomes.get(`${metadata.outcome}`);
    t.same(metadata, { ...bet, stake: 3, outcome: outcome?.id, outcomeName: outcome?.name });
    t.equal(url, pathOf(outcome?.url));
    drawn.add(metadata.outcome);
  }
  t.equal(drawn.size, 2, "either comes");
});

test("an outcome that the sender names is refused like any unknown field", async (t) => {
  const { _id: setId } = await rig.publish(coin("fixed"));
  const metadata = { ...bet, outcome: "heads", outcomeName: { th: "หัว", en: "heads" } };
  const { status, body } = await send("u", { setId, stickerId: "coin", stickerType: "interactive", metadata });
  t.equal(status, 400);
  t.match(body, {
    code: "invalid_metadata",
    details: { faults: [{ path: "/metadata/outcome" }, { path: "/metadata/outcomeName" }] },
  });
});

test("a repeated send answers the first message, with the outcome drawn then", async (t) => {
  const { _id: setId } = await rig.publish(coin("repeated"));
  const input = { setId, stickerId: "coin", stickerType: "interactive", metadata: bet, clientMessageId: "once" };
  const first = await send("u", input);
  const before = sends.length;
  for (let i = 0; i < 20; i++) t.same((await send("u", input)).body, first.body);
  t.equal(sends.length, before);
  await rig.ask("admin", "DELETE", `/stickers/sets/${setId}`);
  t.same((await send("u", input)).body, first.body, "also when the set has gone since");
  t.match(await send("someone-else", input), { status: 403 });
});

test("concurrent sends of one clientMessageId make one message", async (t) => {
  const { _id: setId } = await rig.publish(coin("together"));
  const input = { setId, stickerId: "coin", stickerType: "interactive", metadata: bet, clientMessageId: "together" };
  const answers = await Promise.all(Array.from({ length: 8 }, () => send("u", input)));
  for (const answer of answers) t.same(answer.body, answers[0]?.body);
});

test("an Idempotency-Key serves as clientMessageId, unless the body names one", async (t) => {
  const { _id: setId } = await rig.publish(manifest("keyed"));
  const payload = { setId, stickerId: "a", stickerType: "static" };
  const url = `/api/v1/chat/rooms/${roomId}/messages/sticker`;
  const headers = { ...rig.sign("u"), "idempotency-key": "from-the-header" };
  await rig.app.inject({ method: "POST", url, headers, payload });
  t.equal(sends.at(-1)?.clientMessageId, "from-the-header");
  await rig.app.inject({ method: "POST", url, headers, payload: { ...payload, clientMessageId: "from-the-body" } });
  t.equal(sends.at(-1)?.clientMessageId, "from-the-body");
});
