// Joining many rooms with one event: each room is joined as by itself, and one that fails leaves the others alone.
import { type Client, groupRoom, privateRoom, type User, useSystem } from "@khui/test-kit/system";
import t from "tap";
import { openBare } from "./plain-client.js";
import { allOf, done, fence, inRooms, logOf, post, range, refused, sendMany, unknownId } from "./socket-scene.js";

const system = await useSystem(t);

interface Joined {
  readonly rooms: ReadonlyArray<{
    chatRoomId: string;
    seq?: number;
    epoch?: string;
    participantCount?: number;
    code?: string;
  }>;
}

const joinAll = (client: Client, rooms: ReadonlyArray<{ chatRoomId: string; lastSeq?: number | null }>) =>
  done<Joined>(client, "join_chat", { rooms });

/** Rooms of a user and another, a few made at a time. */
async function manyRooms(user: User, other: User, count: number): Promise<string[]> {
  const rooms: string[] = [];
  const worker = async () => {
    while (rooms.length < count) rooms.push(await groupRoom(user, [other]));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return rooms.slice(0, count);
}

t.test("five hundred rooms are joined with one event, and again on every reconnect", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const rooms = await manyRooms(alice, bob, 500);
  for (const lastSeq of [undefined, 0]) {
    const client = await alice.connect();
    const asked = rooms.map((chatRoomId) => ({ chatRoomId, ...(lastSeq === undefined ? {} : { lastSeq }) }));
    const { rooms: joined } = await joinAll(client, asked);
    t.strictSame(
      joined,
      rooms.map((chatRoomId) => ({ chatRoomId, seq: 0, epoch: joined[0]?.epoch, participantCount: 2 })),
    );
    const events = allOf(client, "joined_chat");
    t.strictSame(new Set(events.map(({ chatRoomId }) => chatRoomId)), new Set(rooms));
    t.equal(events.length, rooms.length);
    client.close();
  }
  const plain = await openBare(t, system.url, "/ws");
  await plain.ask("authenticate", { token: alice.token });
  const answer = await plain.ask("join_chat", { rooms: rooms.map((chatRoomId) => ({ chatRoomId })) });
  t.match(answer, { success: true, data: { rooms: rooms.map((chatRoomId) => ({ chatRoomId, seq: 0 })) } });
  t.equal(plain.texts.filter((text) => text.includes('"event":"joined_chat"')).length, rooms.length);
  await post(bob, rooms[499]!, "the last one is joined, too");
  await plain.frame(({ event, data }) => event === "new_message" && data?.chatRoomId === rooms[499]);
});

t.test("five hundred rooms are joined one by one, as clients do that know nothing of lists", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const rooms = await manyRooms(alice, bob, 500);
  const client = await alice.connect();
  const refusals: unknown[] = [];
  for (const chatRoomId of rooms) {
    const answer = await client.ask("join_chat", { chatRoomId });
    if (!answer.success) refusals.push(answer);
  }
  t.strictSame(refusals, []);
  await post(bob, rooms[499]!, "the last one is joined, too");
  await client.next("new_message");
});

t.test("each room of a list is joined as by itself, or says why not", async (t) => {
  const [alice, bob, carol] = [system.newUser(), system.newUser(), system.newUser()];
  const [room, other, foreign] = [
    await groupRoom(alice, [bob]),
    await groupRoom(alice, [bob, carol]),
    await privateRoom(bob, carol),
  ];
  await sendMany(bob, room, 3);
  const bobs = await inRooms(bob, room, other);
  const client = await alice.connect();
  const asked = [{ chatRoomId: room, lastSeq: 1 }, { chatRoomId: foreign }, { chatRoomId: other }];
  t.match(await joinAll(client, [...asked, { chatRoomId: unknownId, lastSeq: null }]), {
    rooms: [
      { chatRoomId: room, seq: 3, participantCount: 2 },
      { chatRoomId: foreign, code: "room_not_found", message: /./ },
      { chatRoomId: other, seq: 0, participantCount: 3 },
      { chatRoomId: unknownId, code: "room_not_found", message: /./ },
    ],
  });
  t.strictSame(logOf(client, room), [2, 3], "what was missed");
  t.equal(client.count("error"), 0, "what the acknowledgement says is not said again");
  t.match(
    allOf(client, "joined_chat").find(({ chatRoomId }) => chatRoomId === other),
    { readPositions: [{}, {}, {}] },
  );
  await bobs.next("user_joined_chat", ({ chatRoomId }) => chatRoomId === other);
  t.equal(
    bobs.count("user_joined_chat", ({ chatRoomId, userId }) => chatRoomId === room && userId === alice.id),
    0,
    "who resumes has not just come",
  );
  await fence(bob, other, client);
});

t.test("without an acknowledgement, a room that cannot be joined is reported by an event", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const client = await alice.connect();
  client.socket.emit("join_chat", { rooms: [{ chatRoomId: unknownId }, { chatRoomId: room }] });
  await client.next("joined_chat", ({ chatRoomId }) => chatRoomId === room);
  t.match(await client.next("error"), {
    event: "join_chat",
    code: "room_not_found",
    message: /./,
    details: { chatRoomId: unknownId },
  });
});

t.test("a list that is none is refused as a whole", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const chatRoomId = await privateRoom(alice, bob);
  const client = await alice.connect();
  const many = range(1, 501).map((n) => ({ chatRoomId: n.toString(16).padStart(24, "0") }));
  for (const payload of [
    { rooms: [] },
    { rooms: many },
    { rooms: [{ chatRoomId }, { chatRoomId }] },
    { rooms: [{ chatRoomId }, { chatRoomId: "room" }] },
    { rooms: [{ chatRoomId, lastSeq: -1 }] },
    { rooms: [chatRoomId] },
    { rooms: chatRoomId },
    { rooms: [{ chatRoomId }], chatRoomId },
    {},
  ]) {
    await refused(t, client, "join_chat", payload, "invalid_request");
  }
  t.equal(client.count("joined_chat"), 0);
});

t.test("rooms that are resumed together while messages are sent have no gap and no repeat", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const rooms = await manyRooms(alice, bob, 12);
  const count = 40;
  const sending = Promise.all(rooms.map((room) => sendMany(bob, room, count)));
  let over = false;
  sending.finally(() => {
    over = true;
  });
  const logs = new Map(rooms.map((room): [string, number[]] => [room, []]));
  const last = (room: string) => logs.get(room)?.at(-1) ?? 0;
  const visit = async (stay: (client: Client) => Promise<unknown>) => {
    const client = await alice.connect();
    const { rooms: joined } = await joinAll(
      client,
      rooms.map((chatRoomId) => ({ chatRoomId, lastSeq: last(chatRoomId) })),
    );
    t.ok(joined.every(({ seq }) => seq !== undefined));
    await stay(client);
    client.close();
    for (const room of rooms) logs.get(room)?.push(...logOf(client, room));
  };
  while (!over) await visit((client) => client.ask("get_online_users"));
  await sending;
  await visit((client) => Promise.all(rooms.map((room) => fence(bob, room, client))));
  for (const room of rooms) t.strictSame(logs.get(room), range(1, count + 1));
});
