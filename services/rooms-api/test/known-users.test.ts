// The user directory: what is saved of users, and that saving the same again is free.
import { type Db, sql } from "@khui/database";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import t from "tap";
import { schema } from "../src/service.js";
import { findUsers, saveUsers } from "../src/store/users.js";

const database = await openOwnDatabase(t);
await database.migrate(schema.name, schema.migrations);
const db: Db = database.kysely();

/** Which version of its row each user has, and who locked it last: any write to it changes one of them. */
async function versions(): Promise<unknown[]> {
  const { rows } = await sql`SELECT id, xmin::text, xmax::text, ctid::text FROM rooms.users ORDER BY id`.execute(db);
  return rows;
}

await t.test("an absent field leaves what is known, and the last of several counts", async (t) => {
  await saveUsers(db, [{ _id: "b", name: "Bob", avatar: "b.png" }, { _id: "a" }, { _id: "c", name: "C" }]);
  await saveUsers(db, [
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
  await saveUsers(db, users);
  const before = await versions();
  await saveUsers(db, users);
  await saveUsers(db, [{ _id: "x" }, { _id: "y", name: "Y" }, { _id: "x", avatar: "x.png" }]);
  t.same(await versions(), before);
  await saveUsers(db, [...users, { _id: "y", avatar: "y.png" }]);
  const after = await versions();
  t.equal(after.filter((row, n) => JSON.stringify(row) !== JSON.stringify(before[n])).length, 1);
});
