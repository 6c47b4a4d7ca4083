// Until the host trusts a socket its messages are small; what is incomplete has a deadline.
import {
  ask,
  connect,
  next,
  openPolling,
  openRaw,
  type Socket,
  start,
  webSocketQuery,
} from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";

const limits = { maxPayload: 10_000, maxUntrustedPayload: 1_000 };
const large = "x".repeat(5_000);

for (const [kind, path, hello, message] of [
  ["socketio", webSocketQuery, "40", (text: string) => `42${JSON.stringify([text])}`],
  ["plain", "/ws", undefined, (text: string) => JSON.stringify({ event: text })],
] as const) {
  test(`${kind}: large messages are accepted once the host trusts the socket`, async (t) => {
    const sockets: Socket[] = [];
    const events: string[] = [];
    const { url } = await start(t, limits, (socket) => {
      sockets.push(socket);
      socket.onEvent((event) => {
        events.push(event);
        if (event === "trust me") socket.trust();
      });
    });
    const [stranger, friend, tooLarge] = [
      await openRaw(t, url + path),
      await openRaw(t, url + path),
      await openRaw(t, url + path),
    ];
    for (const { socket } of [stranger, friend, tooLarge]) if (hello) socket.send(hello);
    await until("their sockets", () => sockets.length === 3);
    stranger.socket.send(message(large));
    await until("its end", () => stranger.closed !== undefined);
    t.equal(stranger.closed, 1009);
    for (const { socket } of [friend, tooLarge]) socket.send(message("trust me"));
    await until("the trust", () => events.length === 2);
    friend.socket.send(message(large));
    await until("the large one", () => events.includes(large));
    tooLarge.socket.send(message(large + large));
    await until("the end of one that is too large for anyone", () => tooLarge.closed !== undefined);
    t.equal(tooLarge.closed, 1009);
  });
}

test("polling: the same for bodies, and the client is told the small limit", async (t) => {
  const { url } = await start(t, limits, (socket) => socket.onEvent(() => socket.trust()));
  const { body } = await ask(`${url}/socket.io/?EIO=4&transport=polling`);
  t.match(JSON.parse(body.slice(1)), { maxPayload: 1_000 });
  const session = await openPolling(url);
  await ask(session, "POST", "40");
  t.equal((await ask(session, "POST", `42["${large}"]`)).status, 413);
  t.equal((await ask(session, "POST", '42["trust me"]')).status, 200);
  t.equal((await ask(session, "POST", `42["${large}"]`)).status, 200);
  t.equal((await ask(session, "POST", `42["${large}${large}"]`)).status, 413);
});

test("an upgrade keeps the trust", async (t) => {
  const { url } = await start(t, limits, (socket) => {
    socket.trust();
    socket.onEvent((_event, args, ack) => ack?.([socket.transport, args[0]]));
  });
  const client = connect(t, url);
  await next(client, "connect");
  await until("the upgrade", () => client.io.engine.transport.name === "websocket");
  t.strictSame(await client.emitWithAck("echo", large), ["websocket", large]);
});

test("a packet whose attachments do not come ends its session at the deadline", async (t) => {
  const reasons: string[] = [];
  const { url } = await start(t, { postTimeout: 300 }, (socket) => {
    socket.onClose((reason) => reasons.push(reason));
    socket.onEvent((_event, args, ack) => ack?.(...args));
  });
  const raw = await openRaw(t, url + webSocketQuery);
  raw.socket.send("40");
  raw.socket.send('451-1["x",{"_placeholder":true,"num":0}]');
  raw.socket.send(Buffer.from("whole"));
  await until("the answer", () => raw.texts.some((text) => text.startsWith("461-1")));
  raw.socket.send('452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  raw.socket.send(Buffer.from("half"));
  await until("its end", () => reasons.length > 0);
  t.strictSame(reasons, ["attachment timeout"]);
});
