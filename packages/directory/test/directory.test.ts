// Names are published once, looked up in batches, and never block for long.

import { setTimeout as sleep } from "node:timers/promises";
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { roomsRpc, type User } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { createDirectory } from "../src/index.js";

const issuedAt = 1_700_000_000_000;

function rig(t: Test, ttlMs = 30_000) {
  const hub = createLocalBus();
  const bus = hub.connect();
  t.teardown(() => bus.close());
  const users = new Map<string, User>();
  const asked: string[][] = [];
  const published: string[][] = [];
  const errors: unknown[] = [];
  const serve = () => [
    serveRpc(bus, roomsRpc.lookupUsers, async ({ userIds }) => {
      asked.push(userIds);
      return { users: userIds.map((_id) => users.get(_id) ?? { _id, name: null, avatar: null }) };
    }),
    serveRpc(bus, roomsRpc.learnUsers, async ({ users: news }) => {
      published.push(news.map(({ _id }) => _id));
      for (const { _id, name = null, avatar = null } of news) users.set(_id, { _id, name, avatar });
      return {};
    }),
  ];
  const directory = createDirectory(bus, { onError: (error) => errors.push(error), ttlMs });
  return { bus, directory, users, asked, published, errors, serve };
}

test("concurrent lookups are one request, and known names are not requested again", async (t) => {
  const { directory, users, asked, serve } = rig(t);
  serve();
  users.set("a", { _id: "a", name: "Ann", avatar: null });
  const answers = await Promise.all([directory.resolve(["a", "b"]), directory.resolve(["b", "a", "a"])]);
  for (const answer of answers) t.same([answer.get("a")?.name, answer.get("b")?.name], ["Ann", null]);
  t.equal(asked.length, 1);
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
  t.equal(asked.length, 1);
});

test("a user who was just learned has a name, even if a lookup found none before", async (t) => {
  const { directory, published, serve } = rig(t);
  serve();
  await directory.resolve(["a"]);
  await Promise.all([
    directory.learn({ userId: "a", name: "Ann", avatar: undefined, issuedAt }),
    directory.learn({ userId: "b", name: "Bob", avatar: undefined, issuedAt }),
  ]);
  t.same(published, [["a", "b"]], "in one message");
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
  await directory.learn({ userId: "a", name: "Ann", avatar: undefined, issuedAt });
  t.equal(published.length, 1, "an unchanged user is not published again");
  await directory.learn({ userId: "a", name: "Anna", avatar: undefined, issuedAt });
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Anna");
});

test("a name that is learned during a lookup is not overwritten by an older one", async (t) => {
  const { bus, directory, serve } = rig(t);
  const [lookups] = serve();
  lookups?.unsubscribe();
  let asked = 0;
  let answer: (name: string) => void = () => undefined;
  const held = new Promise<string>((resolve) => {
    answer = resolve;
  });
  serveRpc(bus, roomsRpc.lookupUsers, async () => {
    const name = ++asked === 1 ? await held : "Anna";
    return { users: [{ _id: "a", name, avatar: null }] };
  });
  const before = directory.resolve(["a"]);
  await until("it is asked", () => asked === 1);
  await directory.learn({ userId: "a", name: "Anna", avatar: undefined, issuedAt });
  answer("Ann");
  await before;
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Anna");
});

test("a stale name is kept when the lookup fails", async (t) => {
  const { directory, users, serve } = rig(t, 1);
  const subscriptions = serve();
  users.set("a", { _id: "a", name: "Ann", avatar: "a.png" });
  await directory.resolve(["a"]);
  for (const subscription of subscriptions) subscription.unsubscribe();
  users.set("a", { _id: "a", name: "Anna", avatar: null });
  t.same((await directory.resolve(["a"])).get("a"), { _id: "a", name: "Ann", avatar: "a.png" });
  await directory.learn({ userId: "a", name: "Anna", avatar: undefined, issuedAt });
  t.same((await directory.resolve(["a"])).get("a"), { _id: "a", name: "Anna", avatar: "a.png" });
  serve();
  await until("the picture is gone", async () => (await directory.resolve(["a"])).get("a")?.avatar === null);
});

test("a stale name is returned at once and refreshed in the background", async (t) => {
  const { directory, users, asked, serve } = rig(t, 1);
  serve();
  users.set("a", { _id: "a", name: "Ann", avatar: null });
  await directory.resolve(["a"]);
  users.set("a", { _id: "a", name: "Anna", avatar: null });
  await sleep(5);
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
  await until("it is asked again", () => asked.length > 1);
  await until("the new name is known", async () => (await directory.resolve(["a"])).get("a")?.name === "Anna");
});

