// What a request touches does not grow with the room, the rooms, the people known, or what waits in the outbox.
import { createLocalBus } from "@khui/bus/local";
import { type Database, type Db, sql } from "@khui/database";
import { openReplicas } from "@khui/test-kit/servers/replicas";
import t, { type Test } from "tap";
import { createOutbox } from "../src/outbox.js";
import { createRooms, type Rooms } from "../src/rooms.js";
import { schema } from "../src/service.js";
import { confirmChanges, countBacklog, pendingChanges, pendingRooms } from "../src/store/outbox.js";
import { findCreated, findRooms } from "../src/store/rooms.js";
import { findUsers, saveUsers } from "../src/store/users.js";
import { allowAll, fakeMessages } from "./fake-messages.js";
import { pagesTouched } from "./touched.js";

const [database] = (await openReplicas(t, "rooms", schema.migrations, { count: 1, poolSize: 1 })) as [Database];
const db: Db = database.kysely();
// Its work would be counted too.
for (const table of ["rooms", "participants", "users", "outbox"])
  await sql`ALTER TABLE ${sql.table(`rooms.${table}`)} SET (autovacuum_enabled = false)`.execute(db);

const idOf = (kind: number, n: number) => kind.toString(16).padStart(2, "0") + n.toString(16).padStart(22, "0");
const [small, large] = [idOf(1, 0), idOf(1, 1)];

const hub = createLocalBus();
const bus = hub.connect();
// The rooms filled in below have had one change.
fakeMessages(bus, new Set(), (roomId) => (roomId === small || roomId === large ? 1 : 0));
const outbox = createOutbox(db, bus, { warn: () => undefined }, { sweepMs: 3_600_000, abandonedMs: 0 });
const rooms: Rooms = createRooms(db, bus, outbox);
t.teardown(async () => {
  await outbox.close();
  await bus.close();
});

const admin = "admin";

/** A group whose first member is its only admin, and whose other `size - 1` came one after another. */
async function fillRoom(id: string, size: number): Promise<void> {
  const settings = { allowMediaUpload: true, allowStickers: true, allowReactions: true, maxParticipants: 100_000 };
  await sql`INSERT INTO rooms.rooms (id, type, name, activity_id, settings, created_by)
    VALUES (${id}, 'group', 'Room', 'x', ${JSON.stringify(settings)}::jsonb, ${admin})`.execute(db);
  await sql`INSERT INTO rooms.participants (room_id, user_id, role, joined_at)
    SELECT ${id}, CASE n WHEN 1 THEN ${admin} ELSE 'member-' || n END, CASE n WHEN 1 THEN 'admin' ELSE 'member' END,
      now() + n * interval '1 ms'
    FROM generate_series(1, ${size}::int) AS n`.execute(db);
}

/** `count` more rooms, people who are known by name, and changes that wait: of as many rooms one each, and of one room all others. */
async function fillRest(kind: number, count: number): Promise<void> {
  const prefix = idOf(kind, 0).slice(0, 2);
  const change = JSON.stringify({ kind: "joined", userId: "someone", role: "member", text: "came" });
  await sql`INSERT INTO rooms.rooms (id, type, settings, created_by, pair, client_id)
    SELECT ${prefix}::text || lpad(to_hex(n), 22, '0'), 'private', '{}', 'maker', ${prefix}::text || n, ${prefix}::text || n
    FROM generate_series(1, ${count}::int) AS n`.execute(db);
  await sql`INSERT INTO rooms.users (id, name) SELECT ${prefix}::text || n, 'Name ' || n
    FROM generate_series(1, ${count}::int) AS n`.execute(db);
  await sql`INSERT INTO rooms.outbox (room_id, change_no, change, created_at)
    SELECT room_id, change_no, ${change}::jsonb, now() + n * interval '1 ms' FROM generate_series(1, ${count}::int) AS n,
      LATERAL (VALUES (${idOf(kind, 0)}::text, n + 1), (${prefix}::text || lpad(to_hex(n), 22, '0'), 2)) AS x(room_id, change_no)`.execute(
    db,
  );
}

