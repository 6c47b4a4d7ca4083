// Names are learned once, asked in batches, and never in the way.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { roomsRpc, type User } from "@khui/contracts";
import { type Test, test } from "tap";
import { createDirectory } from "../src/index.js";

function rig(t: Test, ttlMs = 30_000) {
  const hub = createLocalBus();
  const bus = hub.connect();
  t.teardown(() => bus.close());
  const users = new Map<string, User>();
  const asked: string[][] = [];
  const told: string[][] = [];
  const errors: unknown[] = [];
  const serve = () => [
    serveRpc(bus, roomsRpc.lookupUsers, async ({ userIds }) => {
      asked.push(userIds);
      return { users: userIds.map((_id) => users.get(_id) ?? { _id, name: null, avatar: null }) };
    }),
    serveRpc(bus, roomsRpc.learnUsers, async ({ users: news }) => {
      told.push(news.map(({ _id }) => _id));
      for (const { _id, name = null, avatar = null } of news) users.set(_id, { _id, name, avatar });
      return {};
    }),
  ];
  const directory = createDirectory(bus, { onError: (error) => errors.push(error), ttlMs });
  return { directory, users, asked, told, errors, serve };
}

test("many who ask at once are one question, and what is known is not asked again", async (t) => {
  const { directory, users, asked, serve } = rig(t);
  serve();
  users.set("a", { _id: "a", name: "Ann", avatar: null });
  const answers = await Promise.all([directory.resolve(["a", "b"]), directory.resolve(["b", "a", "a"])]);
  for (const answer of answers) t.same([answer.get("a")?.name, answer.get("b")?.name], ["Ann", null]);
  t.equal(asked.length, 1);
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
  t.equal(asked.length, 1);
});

test("who was just learned has a name, though asked before", async (t) => {
  const { directory, told, serve } = rig(t);
  serve();
  await directory.resolve(["a"]);
  await Promise.all([
    directory.learn({ userId: "a", name: "Ann", avatar: undefined }),
    directory.learn({ userId: "b", name: "Bob", avatar: undefined }),
  ]);
  t.same(told, [["a", "b"]], "in one message");
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
  await directory.learn({ userId: "a", name: "Ann", avatar: undefined });
  t.equal(told.length, 1, "the same again is no news");
  await directory.learn({ userId: "a", name: "Anna", avatar: undefined });
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Anna");
});

test("a name that has to be asked again is kept when nobody answers", async (t) => {
  const { directory, users, serve } = rig(t, 1);
  const subscriptions = serve();
  users.set("a", { _id: "a", name: "Ann", avatar: "a.png" });
  await directory.resolve(["a"]);
  for (const subscription of subscriptions) subscription.unsubscribe();
  users.set("a", { _id: "a", name: "Anna", avatar: null });
  t.same((await directory.resolve(["a"])).get("a"), { _id: "a", name: "Ann", avatar: "a.png" });
  await directory.learn({ userId: "a", name: "Anna", avatar: undefined });
  t.same((await directory.resolve(["a"])).get("a"), { _id: "a", name: "Anna", avatar: "a.png" });
  serve();
  t.same((await directory.resolve(["a"])).get("a"), { _id: "a", name: "Anna", avatar: null });
});

test("while rooms-api is away people have the names last known, nothing waits, and it is tried again", async (t) => {
  const { directory, told, errors, serve } = rig(t);
  await directory.learn({ userId: "a", name: "Ann", avatar: undefined });
  t.same(
    [...(await directory.resolve(["a", "b"])).values()],
    [
      { _id: "a", name: "Ann", avatar: null },
      { _id: "b", name: null, avatar: null },
    ],
  );
  t.equal(errors.length, 2);
  serve();
  await directory.learn({ userId: "a", name: "Ann", avatar: undefined });
  t.same(told, [["a"]]);
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
});
