// Statements of two replicas that lock the same rows: both take them in the same order, so neither is ended for a deadlock.
import { type Db, type FailureKind, sql } from "@khui/database";
import t, { test } from "tap";
import { deleteForEveryone } from "../src/store/change.js";
import { pruneLog } from "../src/store/log-retention.js";
import { markDelivered, markReadBatch } from "../src/store/positions.js";
import { sendBatch } from "../src/store/send.js";
import { openReplicas } from "./postgres.js";
import { makeRoom, newId, newUser, text } from "./room.js";

/** What statements failed with, also where they were run again. */
const failures: FailureKind[] = [];
const [first, second] = (await openReplicas(t, 2, (kind) => failures.push(kind))) as [Db, Db];

/** Ids in order, of which the middle one is what both statements come to wait for. */
const count = 21;
const middle = 10;

/**
 * Runs both statements while a third has locked what lies in the middle of what they lock, and lets them on when both wait:
 * two that come from different ends then hold what the other needs. Resolves with what statements failed with.
 */
async function meet(
  gate: (trx: Db) => Promise<unknown>,
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
): Promise<FailureKind[]> {
  failures.length = 0;
  let both: Promise<unknown> | undefined;
  const undone = new Error("the gate leaves nothing behind");
  await first
    .transaction()
    .execute(async (trx) => {
      await gate(trx);
      both = Promise.all([one(), other()]);
      both.catch(() => undefined);
      while ((await waiting()) < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  await both;
  return [...failures];
}

/** How many statements wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(second);
  return rows[0]?.count ?? 0;
}

/** Members whose positions are stored from the last to the first: so a statement finds them that does not order them. */
async function makeCrowd(): Promise<{ roomId: string; people: string[] }> {
  const people = Array.from({ length: count }, () => newUser("p")).sort();
  return { roomId: await makeRoom(first, [...people].reverse()), people };
}

const lockPosition = (roomId: string, userId: string) => (trx: Db) =>
  sql`SELECT FROM messages.positions WHERE room_id = ${roomId} AND user_id = ${userId} FOR UPDATE`.execute(trx);

test("batches with the same clientMessageIds in different orders", async (t) => {
  const sender = newUser("a");
  const [gated, one, other] = [
    await makeRoom(first, [sender]),
    await makeRoom(first, [sender]),
    await makeRoom(first, [sender]),
  ];
  const clientIds = Array.from({ length: count }, newId).sort();
  const batch = (roomId: string, ids: string[]) => ids.map((clientId) => text(roomId, sender, { clientId }));
  const failed = await meet(
    (trx) => sendBatch(trx, batch(gated, clientIds.slice(middle, middle + 1))),
    () => sendBatch(first, batch(one, clientIds)),
    () => sendBatch(second, batch(other, [...clientIds].reverse())),
  );
  t.same(failed, ["unique_violation"], "the later one met what the first had sent, and tried again");
});

test("reading and being reached", async (t) => {
  const { roomId, people } = await makeCrowd();
  await sendBatch(first, [text(roomId, people[0]!)]);
  const failed = await meet(
    lockPosition(roomId, people[middle]!),
    () =>
      markReadBatch(
        first,
        [...people].reverse().map((userId) => ({ roomId, userId, messageId: undefined })),
      ),
    () =>
      markDelivered(
        second,
        people.map((userId) => ({ roomId, userId, seq: 1 })),
      ),
  );
  t.same(failed, []);
});

/** Runs a statement while another transaction holds a lock; rejects with its failure if it waits for that. */
async function whileHeld(lock: (trx: Db) => Promise<unknown>, statement: () => Promise<unknown>): Promise<void> {
  const undone = new Error("the lock leaves nothing behind");
  await first
    .transaction()
    .execute(async (trx) => {
      await lock(trx);
      await statement();
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
}

test("deleting for everyone waits for nobody's position", async (t) => {
  const { roomId, people } = await makeCrowd();
  const message = text(roomId, people[0]!);
  await sendBatch(first, [message]);
  await whileHeld(lockPosition(roomId, people[middle]!), async () => {
    const deleted = await deleteForEveryone(second, { roomId, messageId: message.id, userId: people[0]! });
    t.equal(deleted.kind, "changed");
  });
});

test("a read mark waits for no room", async (t) => {
  const { roomId, people } = await makeCrowd();
  await sendBatch(first, [text(roomId, people[0]!)]);
  await whileHeld(
    (trx) => sendBatch(trx, [text(roomId, people[0]!)]),
    async () => {
      const marks = await markReadBatch(second, [{ roomId, userId: people[1]!, messageId: undefined }]);
      t.match(marks, [{ kind: "read", moved: true, seq: 1 }]);
    },
  );
});

test("pruning and sending", async (t) => {
  const sender = newUser("a");
  const rooms = Array.from({ length: count }, newId);
  for (const roomId of [...rooms].reverse()) await makeRoom(first, [sender], roomId);
  const batch = () => rooms.map((roomId) => text(roomId, sender));
  await sendBatch(first, batch());
  await sql`UPDATE messages.log SET at = '2001-01-01' WHERE room_id = ANY(${rooms}::text[])`.execute(first);
  const failed = await meet(
    (trx) => sql`SELECT FROM messages.rooms WHERE id = ${rooms[middle]!} FOR UPDATE`.execute(trx),
    () => pruneLog(first, new Date("2002-01-01")),
    () => sendBatch(second, batch()),
  );
  t.same(failed, []);
});