test("a rooms-api that hangs is awaited once, not for each new name", async (t) => {
  const { bus, directory, users, errors, serve } = rig(t, 1);
  const [lookups] = serve();
  users.set("a", { _id: "a", name: "Ann", avatar: null });
  await directory.resolve(["a"]);
  lookups?.unsubscribe();
  let asked = 0;
  let answer: () => void = () => undefined;
  const hanging = new Promise<{ users: User[] }>((resolve) => {
    answer = () => resolve({ users: [] });
  });
  serveRpc(bus, roomsRpc.lookupUsers, () => {
    asked++;
    return hanging;
  });
  await sleep(5);
  const before = performance.now();
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
  t.ok(performance.now() - before < 500, "a known name waits for nobody");
  t.equal((await directory.resolve(["b"])).get("b")?.name, null);
  for (let i = 0; i < 20; i++) await directory.resolve(["a", `new ${i}`]);
  t.ok(performance.now() - before < 1_900, "one question was waited for");
  t.equal(asked, 1);
  t.equal(errors.length, 1);
  answer();
});

test("a batch fits into one bus message, whatever characters the names have", async (t) => {
  const { bus, directory, asked, published, errors, serve } = rig(t);
  serve();
  const userIds = Array.from({ length: 500 }, (_, i) => `${i}`.padEnd(128, "\u0001"));
  const [name, avatar] = ["\u0001".repeat(200), "\u0001".repeat(2048)];
  await Promise.all(userIds.map((userId) => directory.learn({ userId, name, avatar, issuedAt })));
  const elsewhere = createDirectory(bus, { onError: (error) => errors.push(error) });
  const users = await elsewhere.resolve(userIds);
  t.same(errors, []);
  t.ok([...users.values()].every((user) => user.name === name && user.avatar === avatar));
  t.equal(published.flat().length, 500);
  t.equal(asked.flat().length, 500);
});

test("while rooms-api is down users have their last known names, nothing blocks, and learning is retried", async (t) => {
  const { directory, published, errors, serve } = rig(t);
  await directory.learn({ userId: "a", name: "Ann", avatar: undefined, issuedAt });
  t.same(
    [...(await directory.resolve(["a", "b"])).values()],
    [
      { _id: "a", name: "Ann", avatar: null },
      { _id: "b", name: null, avatar: null },
    ],
  );
  t.equal(errors.length, 2);
  serve();
  await directory.learn({ userId: "a", name: "Ann", avatar: undefined, issuedAt });
  t.same(published, [["a"]]);
  t.equal((await directory.resolve(["a"])).get("a")?.name, "Ann");
});

test("of two names learned in one turn the later one stays, also where they go in different batches", async (t) => {
  const { bus, directory } = rig(t);
  const names: Array<string | undefined> = [];
  serveRpc(bus, roomsRpc.learnUsers, async ({ users }) => {
    for (const { _id, name } of users) if (_id === "ann") names.push(name);
    return {};
  });
  const learned = [directory.learn({ userId: "ann", name: "Old", avatar: undefined, issuedAt })];
  for (let n = 0; n < 100; n++)
    learned.push(directory.learn({ userId: `u${n}`, name: "Somebody", avatar: undefined, issuedAt }));
  learned.push(directory.learn({ userId: "ann", name: "New", avatar: undefined, issuedAt }));
  await Promise.all(learned);
  t.same(names, ["New", "New"]);
});

test("an older token says nothing, here or in rooms-api, and a newer one that says the same is passed on", async (t) => {
  const { bus, directory } = rig(t);
  const saved: Array<[string | undefined, number | undefined]> = [];
  serveRpc(bus, roomsRpc.learnUsers, async ({ users }) => {
    for (const { name, issuedAt } of users) saved.push([name, issuedAt]);
    return {};
  });
  serveRpc(bus, roomsRpc.lookupUsers, () => new Promise(() => {}));
  const say = (name: string, issuedAt: number | null) =>
    directory.learn({ userId: "ann", name, avatar: undefined, issuedAt });
  await say("Anna", 2_000);
  await say("Ann", 1_000);
  await say("Anna", 2_000);
  await say("Ann", null);
  await say("Anna", 3_000);
  await until("it is passed on", () => saved.length === 2);
  t.same(saved, [
    ["Anna", 2_000],
    ["Anna", 3_000],
  ]);
  t.equal((await directory.resolve(["ann"])).get("ann")?.name, "Anna");
  await say("Annie", 3_000);
  t.same(saved.at(-1), ["Annie", 3_000], "of the same second the last one counts");
});

test("a token that says no time fills in what is missing", async (t) => {
  const { bus, directory } = rig(t);
  const saved: object[] = [];
  serveRpc(bus, roomsRpc.learnUsers, async ({ users }) => {
    saved.push(...users);
    return {};
  });
  await directory.learn({ userId: "ann", name: "Ann", avatar: undefined, issuedAt: null });
  await directory.learn({ userId: "ann", name: "Anna", avatar: "a.png", issuedAt: null });
  t.same(saved, [
    { _id: "ann", name: "Ann" },
    { _id: "ann", name: "Anna", avatar: "a.png" },
  ]);
  t.same((await directory.resolve(["ann"])).get("ann"), { _id: "ann", name: "Ann", avatar: "a.png" });
});
