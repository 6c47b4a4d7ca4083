// Hostile clients of a real gateway process: each is refused or closed with its code, nothing of them stays, others notice nothing.
import { closeCodes, encodeWire, subjects } from "@khui/contracts";
import { closeCodeFor, openStream, rawFrame, upgradeRequest } from "@khui/test-kit/socketio/raw-stream";
import { ask, openPolling, openRaw, pollingQuery, webSocketQuery } from "@khui/test-kit/socketio/rig";
import { eventually } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { room, startBesieged } from "./besieged.js";

const user = { burst: 300, perSecond: 20 };
const maxRooms = 5;
const gateway = await startBesieged(t, {
  USER_EVENTS_BURST: String(user.burst),
  USER_EVENTS_PER_SECOND: String(user.perSecond),
  MAX_JOINED_ROOMS: String(maxRooms),
});
const { url, port, unnoticed } = gateway;

const made = (n: number) => n.toString(16).padStart(24, "0");
let users = 0;
const stranger = () => `stranger-${++users}`;

/** A plain WebSocket, signed in. */
async function signedIn(t: Test, userId: string) {
  const raw = await openRaw(t, `${url}/ws`);
  raw.socket.send(JSON.stringify({ event: "authenticate", data: { token: gateway.token(userId) } }));
  await eventually(() => raw.texts.some((text) => text.includes('"authenticated"')), 30_000);
  return raw;
}

