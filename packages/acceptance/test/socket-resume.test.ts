// Resuming a room: exactly what was missed, in order, before anything new, whatever happens meanwhile.
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, eventually, groupRoom, privateRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { allOf, done, fence, inRooms, logOf, post, range, sendMany } from "./socket-scene.js";

const system = await useSystem(t);

t.test("lastSeq delivers every kind of missed entry before joined_chat", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const before = await inRooms(bob, room);
  const messageId = await post(alice, room, "one");
  await before.next("new_message");
  before.close();
  await alice.put(`/messages/${messageId}`, { content: "edited" });
  await alice.post(`/messages/${messageId}/reactions`, { emoji: "👍" });
  await post(alice, room, "two");
  await alice.delete(`/messages/${messageId}`, { deleteFor: "everyone" });
  const after = await bob.connect();
  t.match(await after.join(room, 1), { seq: 5 });
  t.strictSame(
    after.events.map(({ event }) => event).filter((event) => event !== "authenticated"),
    ["message_edited", "reaction_updated", "new_message", "message_deleted", "joined_chat"],
  );
  t.strictSame(logOf(after, room), range(2, 5));
  await fence(alice, room, after);
  t.strictSame(logOf(after, room), range(2, 6));
});

t.test("lastSeq at the head, null or omitted delivers nothing old; 0 delivers everything", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  await sendMany(alice, room, 12);
  for (const [lastSeq, first] of [
    [12, 13],
    [null, 13],
    [undefined, 13],
    [11, 12],
    [0, 1],
  ]) {
    const client = await bob.connect();
    t.match(await done(client, "join_chat", { chatRoomId: room, ...(lastSeq === undefined ? {} : { lastSeq }) }), {
      seq: 12,
    });
    t.strictSame(logOf(client, room), range(first!, 12), `after ${lastSeq}`);
    t.equal(client.count("resync_required"), 0);
    client.close();
  }
});

t.test(
  "a position that the log does not have, or not in that epoch, gets resync_required before joined_chat",
  async (t) => {
    const [alice, bob] = [system.newUser(), system.newUser()];
    const rooms = await Promise.all(range(1, 6).map(() => groupRoom(alice, [bob])));
    await Promise.all(rooms.map((room) => sendMany(alice, room, 2)));
    const head = 2;
    const watcher = await bob.connect();
    const { epoch } = await watcher.join(rooms[0]!);
    t.type(epoch, "string");
    const known = epoch === undefined ? {} : { epoch };
    const wrong = { epoch: "another" };
    const positions = [
      { lastSeq: head + 1 },
      { lastSeq: Number.MAX_SAFE_INTEGER, ...known },
      { lastSeq: head, ...wrong },
      { lastSeq: 0, ...wrong },
      { lastSeq: head - 1, ...known },
      { lastSeq: null, ...wrong },
    ];
    const expected = [...rooms.slice(0, 4).map((chatRoomId) => ({ chatRoomId, seq: head, epoch }))];
    const single = await bob.connect();
    for (const [n, position] of positions.entries()) {
      const state = await done(single, "join_chat", { chatRoomId: rooms[n], ...position });
      t.match(state, { seq: head, epoch });
    }
    const many = await bob.connect();
    const states = await done(many, "join_chat", {
      rooms: positions.map((position, n) => ({ chatRoomId: rooms[n], ...position })),
    });
    t.match(states, { rooms: rooms.map((chatRoomId) => ({ chatRoomId, seq: head, epoch })) });
    for (const client of [single, many]) {
      const byRoom = (a: { chatRoomId: string }, b: { chatRoomId: string }) => (a.chatRoomId < b.chatRoomId ? -1 : 1);
      t.strictSame(allOf(client, "resync_required").sort(byRoom), [...expected].sort(byRoom));
      for (const chatRoomId of rooms.slice(0, 4)) {
        const about = client.events.filter(
          ({ payload }) => (payload as { chatRoomId?: string }).chatRoomId === chatRoomId,
        );
        t.match(
          about.map(({ event }) => event),
          ["resync_required", "joined_chat"],
        );
      }
      t.strictSame(logOf(client, rooms[4]!), [head]);
      const next = await fence(alice, rooms[0]!, client);
      t.strictSame(logOf(client, rooms[0]!).at(-1), next, "what is new follows");
    }
  },
);

