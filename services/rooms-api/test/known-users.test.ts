// The user directory: what is saved of users and of the status they choose, and that saving the same again is free.
import type { UserProfile } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t from "tap";
import { schema } from "../src/service.js";
import { chooseStatus, findStatuses } from "../src/store/statuses.js";
import { findUsers, saveUsers } from "../src/store/users.js";

const database = await openOwnDatabase(t);
await database.migrate(schema.name, schema.migrations);
const db: Db = database.kysely();

/** As of one time. */
const saveAt = (issuedAt: number, users: UserProfile[]) =>
  saveUsers(
    db,
    users.map((user) => ({ ...user, issuedAt })),
  );

/** Which version of its row each user has, and who locked it last: any write to it changes one of them. */
async function versions(): Promise<unknown[]> {
  const { rows } = await sql`SELECT id, xmin::text, xmax::text, ctid::text FROM rooms.users ORDER BY id`.execute(db);
  return rows;
}

await t.test("an absent field leaves what is known, and the last of several counts", async (t) => {
  await saveAt(1_000, [{ _id: "b", name: "Bob", avatar: "b.png" }, { _id: "a" }, { _id: "c", name: "C" }]);
  await saveAt(1_000, [
    { _id: "c", avatar: "c.png" },
    { _id: "b", name: "Bert" },
    { _id: "b", name: "Ben" },
    { _id: "a" },
  ]);
  t.strictSame(await findUsers(db, ["c", "nobody", "a", "b", "b"]), [
    { _id: "c", name: "C", avatar: "c.png" },
    { _id: "nobody", name: null, avatar: null },
    { _id: "a", name: null, avatar: null },
    { _id: "b", name: "Ben", avatar: "b.png" },
    { _id: "b", name: "Ben", avatar: "b.png" },
  ]);
});

await t.test("what is known already is neither written nor locked", async (t) => {
  const users = [{ _id: "x", name: "X", avatar: "x.png" }, { _id: "y", name: "Y" }, { _id: "z" }];
  await saveAt(1_000, users);
  const before = await versions();
  await saveAt(1_000, users);
  await saveAt(1_000, [{ _id: "x" }, { _id: "y", name: "Y" }, { _id: "x", avatar: "x.png" }]);
  t.same(await versions(), before);
  await saveAt(1_000, [...users, { _id: "y", avatar: "y.png" }]);
  const after = await versions();
  t.equal(after.filter((row, n) => JSON.stringify(row) !== JSON.stringify(before[n])).length, 1);
});

await t.test("what was issued later counts, and what says no time only fills in what is missing", async (t) => {
  const shown = async () => (await findUsers(db, ["n"])).flatMap(({ name, avatar }) => [name, avatar]);
  await saveUsers(db, [{ _id: "n", name: "Early" }]);
  t.same(await shown(), ["Early", null]);
  await saveUsers(db, [{ _id: "n", name: "Other", avatar: "a.png" }]);
  t.same(await shown(), ["Early", "a.png"], "no time");
  await saveAt(2_000, [{ _id: "n", name: "New", avatar: "b.png" }]);
  await saveAt(1_000, [{ _id: "n", name: "Old", avatar: "c.png" }]);
  t.same(await shown(), ["New", "b.png"], "an older one");
  await saveAt(4_000, [{ _id: "n", name: "New" }]);
  await saveAt(3_000, [{ _id: "n", name: "Older", avatar: "d.png" }]);
  t.same(await shown(), ["New", "b.png"], "one older than another that said the same");
  await saveAt(9_000, [{ _id: "n" }, { _id: "n", name: "\u200b" }]);
  await saveAt(4_000, [{ _id: "n", name: "Same time" }]);
  t.same(await shown(), ["Same time", "b.png"], "at the same time the last one; one that says nothing is none");
  await saveAt(Number.MAX_SAFE_INTEGER, [{ _id: "n", name: "For good" }]);
  await saveAt(Date.now() + 60_000, [{ _id: "n", name: "Next" }]);
  t.same(await shown(), ["Next", "b.png"], "nothing is issued far in the future");
  await saveUsers(db, [
    { _id: "m", name: "Middle", issuedAt: 2_000 },
    { _id: "m", name: "Last", issuedAt: 3_000 },
    { _id: "m", name: "First", avatar: "m.png", issuedAt: 1_000 },
    { _id: "m", name: "None" },
  ]);
  t.same(await findUsers(db, ["m"]), [{ _id: "m", name: "Last", avatar: "m.png" }], "also in one batch");
});
await t.test(
  "the last choice of a status counts, each has a higher revision, and the same again keeps it",
  async (t) => {
    t.same(await findStatuses(db, ["never"]), [{ status: "online", revision: 0 }]);
    const revisions: number[] = [];
    for (const status of ["invisible", "away", "away", "online"] as const)
      revisions.push(await chooseStatus(db, "d", status));
    const [first, away, again, last] = revisions as [number, number, number, number];
    t.ok(first > 0 && away > first && again === away && last > away);
    t.same(await findStatuses(db, ["x", "d"]), [
      { status: "online", revision: 0 },
      { status: "online", revision: last },
    ]);
    const many = await Promise.all(
      (["busy", "invisible", "busy", "away"] as const).map((one) => chooseStatus(db, "d", one)),
    );
    const [{ revision } = { revision: 0 }] = await findStatuses(db, ["d"]);
    t.equal(revision, Math.max(...many));
    await chooseStatus(db, "d", "busy", revision - 1);
    t.equal((await findStatuses(db, ["d"]))[0]?.revision, revision, "one from before that comes late changes nothing");
    await chooseStatus(db, "d", "busy", revision + 1);
    t.same(await findStatuses(db, ["d"]), [{ status: "busy", revision: revision + 1 }]);
  },
);
