// One account, with all the sockets it may have, and what comes from one address, at a real gateway process with the limits it comes with.
import { closeCodes, encodeWire, messagesRpc, subjects } from "@khui/contracts";
import { ask, openRaw, pollingQuery, type Raw } from "@khui/test-kit/socketio/rig";
import { eventually } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { defaultMaxClientsPerUser } from "../../src/connections/users.js";
import { maxWaitingBytes } from "../../src/connections/waiting.js";
import { room, startBesieged } from "./besieged.js";

const twentieth = 1024 / 20;
const mib = 1024 * 1024;
const gateway = await startBesieged(t, {
  MAX_HANDSHAKES_PER_ADDRESS: "100",
  MAX_SOCKETS_PER_USER: String(defaultMaxClientsPerUser),
});
const { url, unnoticed } = gateway;
// Edits never get an answer: what is behind one waits.
gateway.bus.serve(messagesRpc.edit.subject, () => new Promise(() => {}));
await gateway.bus.flush();

async function signedIn(t: Test, userId: string): Promise<Raw> {
  const raw = await openRaw(t, `${url}/ws`);
  raw.socket.send(JSON.stringify({ event: "authenticate", data: { token: gateway.token(userId) } }));
  await eventually(() => raw.texts.some((text) => text.includes('"authenticated"')), 30_000);
  return raw;
}

const answers = (raw: Raw, id: string) =>
  raw.texts.map((text) => JSON.parse(text)).filter(({ reply }) => String(reply).startsWith(id));

t.test("one socket too many closes the user's oldest, which is told not to come back", async (t) => {
  const raws: Raw[] = [];
  for (let n = 0; n <= defaultMaxClientsPerUser; n += 1) raws.push(await signedIn(t, "many"));
  await eventually(() => raws[0]?.closed !== undefined);
  t.equal(raws[0]?.closed, closeCodes.too_many_sockets.code);
  t.ok(raws.slice(1).every(({ closed }) => closed === undefined));
  for (const { socket } of raws) socket.close();
  await unnoticed();
});

t.test("large events that must wait hold what is known of them, up to the account's budget", async (t) => {
  const before = await gateway.held();
  const raws = await Promise.all(Array.from({ length: defaultMaxClientsPerUser }, () => signedIn(t, "greedy")));
  const junk = "x".repeat(220_000);
  const data = { messageId: "0123456789abcdef01234567", newContent: "y".repeat(10_000) };
  for (const { socket } of raws) {
    for (let n = 0; n < 60; n += 1) {
      socket.send(JSON.stringify({ event: "edit_message", id: `edit-${n}`, data: { ...data, junk } }));
    }
    socket.send(JSON.stringify({ event: "edit_message", id: "last", data: {} }));
  }
  await eventually(() => raws.every((raw) => answers(raw, "last").length === 1), 60_000);
  const waiting = await gateway.metric("khui_gateway_waiting_bytes");
  t.ok(waiting <= maxWaitingBytes.perUser, `${waiting} bytes wait`);
  const after = await gateway.held();
  t.ok(after.heap - before.heap < twentieth, `${JSON.stringify(before)} before, ${JSON.stringify(after)} after`);
  const refused = raws.flatMap((raw) => answers(raw, "edit-")).filter(({ code }) => code === "rate_limited");
  const accepted = maxWaitingBytes.perUser / data.newContent.length + 2 * raws.length;
  t.ok(refused.length >= 60 * raws.length - accepted, `${refused.length} were refused`);
  await unnoticed();
  for (const { socket } of raws) socket.close();
  await eventually(async () => (await gateway.metric("khui_gateway_waiting_bytes")) === 0);
});

t.test("all sockets of an account unread: what is kept for them is bounded, and dropped", async (t) => {
  const raws = await Promise.all(Array.from({ length: defaultMaxClientsPerUser }, () => signedIn(t, "unread")));
  for (const { socket } of raws) socket.pause();
  let most = 0;
  for (let n = 0; n < 150; n += 1) {
    const large = encodeWire({ event: "message_deleted" }, JSON.stringify({ n, text: "x".repeat(200_000) }));
    gateway.bus.publish(subjects.userLive("unread"), large);
    most = Math.max(most, await gateway.metric("khui_gateway_buffered_bytes"));
  }
  await unnoticed();
  t.ok(most > 0 && most < twentieth * mib, `${most} bytes at most`);
  await eventually(async () => (await gateway.metric("khui_gateway_buffered_bytes")) === 0, 60_000);
});

t.test("before it has signed in a client sends small frames, and what follows authenticate is handled", async (t) => {
  const stranger = await openRaw(t, `${url}/ws`);
  stranger.socket.send(JSON.stringify({ event: "join_chat", data: { chatRoomId: room, junk: "x".repeat(70_000) } }));
  await eventually(() => stranger.closed !== undefined);
  t.equal(stranger.closed, 1009);
  const raw = await openRaw(t, `${url}/ws`);
  raw.socket.send(JSON.stringify({ event: "authenticate", data: { token: gateway.token("eager") } }));
  for (let n = 0; n < 100; n += 1) {
    raw.socket.send(JSON.stringify({ event: "join_chat", id: `join-${n}`, data: { chatRoomId: room } }));
  }
  await eventually(() => answers(raw, "join-").length === 100);
  t.ok(answers(raw, "join-").every(({ success }) => success));
  raw.socket.send(JSON.stringify({ event: "edit_message", id: "large", data: { junk: "x".repeat(200_000) } }));
  await eventually(() => answers(raw, "large").length === 1);
  t.match(answers(raw, "large"), [{ code: "invalid_request" }]);
  raw.socket.close();
});

t.test("junk handshakes from one address leave those of others alone", async (t) => {
  const from = async (address: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const { status } = await ask(url + pollingQuery, "GET", undefined, { "x-forwarded-for": address });
        return status;
      }),
    );
  const junk = [];
  for (let round = 0; round < 10; round += 1) junk.push(...(await from("203.0.113.66", 150)));
  t.ok(junk.filter((status) => status === 503).length > 100, "most are refused");
  const others = await Promise.all(Array.from({ length: 20 }, (_, n) => from(`203.0.113.${100 + n}`, 2)));
  t.strictSame(new Set(others.flat()), new Set([200]));
  await unnoticed();
});