const attacks: Record<string, (t: Test) => Promise<void>> = {
  async "frames that are none, too large, or endless"(t) {
    for (const path of ["/ws", webSocketQuery]) {
      t.equal(await closeCodeFor(t, port, path, Buffer.from("GET / HTTP/1.1\r\n\r\n")), 1002);
      t.equal(await closeCodeFor(t, port, path, rawFrame(0x81, "no mask", false)), 1002);
      t.equal(await closeCodeFor(t, port, path, rawFrame(0x81, Buffer.alloc(300_000, 0x78))), 1009);
      const fragments = Buffer.concat([rawFrame(0x01, "x"), ...Array(2_000).fill(rawFrame(0x00, "x"))]);
      t.equal(await closeCodeFor(t, port, path, fragments), 1008);
    }
  },
  async "a thousand half-open handshakes"(t) {
    const half = upgradeRequest(webSocketQuery).slice(0, -2);
    const streams = await Promise.all([
      ...Array.from({ length: 300 }, () => openStream(t, port, half)),
      ...Array.from({ length: 300 }, () => openStream(t, port, upgradeRequest(webSocketQuery))),
    ]);
    const statuses: number[] = [];
    for (let batch = 0; batch < 10; batch += 1) {
      const replies = await Promise.all(Array.from({ length: 40 }, () => ask(url + pollingQuery)));
      statuses.push(...replies.map(({ status }) => status));
    }
    t.ok(statuses.every((status) => status === 200 || status === 503));
    await unnoticed();
    for (const stream of streams) stream.destroy();
  },
  async "sids that are made up"(t) {
    for (const owner of ["0".repeat(32), "x", "khui.>", "*", "__proto__", ""]) {
      const reply = await ask(`${url}${pollingQuery}&sid=${encodeURIComponent(`${owner}.secret`)}`);
      t.match(reply, { status: 400, body: '{"code":1,"message":"Session ID unknown"}' }, owner);
    }
  },
  async "very many tiny packets"(t) {
    const session = await openPolling(url);
    await ask(session, "POST", "40");
    t.equal((await ask(session, "POST", Array(10_000).fill("40/x,").join("\x1e"))).body, "ok");
    t.equal((await ask(session)).body.slice(0, 2), "40", "what it was answered first");
    t.equal((await ask(session)).body, "1", "its end");
    t.equal((await ask(session)).status, 400, "it is gone");
  },
  async "JSON that would pollute, and deep JSON"(t) {
    const raw = await signedIn(t, stranger());
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    for (const [id, data] of [
      ["a", `{"__proto__":{"chatRoomId":"${room}","polluted":1}}`],
      ["b", `{"constructor":{"prototype":{"polluted":1}},"chatRoomId":"__proto__"}`],
      ["c", deep],
    ]) {
      raw.socket.send(`{"event":"join_chat","id":"${id}","data":${data}}`);
      await eventually(() => raw.texts.some((text) => text.includes(`"reply":"${id}"`)));
      const reply = raw.texts.find((text) => text.includes(`"reply":"${id}"`));
      t.match(JSON.parse(reply ?? ""), { success: false, code: "invalid_request" });
    }
    raw.socket.close();
  },
  async "ten thousand joins at once"(t) {
    const raw = await signedIn(t, stranger());
    for (let n = 0; n < 10_000; n += 1) {
      raw.socket.send(JSON.stringify({ event: "join_chat", data: { chatRoomId: made(n) } }));
    }
    await eventually(() => raw.closed !== undefined, 30_000);
    t.equal(raw.closed, closeCodes.flood.code);
  },
  async "more rooms than a socket may join"(t) {
    const client = await gateway.connect(stranger());
    for (let n = 0; n < maxRooms; n += 1) await client.join(made(n));
    t.match(await client.ask("join_chat", { chatRoomId: made(maxRooms) }), {
      success: false,
      code: "rate_limited",
      details: { maxRooms },
    });
    t.match(await client.ask("join_chat", { chatRoomId: made(0) }), { success: true }, "one it is in");
    await client.ask("leave_chat", { chatRoomId: made(0) });
    t.match(await client.ask("join_chat", { chatRoomId: made(maxRooms) }), { success: true }, "after leaving one");
    const { data } = (await client.ask("join_chat", { rooms: [1, 8, 2, 9].map((n) => ({ chatRoomId: made(n) })) })) as {
      data: { rooms: Array<{ code?: string }> };
    };
    t.strictSame(
      data.rooms.map(({ code }) => code),
      [undefined, "rate_limited", undefined, "rate_limited"],
      "of a list, those that it is in",
    );
    client.close();
  },
  async "rooms joined and left again and again"(t) {
    const client = await gateway.connect(stranger());
    const rooms = Array.from({ length: maxRooms }, (_, n) => ({ chatRoomId: made(n) }));
    let joined = 0;
    const since = performance.now();
    for (;;) {
      const answer = await client.ask("join_chat", { rooms });
      if (!answer.success) {
        t.match(answer, { code: "rate_limited", details: { retryAfter: 1 } });
        break;
      }
      joined += maxRooms;
    }
    const seconds = (performance.now() - since) / 1000;
    t.ok(joined >= 4 * maxRooms, `${joined} at once`);
    t.ok(joined <= 4 * maxRooms + 100 * (seconds + 1), `no more than 100 a second in ${seconds} s`);
    client.close();
  },
  async "many sockets of one user"(t) {
    const userId = stranger();
    const clients = await Promise.all(Array.from({ length: 60 }, () => gateway.connect(userId)));
    const since = performance.now();
    const answers = await Promise.all(
      clients.flatMap((client) => Array.from({ length: 20 }, () => client.ask("leave_chat", { chatRoomId: room }))),
    );
    const seconds = (performance.now() - since) / 1000;
    const passed = answers.filter(({ success }) => success).length;
    t.ok(passed >= user.burst, `${passed} of ${answers.length} passed`);
    t.ok(passed <= user.burst + user.perSecond * (seconds + 1), `no more than the user may in ${seconds} s`);
    const refusals = new Set(answers.flatMap((answer) => (answer.success ? [] : [answer.code])));
    t.strictSame(refusals, new Set(["rate_limited"]));
    for (const client of clients) client.close();
  },
  async "a reader that never reads"(t) {
    const userId = stranger();
    const raw = await signedIn(t, userId);
    raw.socket.pause();
    const large = encodeWire({ event: "message_deleted" }, JSON.stringify({ text: "x".repeat(200_000) }));
    // The kernel holds some megabytes for it before the gateway has to.
    for (let n = 0; n < 100; n += 1) gateway.bus.publish(subjects.userLive(userId), large);
    // Published after them, and so heard after them.
    await unnoticed();
    raw.socket.resume();
    await eventually(() => raw.closed !== undefined, 30_000);
    t.equal(raw.closed, closeCodes.slow_consumer.code);
  },
  async "pings that nobody reads the pongs of"(t) {
    const stream = await openStream(t, port, upgradeRequest("/ws"));
    stream.pause();
    const ended = new Promise((resolve) => stream.once("close", resolve));
    const many = Buffer.concat(Array(500).fill(rawFrame(0x89, "x".repeat(125))));
    while (!stream.destroyed) {
      if (!stream.write(many)) await Promise.race([new Promise((resolve) => stream.once("drain", resolve)), ended]);
    }
    await ended;
    t.pass("it was ended");
  },
};

t.test("each is refused or closed, and the member of a room notices nothing", async (t) => {
  for (const [name, attack] of Object.entries(attacks)) {
    await t.test(name, async (t) => {
      await attack(t);
      await unnoticed();
    });
  }
});

t.test("nothing of them stays: files and memory are as before", async (t) => {
  const all = async () => {
    for (const attack of Object.values(attacks)) await attack(t);
    await unnoticed();
  };
  const before = await gateway.held();
  for (let round = 0; round < 2; round += 1) await all();
  // A session that never asked for CONNECT stays for 10 s; its memory is small, and it has no file.
  await eventually(async () => (await gateway.held()).files <= before.files + 5, 60_000);
  await eventually(async () => (await gateway.held()).heap <= before.heap + 10, 60_000).catch(() => {});
  const after = await gateway.held();
  const told = `${JSON.stringify(before)} before, ${JSON.stringify(after)} after`;
  t.ok(after.heap <= before.heap + 10, `heap: ${told}`);
  t.ok(after.resident <= before.resident + 100, `resident: ${told}`);
});