const settle = () => sql`VACUUM ANALYZE rooms.rooms, rooms.participants, rooms.users, rooms.outbox`.execute(db);

/** Pages per run of work that has run before. */
async function touched(work: () => Promise<unknown>): Promise<number> {
  await work();
  return pagesTouched(database, work);
}

function same(t: Test, what: string, before: number, after: number): void {
  t.comment(`${what}: ${before} pages, then ${after}`);
  t.ok(before > 0 && after <= 2 * before, what);
}

await t.test("in a room of ten people, and in one of very many", async (t) => {
  const operations: Record<string, (roomId: string, n: number) => Promise<unknown>> = {
    join: (roomId, n) => rooms.join(`newcomer-${n}`, roomId),
    "join again": (roomId) => rooms.join(admin, roomId),
    settings: (roomId, n) => rooms.update(admin, roomId, { name: `Room ${n}` }),
    leave: (roomId, n) => rooms.leave(`member-${n}`, roomId),
    get: (roomId) => rooms.get(admin, roomId),
  };
  /** Which also counts a scan of all rooms, since the small room is measured while it is alone. */
  async function costsIn(roomId: string, size: number): Promise<Map<string, number>> {
    await fillRoom(roomId, size);
    await settle();
    const costs = new Map<string, number>();
    for (const [name, operation] of Object.entries(operations)) {
      let n = 2;
      costs.set(name, await touched(() => operation(roomId, n++)));
    }
    const lastAdminLeaves = await pagesTouched(database, () => rooms.leave(admin, roomId));
    return costs.set("the last admin leaves", lastAdminLeaves);
  }
  const [inSmall, inLarge] = [await costsIn(small, 10), await costsIn(large, 5_000)];
  for (const [name, cost] of inSmall) same(t, name, cost, inLarge.get(name)!);
});

await t.test("beside few rooms, people and waiting changes, and beside very many", async (t) => {
  let unique = 0;
  const pair = { pair: ["a", "b"] as const, createdBy: "nobody", clientId: null };
  const ids = Array.from({ length: 10 }, (_, n) => idOf(2, n));
  const people = Array.from({ length: 10 }, (_, n) => `02${n}`);
  const statements: Record<string, () => Promise<unknown>> = {
    "create a group": () =>
      rooms.create(
        "maker",
        { type: "group", name: "x", activityId: "x", participants: people },
        `${unique++}`,
        allowAll,
      ),
    "find a pair's room": () => findCreated(db, pair),
    "find a room by its key": () => findCreated(db, { ...pair, pair: null, clientId: "02-1" }),
    "find rooms": () => findRooms(db, ids),
    "find people": () => findUsers(db, people),
    "save people as they are known": () => saveUsers(db, [{ _id: "021", name: "Name 1" }]),
    "save people": () =>
      saveUsers(db, [{ _id: "021", name: `Name ${unique++}`, issuedAt: 1 }, { _id: `new-${unique++}` }]),
    "how much waits": () => countBacklog(db),
    "which rooms wait": () => pendingRooms(db, "", 0),
    "which rooms wait further on": () => pendingRooms(db, idOf(2, 50), 0),
    "what waits in a room": () => pendingChanges(db, idOf(2, 0)),
    "confirm what was applied": () => confirmChanges(db, idOf(2, 0), ++unique),
  };
  await fillRest(2, 1_500);
  await settle();
  const before = new Map<string, number>();
  for (const [name, statement] of Object.entries(statements)) before.set(name, await touched(statement));
  await fillRest(3, 20_000);
  await settle();
  for (const [name, statement] of Object.entries(statements)) {
    same(t, name, before.get(name)!, await touched(statement));
  }
});
