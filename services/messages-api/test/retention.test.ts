// Old entries are removed from the log, and clients that would need them have to resync.
import { type Db, sql } from "@khui/database";
import t, { test } from "tap";
import { openRoom } from "../src/queries/open-rooms.js";
import { readLog } from "../src/store/history.js";
import { pruneLog } from "../src/store/log-retention.js";
import { sendBatch } from "../src/store/send.js";
import { offline } from "./offline.js";
import { openReplicas } from "./postgres.js";
import { makeRoom, newUser, text } from "./room.js";

const replicas = await openReplicas(t, 2);
const [db, other] = replicas as [Db, Db];
const user = newUser("a");
const context = offline(db);

const weekAgo = () => new Date(Date.now() - 7 * 86_400_000);

/** A room of `count` messages, the first `old` of them from eight days ago. */
async function roomOf(count: number, old: number): Promise<string> {
  const roomId = await makeRoom(db, [user]);
  for (let sent = 0; sent < count; sent += 500) {
    await sendBatch(
      db,
      Array.from({ length: Math.min(500, count - sent) }, () => text(roomId, user)),
    );
  }
  await sql`UPDATE messages.log SET at = at - interval '8 days' WHERE room_id = ${roomId} AND seq <= ${old}`.execute(
    db,
  );
  return roomId;
}

async function floorOf(roomId: string): Promise<number | undefined> {
  return (await readLog(db, roomId, 0, 1))?.floor;
}

async function pruneAll(): Promise<void> {
  while ((await pruneLog(db, weekAgo())) > 0);
}

test("pruning raises the room's floor to the last entry that went, and keeps the rest", async (t) => {
  const roomId = await roomOf(30, 20);
  t.equal(await floorOf(roomId), 0);
  await pruneAll();
  t.equal(await floorOf(roomId), 20);
  const page = await readLog(db, roomId, 0, 100);
  t.same(
    page?.entries.map(({ entry }) => entry.seq),
    Array.from({ length: 10 }, (_, i) => 21 + i),
  );
  t.equal(page?.seq, 30);
});

test("a client that resumes before the floor has to resync, one that resumes at the floor gets all that follows", async (t) => {
  const roomId = await roomOf(10, 6);
  await pruneAll();
  const tooOld = await openRoom(context, { userId: user, roomId, afterSeq: 5 });
  t.match(tooOld, { resync: true, entries: [], seq: 10 });
  const inTime = await openRoom(context, { userId: user, roomId, afterSeq: 6 });
  t.equal(inTime.resync, false);
  t.same(
    inTime.entries.map(({ seq }) => seq),
    [7, 8, 9, 10],
  );
});

test("a room whose whole log was pruned continues its numbers", async (t) => {
  const roomId = await roomOf(3, 3);
  await pruneAll();
  t.equal(await floorOf(roomId), 3);
  t.match(await openRoom(context, { userId: user, roomId, afterSeq: 3 }), { resync: false, entries: [], seq: 3 });
  t.match(await sendBatch(db, [text(roomId, user)]), [{ kind: "sent", seq: 4 }]);
});

test("replicas that prune at once, in parts, leave no hole above the floor", async (t) => {
  const roomId = await roomOf(6_000, 5_600);
  let gone = 0;
  for (let part = -1; part !== 0; gone += part) {
    const parts = await Promise.all([pruneLog(db, weekAgo()), pruneLog(other, weekAgo())]);
    part = parts[0] + parts[1];
    const { rows } = await sql<{ kept: number; above: number }>`
      SELECT count(l.seq) AS kept, max(r.seq) - max(r.floor) AS above FROM messages.rooms r
      LEFT JOIN messages.log l ON l.room_id = r.id AND l.seq > r.floor WHERE r.id = ${roomId}`.execute(db);
    t.equal(rows[0]?.kept, rows[0]?.above);
  }
  t.equal(gone, 5_600);
  t.equal(await floorOf(roomId), 5_600);
});
