// Numbers from before a restore are told from those of the restored log.
import { type Db, sql } from "@khui/database";
import t, { test } from "tap";
import { messagesPage } from "../src/queries/history.js";
import { openRoom, openRooms } from "../src/queries/open-rooms.js";
import { compareHeads } from "../src/store/history.js";
import { beginEpoch } from "../src/store/log-epoch.js";
import { sendBatch } from "../src/store/send.js";
import { offline } from "./offline.js";
import { openReplicas } from "./postgres.js";
import { makeRoom, newUser, text } from "./room.js";

const [db, other] = (await openReplicas(t, 2)) as [Db, Db];
const user = newUser("a");
const context = offline(db);
const roomId = await makeRoom(db, [user]);
await sendBatch(
  db,
  Array.from({ length: 3 }, () => text(roomId, user)),
);
const epochNow = async () => (await compareHeads(db, [])).epoch;

test("a number beyond the head has to resync, in the question of now and in that of the release before", async (t) => {
  const epoch = await epochNow();
  for (const [afterSeq, resync] of [
    [3, false],
    [4, true],
    [Number.MAX_SAFE_INTEGER, true],
  ] as const) {
    const { rooms } = await openRooms(context, [{ userId: user, roomId, afterSeq }]);
    t.match(rooms, [{ seq: 3, epoch, ...(resync ? { resync } : {}) }]);
    t.match(await openRoom(context, { userId: user, roomId, afterSeq }), { seq: 3, resync, entries: [] });
  }
});

test("each restore begins one epoch, whichever replicas are started with its name, and how often", async (t) => {
  const epochs = [await epochNow()];
  for (const restored of ["first", "second"]) {
    await Promise.all([db, other, db].map((replica) => beginEpoch(replica, restored)));
    const epoch = await epochNow();
    await beginEpoch(other, restored);
    t.equal(await epochNow(), epoch);
    epochs.push(epoch);
  }
  t.equal(new Set(epochs).size, 3);
});

test("an epoch of before has no page", async (t) => {
  const request = { roomId, userId: user, limit: 9, page: 1, before: undefined, beforeSeq: undefined, afterSeq: 1 };
  const before = await messagesPage(context, request);
  t.match(before, { seq: 3, epoch: await epochNow(), resync: false });
  t.equal(before.messages.length, 2);
  await beginEpoch(db, "a restore");
  const after = await messagesPage(context, request, before.epoch);
  t.match(after, { messages: [], hasMore: false, seq: 3, epoch: await epochNow(), resync: true });
});

test("heads are compared both ways, and a room that does not exist is at its beginning", async (t) => {
  const nowhere = "f".repeat(24);
  const known = (seq: number) => [{ roomId, seq }];
  t.match(await compareHeads(db, known(2)), { ahead: known(3), behind: [] });
  t.match(await compareHeads(db, known(3)), { ahead: [], behind: [] });
  t.match(await compareHeads(db, [...known(9), { roomId: nowhere, seq: 1 }]), {
    ahead: [],
    behind: [...known(3), { roomId: nowhere, seq: 0 }],
  });
});

test("there is never a second epoch", async (t) => {
  await t.rejects(sql`INSERT INTO messages.log_epoch (is_only) VALUES (false)`.execute(db));
  await t.rejects(sql`INSERT INTO messages.log_epoch DEFAULT VALUES`.execute(db));
});
