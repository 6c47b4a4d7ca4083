// The transports of socket.io-client: its defaults, polling only, WebSocket only; and unknown namespaces.
import { eventually, privateRoom, useSystem } from "@khui/test-kit/system";
import { io } from "socket.io-client";
import t from "tap";
import { done, fence, inRooms, logOf, nextOf, openSocket, range, sendMany } from "./socket-scene.js";

const system = await useSystem(t);
const transportOf = (socket: ReturnType<typeof io>) => socket.io.engine.transport.name;

t.test("a client with default settings starts with polling, upgrades, and loses nothing", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const sending = sendMany(alice, room, 60);
  const clients = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const client = await bob.connect();
      await client.join(room, 0);
      return client;
    }),
  );
  await sending;
  const head = await fence(alice, room, ...clients);
  for (const client of clients) {
    t.strictSame(logOf(client, room), range(1, head));
    // A system that is only known by its URL may have several gateways behind a load balancer that does not route by session.
    if (process.env.KHUI_TEST_FORM !== "remote") await eventually(() => transportOf(client.socket) === "websocket");
    t.match(await client.ask("get_online_users"), { success: true }, "afterwards");
  }
});

for (const transport of ["polling", "websocket"] as const) {
  t.test(`everything works over ${transport} alone`, async (t) => {
    const [alice, bob] = [system.newUser(), system.newUser()];
    const room = await privateRoom(alice, bob);
    const alices = await inRooms(alice, room);
    const bobs = await bob.connect({ transports: [transport] });
    await bobs.join(room);
    for (let i = 0; i < 20; i++) bobs.socket.emit("send_message", { chatRoomId: room, content: `ping ${i}` });
    await alices.next("new_message", ({ message }) => message.content === "ping 19");
    await done(bobs, "typing_start", { chatRoomId: room });
    await alices.next("user_typing");
    await sendMany(alice, room, 60);
    const head = await fence(alice, room, bobs, alices);
    t.strictSame(logOf(bobs, room), range(1, head));
    t.strictSame(logOf(alices, room), range(1, head));
    t.equal(transportOf(bobs.socket), transport);
    bobs.close();
    const again = await bob.connect({ transports: [transport] });
    t.equal((await again.join(room)).seq, head);
  });
}

t.test("a long Thai text arrives unchanged over polling", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const bobs = await bob.connect({ transports: ["polling"] });
  await bobs.join(room);
  const content = "ที่นี่ 👩‍👩‍👧 ".repeat(600).trim();
  await done(bobs, "send_message", { chatRoomId: room, content });
  const { message } = await bobs.next("new_message");
  t.ok(message.content === content);
});

t.test("an unknown namespace is refused, and the main one on the same connection keeps working", async (t) => {
  const user = system.newUser();
  const main = openSocket(t, system.url, { auth: { token: user.token } });
  await nextOf(main, "authenticated");
  const none = main.io.socket("/admin");
  t.teardown(() => none.close());
  const refused = nextOf<Error>(none, "connect_error");
  none.connect();
  t.match(await refused, { message: /namespace/i });
  t.match(await main.emitWithAck("get_online_users"), { success: true });
  const alone = io(`${system.url}/admin`, { forceNew: true, reconnection: false });
  t.teardown(() => alone.close());
  t.match(await nextOf<Error>(alone, "connect_error"), { message: /namespace/i });
});

t.test("polling requests without a valid session are refused", async (t) => {
  for (const sid of ["nonsense", `${"0".repeat(32)}.nonsense`, "a.b.c", "%00", "x".repeat(3_000)]) {
    const response = await fetch(`${system.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`);
    t.equal(response.status, 400, sid.slice(0, 50));
    t.match(await response.json(), { code: 1 });
  }
});
