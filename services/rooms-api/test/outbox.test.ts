// A change is in the log or on its way there, whatever is down in between.
import { randomBytes } from "node:crypto";
import { createLocalBus } from "@khui/bus/local";
import { ChatError, type RoomChange } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createOutbox } from "../src/outbox.js";
import { createRooms } from "../src/rooms.js";
import { schema } from "../src/service.js";
import { pendingRooms } from "../src/store/outbox.js";
import { allowAll, fakeMessages } from "./fake-messages.js";

const silent = { warn: () => undefined };
const activityId = "activity";
const membersOf = (change: RoomChange | undefined) =>
  change?.kind === "projected" ? change.members.map(({ userId, role }) => `${role} ${userId}`).sort() : [];

test("with a database", async (t: Test) => {
  const database = await openOwnDatabase(t);
  await database.migrate(schema.name, schema.migrations);
  const db: Db = database.kysely();
  const userId = () => randomBytes(6).toString("hex");

  async function setUp(t: Test, sweepMs = 20) {
    const hub = createLocalBus();
    const bus = hub.connect();
    const outbox = createOutbox(db, bus, silent, { sweepMs, abandonedMs: 0 });
    t.teardown(async () => {
      await outbox.close();
      await bus.close();
    });
    return { bus, outbox, rooms: createRooms(db, bus, outbox) };
  }

  await t.test("changes arrive in order, each once", async (t) => {
    const { bus, rooms } = await setUp(t);
    const messages = fakeMessages(bus);
    const [admin, member] = [userId(), userId()];
    const { room } = await rooms.create(admin, { type: "group", name: "x", activityId }, undefined, allowAll);
    await rooms.join(member, room._id);
    await rooms.update(admin, room._id, { settings: { allowReactions: false } });
    await rooms.leave(admin, room._id);
    t.same(
      messages.applied.get(room._id)?.map(({ kind }) => kind),
      ["created", "joined", "settings", "left"],
    );
    t.match(messages.applied.get(room._id)?.[3], { newAdmin: member }, "the longest-standing member becomes admin");
  });

  await t.test(
    "while messages-api is down a request is answered 503, and the change is delivered when it is back",
    async (t) => {
      const { bus, rooms, outbox } = await setUp(t);
      const pair = [userId(), userId()] as const;
      const create = () => rooms.create(pair[0], { type: "private", participants: [...pair] }, undefined, allowAll);
      await t.rejects(create(), { code: "service_unavailable" });
      await t.rejects(create(), { code: "service_unavailable" }, "trying again makes no second room");
      await until("a change waits", () => outbox.backlog().changes === 1);
      const { oldestSeconds } = outbox.backlog();
      await until("it grows older", () => outbox.backlog().oldestSeconds > oldestSeconds);
      const messages = fakeMessages(bus);
      await until("something is applied", () => messages.applied.size > 0);
      const { room, created } = await create();
      t.equal(created, false);
      t.same([...messages.applied.keys()], [room._id]);
      t.equal(messages.applied.get(room._id)?.length, 1);
      await until("nothing waits", () => outbox.backlog().changes === 0);
      t.equal(outbox.backlog().oldestSeconds, 0);
    },
  );

  await t.test("failing rooms delay no other, even a whole page of them", async (t) => {
    const { bus, rooms, outbox } = await setUp(t);
    for (let i = 0; i <= 100; i++) {
      await t.rejects(rooms.create(userId(), { type: "group", name: "x", activityId }, undefined, allowAll));
    }
    const failing = new Set((await pendingRooms(db, "", 0)).map(({ roomId }) => roomId));
    t.equal(failing.size, 100, "the last is not among them");
    const messages = fakeMessages(bus, failing);
    await until("one is applied", () => messages.applied.size === 1);
    failing.clear();
    await until("nothing waits", () => outbox.backlog().changes === 0);
  });

  await t.test("a change is confirmed only once: concurrent requests do not repeat it", async (t) => {
    const { bus, rooms } = await setUp(t);
    const messages = fakeMessages(bus);
    const admin = userId();
    const { room } = await rooms.create(admin, { type: "group", name: "x", activityId }, undefined, allowAll);
    const people = Array.from({ length: 10 }, userId);
    await Promise.all(people.map((person) => rooms.join(person, room._id)));
    const joined = messages.applied
      .get(room._id)
      ?.flatMap((change) => (change.kind === "joined" ? [change.userId] : []));
    t.same([...(joined ?? [])].sort(), [...people].sort());
    t.equal(messages.deliveries, 11, "nor does each deliver what all of them have written");
  });

  await t.test("after a restore of either database a room is projected anew, and goes on", async (t) => {
    const warnings: object[] = [];
    const bus = createLocalBus().connect();
    const outbox = createOutbox(
      db,
      bus,
      { warn: (fields: object) => void warnings.push(fields) },
      { sweepMs: 60_000, abandonedMs: 0 },
    );
    t.teardown(() => Promise.all([outbox.close(), bus.close()]));
    const rooms = createRooms(db, bus, outbox);
    const messages = fakeMessages(bus);
    const [admin, member, third] = [userId(), userId(), userId()];
    const { room } = await rooms.create(admin, { type: "group", name: "x", activityId }, undefined, allowAll);
    const last = () => messages.applied.get(room._id)?.at(-1);
    await rooms.join(member, room._id);
    messages.restore(room._id, 1);
    await rooms.join(third, room._id);
    t.match(last(), { kind: "projected", type: "group", settings: room.settings, after: null, upTo: null });
    t.same(membersOf(last()), [`admin ${admin}`, `member ${member}`, `member ${third}`].sort());
    await rooms.leave(third, room._id);
    t.match(last(), { kind: "left", userId: third }, "and what follows is delivered as ever");
    messages.restore(room._id, 1_000);
    await rooms.leave(member, room._id);
    t.same(membersOf(last()), [`admin ${admin}`]);
    messages.restore(room._id, 0);
    await Promise.all([rooms.join(member, room._id), rooms.join(third, room._id)]);
    t.equal(warnings.length, 3, "each time the log says so");
  });

  await t.test("a large room is projected in pages, which together cover all ids", async (t) => {
    const { bus, rooms } = await setUp(t);
    const messages = fakeMessages(bus);
    const admin = userId();
    const settings = { maxParticipants: 5_000 };
    const input = { type: "group", name: "x", activityId, settings } as const;
    const { room } = await rooms.create(admin, input, undefined, allowAll);
    await sql`
      INSERT INTO rooms.participants (room_id, user_id, role)
      SELECT ${room._id}, 'person ' || n, 'member' FROM generate_series(1, 2500) n`.execute(db);
    messages.restore(room._id, 0);
    await rooms.join(userId(), room._id);
    const pages = messages.applied.get(room._id)?.slice(1) ?? [];
    const bounds = pages.map((page) => (page.kind === "projected" ? [page.after, page.upTo] : []));
    t.match(bounds, [
      [null, String],
      [bounds[0]?.[1], String],
      [bounds[1]?.[1], null],
    ]);
    t.equal(pages.flatMap(membersOf).length, 2_502);
  });

  await t.test("a full room admits nobody, however many join at once", async (t) => {
    const { bus, rooms } = await setUp(t);
    fakeMessages(bus);
    const { room } = await rooms.create(
      userId(),
      { type: "group", name: "x", activityId, settings: { maxParticipants: 4 } },
      undefined,
      allowAll,
    );
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => rooms.join(userId(), room._id)));
    t.equal(results.filter(({ status }) => status === "fulfilled").length, 3);
    for (const result of results) {
      if (result.status === "rejected") t.ok(result.reason instanceof ChatError && result.reason.code === "room_full");
    }
  });

  await t.test("one pair has one room, from both sides and at once", async (t) => {
    const { bus, rooms } = await setUp(t);
    fakeMessages(bus);
    const [a, b] = [userId(), userId()] as const;
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        rooms.create(i % 2 ? a : b, { type: "private", participants: [a, b] }, undefined, allowAll),
      ),
    );
    t.equal(new Set(made.map(({ room }) => room._id)).size, 1);
    t.equal(made.filter(({ created }) => created).length, 1);
  });

  await t.test("a group made twice with one key is one group", async (t) => {
    const { bus, rooms } = await setUp(t);
    fakeMessages(bus);
    const admin = userId();
    const create = () => rooms.create(admin, { type: "group", name: "x", activityId }, "key", allowAll);
    t.equal((await create()).room._id, (await create()).room._id);
    const other = await rooms.create(userId(), { type: "group", name: "x", activityId }, "key", allowAll);
    t.not(other.room._id, (await create()).room._id, "another user's key is another key");
  });
});
