// A room's participant count is exact and a room with participants has an admin, whoever joins, leaves or writes.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createLocalBus } from "@khui/bus/local";
import { ChatError } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t, { type Test } from "tap";
import { createOutbox } from "../src/outbox.js";
import { createRooms } from "../src/rooms.js";
import { schema } from "../src/service.js";
import { allowAll, fakeMessages } from "./fake-messages.js";

const database = await openOwnDatabase(t);
const db: Db = database.kysely();

/** Rooms whose count is not what it should be, or which have people and no admin. */
async function faults(): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT r.id, r.participant_count, p.people, p.admins
    FROM rooms.rooms r LEFT JOIN LATERAL (
      SELECT count(*) AS people, count(*) FILTER (WHERE role = 'admin') AS admins
      FROM rooms.participants WHERE room_id = r.id AND is_active) p ON true
    WHERE r.participant_count <> p.people OR (r.type = 'group' AND p.people > 0 AND p.admins = 0)`.execute(db);
  return rows;
}

async function fill(t: Test, name: string): Promise<void> {
  await sql`INSERT INTO rooms.rooms (id, type, settings, created_by)
    SELECT ${name} || n, 'private', '{}', 'x' FROM generate_series(1, 20) AS n`.execute(db);
  await sql`INSERT INTO rooms.participants (room_id, user_id, role, is_active)
    SELECT ${name} || n, 'person-' || i, 'member', i % 3 > 0
    FROM generate_series(1, 20) AS n, generate_series(1, n - 1) AS i`.execute(db);
  const { rows } = await sql`SELECT FROM rooms.participants WHERE room_id = ${`${name}20`}`.execute(db);
  t.equal(rows.length, 19);
}

await t.test("rooms that were there before it was counted, and changed while it was introduced", async (t) => {
  const folder = t.testdir({});
  const migrateWith = (file: string) => {
    cpSync(new URL(file, schema.migrations), join(folder, file));
    return database.migrate("rooms", pathToFileURL(`${folder}/`));
  };
  await migrateWith("0001-rooms-and-users.sql");
  await fill(t, "before");
  await migrateWith("0002-participant-indexes.sql");
  await migrateWith("0003-participant-count.sql");
  await sql`UPDATE rooms.participants SET is_active = NOT is_active WHERE user_id = 'person-1'`.execute(db);
  await fill(t, "meanwhile");
  await database.migrate(schema.name, schema.migrations);
  t.same(await faults(), []);
});

await t.test("replicas of the release before, which do not count", async (t) => {
  await fill(t, "after");
  t.same(await faults(), []);
  const upsert = (role: string) =>
    sql`INSERT INTO rooms.participants (room_id, user_id, role) SELECT 'after5', 'person-' || n, ${role} FROM generate_series(1, 9) AS n
      ON CONFLICT (room_id, user_id) DO UPDATE SET is_active = true, role = excluded.role`.execute(db);
  for (const role of ["member", "admin"]) {
    await upsert(role);
    t.same(await faults(), []);
  }
  await sql`UPDATE rooms.participants SET is_active = (user_id <> 'person-2'), role = 'admin'
    WHERE room_id = 'after5' AND user_id IN ('person-2', 'person-3')`.execute(db);
  t.same(await faults(), []);
});

await t.test("people who come and go at random, several at once", async (t) => {
  const bus = createLocalBus().connect();
  fakeMessages(bus);
  const outbox = createOutbox(db, bus, { warn: () => undefined });
  t.teardown(async () => {
    await outbox.close();
    await bus.close();
  });
  const rooms = createRooms(db, bus, outbox);
  const people = Array.from({ length: 6 }, (_, n) => `someone-${n}`);
  const made = await Promise.all(
    people
      .slice(0, 3)
      .map((userId, n) =>
        rooms.create(
          userId,
          { type: "group", name: "x", activityId: "x", participants: people.slice(n) },
          undefined,
          allowAll,
        ),
      ),
  );
  t.same(await faults(), []);
  let state = 20_261_127;
  /** Numbers that look random and are the same in each run: Lehmer's generator, https://doi.org/10.1145/63039.63042 */
  const below = (limit: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
  const refusals: unknown[] = [];
  for (let round = 0; round < 20; round++) {
    const steps = Array.from({ length: 4 }, () => {
      const [userId, roomId] = [people[below(people.length)]!, made[below(made.length)]!.room._id];
      return below(2) ? rooms.join(userId, roomId) : rooms.leave(userId, roomId);
    });
    for (const outcome of await Promise.allSettled(steps))
      if (outcome.status === "rejected") refusals.push(outcome.reason);
    const wrong = await faults();
    if (wrong.length > 0) return t.same(wrong, [], `after round ${round}`);
  }
  t.ok(refusals.every((reason) => reason instanceof ChatError && reason.code === "not_a_participant"));
  t.ok(refusals.length < 40, "most of it was done");
});

await t.test(
  "of who is left the one who has stood longest becomes admin, and nobody while there is another",
  async (t) => {
    const bus = createLocalBus().connect();
    const { applied } = fakeMessages(bus);
    const outbox = createOutbox(db, bus, { warn: () => undefined });
    t.teardown(async () => {
      await outbox.close();
      await bus.close();
    });
    const rooms = createRooms(db, bus, outbox);
    const input = { type: "group", name: "x", activityId: "x", participants: ["zoe", "ann"] } as const;
    const { room } = await rooms.create(
      "maker",
      { ...input, participants: [...input.participants] },
      undefined,
      allowAll,
    );
    // Zoe came before Ann, and is behind her once she has been away.
    await rooms.leave("zoe", room._id);
    await rooms.join("zoe", room._id);
    await rooms.join("late", room._id);
    for (const userId of ["maker", "zoe", "ann", "late"]) await rooms.leave(userId, room._id);
    await rooms.join("newcomer", room._id);
    const left = applied
      .get(room._id)
      ?.flatMap((change) => (change.kind === "left" ? [[change.userId, change.newAdmin]] : []));
    t.strictSame(left, [
      ["zoe", null],
      ["maker", "ann"],
      ["zoe", null],
      ["ann", "late"],
      ["late", null],
    ]);
    t.match(applied.get(room._id)?.at(-1), { kind: "joined", userId: "newcomer", role: "admin" });
  },
);
