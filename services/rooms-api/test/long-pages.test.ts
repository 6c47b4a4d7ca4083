// A page of rooms that does not fit in one answer of messages-api: put together in order, without describing rooms again and again.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t, { type Test } from "tap";
import { createOutbox } from "../src/outbox.js";
import { createRooms } from "../src/rooms.js";
import { schema } from "../src/service.js";
import { activityOf } from "./fake-messages.js";

const database = await openOwnDatabase(t);
await database.migrate(schema.name, schema.migrations);
const db: Db = database.kysely();

const all = Array.from({ length: 100 }, (_, n) => n.toString(16).padStart(24, "0"));
await sql`INSERT INTO rooms.rooms (id, type, settings, created_by)
  SELECT id, 'group', '{}', 'x' FROM unnest(${all}::text[]) AS id`.execute(db);

/**
 * What a user sees whose rooms weigh so much, of which so much fits in one answer, and what messages-api did for it. Of `gone`
 * they are removed once the first answer has been given.
 */
async function listed(t: Test, weightOf: (roomId: string) => number, most: number, gone: ReadonlySet<string>) {
  const bus = createLocalBus().connect();
  const work = { rendered: 0, requests: 0 };
  /** As messages-api does it: renders all, and keeps what fits, one in any case. */
  const answer = (mine: readonly string[]) => {
    work.requests += 1;
    work.rendered += mine.length;
    let weight = 0;
    const end = mine.findIndex((roomId, n) => {
      weight += weightOf(roomId);
      return n > 0 && weight > most;
    });
    const kept = end === -1 ? mine : mine.slice(0, end);
    return { rooms: kept.map(activityOf), rest: mine.slice(kept.length) };
  };
  serveRpc(bus, messagesRpc.listRooms, async () => ({ ...answer(all), total: 100 }));
  serveRpc(bus, messagesRpc.describeRooms, async ({ roomIds }) =>
    answer(roomIds.filter((roomId) => !gone.has(roomId))),
  );
  const outbox = createOutbox(db, bus, { warn: () => undefined });
  t.teardown(async () => {
    await outbox.close();
    await bus.close();
  });
  const { rooms } = await createRooms(db, bus, outbox).list("someone", 1, 100);
  return { ids: rooms.map(({ _id }) => _id), ...work };
}

const none: ReadonlySet<string> = new Set();

await t.test("rooms that fit are requested once", async (t) => {
  t.same(await listed(t, () => 1, 1_000, none), { ids: all, rendered: 100, requests: 1 });
});

await t.test("of heavy ones few more are described than are kept", async (t) => {
  for (const most of [1, 2, 3, 10, 60]) {
    const { ids, rendered } = await listed(t, () => 1, most, none);
    t.same(ids, all);
    t.ok(rendered <= 100 + 2 * 100, `${rendered} are described where ${most} fit`);
  }
});

await t.test("heavy ones among light ones, and rooms that the user leaves meanwhile", async (t) => {
  const gone = new Set(all.filter((_, n) => n > 50 && n % 9 === 0));
  const { ids, rendered } = await listed(t, (roomId) => (roomId.endsWith("3") ? 90 : 1), 100, gone);
  t.same(
    ids,
    all.filter((roomId) => !gone.has(roomId)),
  );
  t.ok(rendered <= 100 + 2 * 100, `${rendered} are described`);
});