t.test("messages hidden on another device while away are announced on resuming", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const messageId = await post(alice, room, "hide me");
  await bob.delete(`/messages/${messageId}`, { deleteFor: "sender" });
  await post(alice, room, "another");
  const client = await bob.connect();
  await client.join(room, 1);
  t.strictSame(allOf(client, "message_deleted"), [
    { chatRoomId: room, messageId, deleteFor: "sender", deletedBy: bob.id },
  ]);
});

t.test("twenty sockets that join at different moments during 200 sends have no gap and no repeat", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await groupRoom(alice, [bob]);
  const watcher = await inRooms(alice, room);
  const clients = await Promise.all(range(1, 20).map((i) => (i % 2 ? alice : bob).connect()));
  const sending = sendMany(alice, room, 200);
  const joins = clients.map(async (client, i) => {
    await eventually(() => watcher.count("new_message") >= i * 8);
    // A third without a position, a third from the start, a third from the middle.
    const lastSeq = [undefined, 0, i * 4][i % 3];
    const { seq } = await client.join(room, lastSeq);
    return { client, from: lastSeq ?? seq };
  });
  const joined = await Promise.all(joins);
  await sending;
  const head = await fence(alice, room, watcher, ...clients);
  t.equal(head, 201);
  t.strictSame(logOf(watcher, room), range(1, head));
  for (const { client, from } of joined) {
    const log = logOf(client, room);
    t.strictSame(log, range(log[0]!, head), "without a hole or a repeat");
    t.ok(log[0]! <= from + 1, `from ${from} on`);
  }
});

t.test("a socket that reconnects under load misses nothing and receives nothing twice", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const watcher = await inRooms(alice, room);
  const sending = sendMany(alice, room, 150);
  const log: number[] = [];
  const last = () => log.at(-1) ?? 0;
  for (const round of range(1, 6)) {
    const client = await bob.connect(round % 2 ? {} : { transports: ["websocket"] });
    await client.join(room, last());
    await eventually(() => logOf(client, room).length >= Math.min(15, 150 - last()));
    client.close();
    log.push(...logOf(client, room));
  }
  await sending;
  const head = await fence(alice, room, watcher);
  const client = await bob.connect();
  await client.join(room, last());
  log.push(...logOf(client, room));
  t.strictSame(log, range(1, head));
});

t.test("leaving and rejoining on one socket under load misses nothing and receives nothing twice", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const bobs = await bob.connect();
  await bobs.join(room, 0);
  const sending = sendMany(alice, room, 150);
  const rejoin = async () => {
    await done(bobs, "leave_chat", { chatRoomId: room });
    await done(bobs, "join_chat", { chatRoomId: room, lastSeq: logOf(bobs, room).at(-1) ?? 0 });
  };
  for (let i = 0; i < 20; i++) await rejoin();
  await sending;
  const head = await fence(alice, room, bobs);
  t.strictSame(logOf(bobs, room), range(1, head));
});

t.test("joining a room again delivers nothing twice, even under load", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const clients = await Promise.all(range(1, 16).map(() => inRooms(bob, room)));
  const sending = sendMany(alice, room, 300);
  let over = false;
  sending.finally(() => {
    over = true;
  });
  const joinOver = async (client: Client, i: number) => {
    while (!over) {
      await done(client, "join_chat", { chatRoomId: room, ...(i % 2 ? { lastSeq: 0 } : {}) });
      // Below the rate limit of a socket.
      await sleep(40);
    }
  };
  await Promise.all(clients.map(joinOver));
  await sending;
  const head = await fence(alice, room, ...clients);
  for (const client of clients) t.strictSame(logOf(client, room), range(1, head));
});

t.test("a backlog of more than one page is delivered completely", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const long = "ก".repeat(9_000);
  const ids = range(1, 6).map((n) => post(alice, room, `${n} ${long}`));
  await Promise.all(ids);
  await sendMany(alice, room, 600);
  const client = await bob.connect();
  const joining = client.join(room, 0);
  await Promise.all([joining, sendMany(alice, room, 20)]);
  const head = await fence(alice, room, client);
  t.strictSame(logOf(client, room), range(1, head));
});
