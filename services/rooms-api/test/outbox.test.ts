// A change is in the log or on its way there, whatever is down in between.

import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createLocalBus } from "@khui/bus/local";
import { ChatError } from "@khui/contracts";
import type { Database } from "@khui/database";
import { openPglite } from "@khui/database/pglite";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createOutbox } from "../src/outbox.js";
import { migrations } from "../src/plugin.js";
import { createRooms } from "../src/rooms.js";
import { pendingRooms } from "../src/store/outbox.js";
import type { Db } from "../src/store/tables.js";
import { admit, fakeMessages } from "./fake-messages.js";

const template = fileURLToPath(new URL("../../../node_modules/.cache/khui/pglite-template", import.meta.url));
const silent = { warn: () => undefined };
const activityId = "activity";

let database: Database;
test("with a database", async (t: Test) => {
  database = await openPglite({ cache: template });
  t.teardown(() => database.close());
  await database.migrate("rooms", migrations);
  const db: Db = database.kysely();
  const userId = () => randomBytes(6).toString("hex");

  async function rig(t: Test, sweepMs = 20) {
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
    const { bus, rooms } = await rig(t);
    const messages = fakeMessages(bus);
    const [admin, member] = [userId(), userId()];
    const { room } = await rooms.create(admin, { type: "group", name: "x", activityId }, undefined, admit);
    await rooms.join(member, room._id);
    await rooms.update(admin, room._id, { settings: { allowReactions: false } });
    await rooms.leave(admin, room._id);
    t.same(
      messages.taken.get(room._id)?.map(({ kind }) => kind),
      ["created", "joined", "settings", "left"],
    );
    t.match(messages.taken.get(room._id)?.[3], { newAdmin: member }, "the longest-standing member becomes admin");
  });

  await t.test("while messages-api is down a request is 503, and the work is finished when it is back", async (t) => {
    const { bus, rooms, outbox } = await rig(t);
    const pair = [userId(), userId()] as const;
    const create = () => rooms.create(pair[0], { type: "private", participants: [...pair] }, undefined, admit);
    await t.rejects(create(), { code: "service_unavailable" });
    await t.rejects(create(), { code: "service_unavailable" }, "trying again makes no second room");
    await until("a change waits", () => outbox.waiting().changes === 1);
    const { oldestSeconds } = outbox.waiting();
    await until("it grows older", () => outbox.waiting().oldestSeconds > oldestSeconds);
    const messages = fakeMessages(bus);
    await until("something is taken", () => messages.taken.size > 0);
    const { room, created } = await create();
    t.equal(created, false);
    t.same([...messages.taken.keys()], [room._id]);
    t.equal(messages.taken.get(room._id)?.length, 1);
    await until("nothing waits", () => outbox.waiting().changes === 0);
    t.equal(outbox.waiting().oldestSeconds, 0);
  });

  await t.test("rooms that fail hold up no other, be they as many as one sweep takes", async (t) => {
    const { bus, rooms, outbox } = await rig(t);
    for (let i = 0; i <= 100; i++) {
      await t.rejects(rooms.create(userId(), { type: "group", name: "x", activityId }, undefined, admit));
    }
    const failing = new Set((await pendingRooms(db, "", 0)).map(({ roomId }) => roomId));
    t.equal(failing.size, 100, "the last is not among them");
    const messages = fakeMessages(bus, failing);
    await until("one is taken", () => messages.taken.size === 1);
    failing.clear();
    await until("nothing waits", () => outbox.waiting().changes === 0);
  });

  await t.test("a change is confirmed only once: concurrent requests do not repeat it", async (t) => {
    const { bus, rooms } = await rig(t);
    const messages = fakeMessages(bus);
    const admin = userId();
    const { room } = await rooms.create(admin, { type: "group", name: "x", activityId }, undefined, admit);
    const people = Array.from({ length: 10 }, userId);
    await Promise.all(people.map((person) => rooms.join(person, room._id)));
    const joined = messages.taken.get(room._id)?.flatMap((change) => (change.kind === "joined" ? [change.userId] : []));
    t.same([...(joined ?? [])].sort(), [...people].sort());
    t.equal(messages.asked, 11, "nor does each hand over what all of them have written");
  });

  await t.test("a room full to its limit takes nobody, however many ask at once", async (t) => {
    const { bus, rooms } = await rig(t);
    fakeMessages(bus);
    const { room } = await rooms.create(
      userId(),
      { type: "group", name: "x", activityId, settings: { maxParticipants: 4 } },
      undefined,
      admit,
    );
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => rooms.join(userId(), room._id)));
    t.equal(results.filter(({ status }) => status === "fulfilled").length, 3);
    for (const result of results) {
      if (result.status === "rejected") t.ok(result.reason instanceof ChatError && result.reason.code === "room_full");
    }
  });

  await t.test("one pair has one room, from both sides and at once", async (t) => {
    const { bus, rooms } = await rig(t);
    fakeMessages(bus);
    const [a, b] = [userId(), userId()] as const;
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        rooms.create(i % 2 ? a : b, { type: "private", participants: [a, b] }, undefined, admit),
      ),
    );
    t.equal(new Set(made.map(({ room }) => room._id)).size, 1);
    t.equal(made.filter(({ created }) => created).length, 1);
  });

  await t.test("a group made twice with one key is one group", async (t) => {
    const { bus, rooms } = await rig(t);
    fakeMessages(bus);
    const admin = userId();
    const create = () => rooms.create(admin, { type: "group", name: "x", activityId }, "key", admit);
    t.equal((await create()).room._id, (await create()).room._id);
    const other = await rooms.create(userId(), { type: "group", name: "x", activityId }, "key", admit);
    t.not(other.room._id, (await create()).room._id, "another user's key is another key");
  });
});
