// A room projected anew has the members, roles and settings that rooms-api names, and its log says who came and went.
import { defaultSettings, type RoomChange } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import t, { test } from "tap";
import { appendRoomChange } from "../src/actions/membership.js";
import { readLog } from "../src/store/history.js";
import { sendBatch } from "../src/store/send.js";
import { offline } from "./offline.js";
import { openReplicas } from "./postgres.js";
import { faultsOf } from "./recount.js";
import { makeRoom, newId, newUser, text } from "./room.js";

const [db] = (await openReplicas(t, 1)) as [Db];
const context = offline(db);
const apply = (roomId: string, changeNo: number, change: RoomChange) =>
  appendRoomChange(context, roomId, changeNo, change);

type Members = Readonly<Record<string, "admin" | "member">>;

const projection = (members: Members, after: string | null = null, upTo: string | null = null): RoomChange => ({
  kind: "projected",
  type: "group",
  settings: { ...defaultSettings, allowStickers: false },
  after,
  upTo,
  members: Object.entries(members).map(([userId, role]) => ({ userId, role })),
});

async function membersIn(roomId: string): Promise<Members> {
  const { rows } = await sql<{ user_id: string; role: "admin" | "member" }>`
    SELECT user_id, role FROM messages.members WHERE room_id = ${roomId} AND is_active`.execute(db);
  return Object.fromEntries(rows.map(({ user_id, role }) => [user_id, role]));
}

const eventsOf = async (roomId: string) =>
  (await readLog(db, roomId, 0, 100))?.entries.map(({ entry: { event, data } }) => [
    event,
    data?.userId,
    data?.members,
  ]);

test("members come and go, roles and settings change, and later changes follow", async (t) => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map(newUser) as [string, string, string, string];
  const roomId = await makeRoom(db, [a, b, c]);
  await sendBatch(db, [text(roomId, c)]);
  t.same(
    await apply(roomId, 5, { kind: "joined", userId: d, role: "member", text: "" }),
    { applied: 1 },
    "2 to 4 are lost",
  );
  const members: Members = { [a]: "member", [b]: "admin", [d]: "member" };
  t.same(await apply(roomId, 6, projection(members)), { applied: 6 });
  t.same(await membersIn(roomId), members);
  t.same(await eventsOf(roomId), [
    ["new_message", undefined, undefined],
    ["user_left_chat", c, 2],
    ["user_joined_chat", d, 3],
  ]);
  t.same(await apply(roomId, 6, projection({})), { applied: 6 }, "a change seen before changes nothing");
  t.same(await apply(roomId, 7, { kind: "left", userId: d, newAdmin: null, text: "" }), { applied: 7 });
  t.same(await membersIn(roomId), { [a]: "member", [b]: "admin" });
  t.same(await faultsOf(db, roomId, [a, b, c, d]), []);
  const [refused] = await sendBatch(db, [text(roomId, a, { type: "sticker" })]);
  t.match(refused, { kind: "refused", code: "stickers_not_allowed" });
});

test("a room that is not there is made, page by page", async (t) => {
  const roomId = newId();
  t.same(await apply(roomId, 3, projection({ a: "admin", b: "member" }, null, "b")), { applied: 3 });
  t.same(await apply(roomId, 5, projection({ d: "member" }, "c", null)), { applied: 3 }, "each after its predecessor");
  t.same(await apply(roomId, 4, projection({ c: "member" }, "b", null)), { applied: 4 });
  t.same(await membersIn(roomId), { a: "admin", b: "member", c: "member" });
  t.same(await faultsOf(db, roomId, ["a", "b", "c"]), []);
  t.same(await apply(roomId, 6, projection({}, null, "a")), { applied: 6 }, "a page is about its own ids alone");
  t.same(await membersIn(roomId), { b: "member", c: "member" });
});
