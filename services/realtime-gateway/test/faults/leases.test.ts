// A killed gateway's users go offline for everyone, once, and no ghost of it stays in Redis; nor does an empty Redis show who is invisible.

import { type Client, connectClient } from "@khui/test-kit/client";
import { startDistributed } from "@khui/test-kit/distributed";
import { keyspace } from "@khui/test-kit/keyspace";
import { eventually, groupRoom, type User, useSystem } from "@khui/test-kit/system";
import { type Test, test } from "tap";

/** 20 s are promised; a busy machine may stretch them. */
const timeoutMs = 40_000;
const prefix = "khui:presence:";

async function connectTo(t: Test, url: string, { id, token }: User): Promise<Client> {
  const connect = { transports: ["websocket"], reconnection: false };
  const client = await connectClient({
    url,
    userId: id,
    token,
    connect,
    onViolation: (violation) => t.fail(violation),
  });
  t.teardown(client.close);
  return client;
}

test("a killed gateway's users", async (t) => {
  const system = await startDistributed();
  t.teardown(() => system.stop());
  const people = await useSystem(t, system);
  const [alice, bob, carol] = [people.newUser("Alice"), people.newUser("Bob"), people.newUser("Carol")];
  const { redis } = keyspace(t, system.backends.redisUrl!);
  const [doomed, survivor] = system.gateways as [string, string];
  const rooms = [await groupRoom(carol, [alice, bob]), await groupRoom(carol, [alice, bob])];

  const observer = await connectTo(t, survivor, carol);
  for (const roomId of rooms) await observer.join(roomId);
  const lost = await connectTo(t, doomed, alice);
  await connectTo(t, doomed, bob);
  await connectTo(t, survivor, bob);
  await observer.next("user_online", ({ userId }) => userId === alice.id);
  await observer.next("user_online", ({ userId }) => userId === bob.id);

  const offline = (user: User) => observer.count("user_offline", ({ userId }) => userId === user.id);
  const online = async () => {
    const answer = await observer.ask("get_online_users");
    if (!answer.success) throw new Error(answer.code);
    return (answer.data as { userId: string }[]).map(({ userId }) => userId).sort();
  };
  const instanceId = lost.socket.io.engine.id.split(".")[0];
  const life = await redis.hget(`${prefix}lives`, `boot:${instanceId}`);
  /** Whatever in Redis still refers to this instance of the gateway. */
  const traces = async () => {
    const [lives, lease, held] = await Promise.all([
      redis.hgetall(`${prefix}lives`),
      redis.zscore(`${prefix}leases`, `${life}`),
      redis.smembers(`${prefix}held:${life}`),
    ]);
    const holds = await Promise.all(
      [alice, bob, carol].map(async ({ id }) => Object.keys(await redis.hgetall(`${prefix}user:${id}`))),
    );
    return [
      ...Object.entries(lives).flatMap(([field, value]) => (field === `life:${life}` || value === life ? [field] : [])),
      ...(lease === null ? [] : [`lease until ${lease}`]),
      ...held.map((userId) => `holds ${userId}`),
      ...holds.flat().filter((field) => field === `@${life}`),
    ];
  };

  t.same(await online(), [alice.id, bob.id].sort(), "both are online");
  t.equal((await traces()).length, 7, "its instance, its life, its lease, and two users from both sides are in Redis");
  const killedAt = performance.now();
  await system.processes["realtime-gateway-1"].kill();
  await eventually(() => offline(alice) > 0, timeoutMs);
  t.pass(`the one who was only there is offline (${Math.round(performance.now() - killedAt)} ms)`);
  t.same(await online(), [bob.id], "the one who is elsewhere too is online");
  await eventually(async () => (await traces()).length === 0, timeoutMs);
  t.pass("nothing of it is left in Redis");

  await system.processes["realtime-gateway-1"].restart();
  await connectTo(t, doomed, alice);
  await observer.next("user_online", ({ userId }) => userId === alice.id);
  t.same(await online(), [alice.id, bob.id].sort(), "who comes back is online");
  t.equal(offline(alice), 1, "it was told once that she went");
  t.equal(offline(bob), 0, "and never that he did");
  t.equal(
    observer.count("user_online", ({ userId }) => userId === alice.id),
    2,
    "it was told once that she came back",
  );

  const hidden = await connectTo(t, survivor, alice);
  t.match(await hidden.ask("update_status", { status: "invisible" }), { success: true });
  await eventually(() => offline(alice) === 2, timeoutMs);
  const told = () =>
    observer.events.filter(({ payload }) => (payload as { userId?: string }).userId === alice.id).length;
  const before = told();
  const comings = observer.count("user_online", ({ userId }) => userId === bob.id);
  await redis.flushall();
  await eventually(() => observer.count("user_online", ({ userId }) => userId === bob.id) > comings, timeoutMs);
  // Her own gateways know her again, too.
  await eventually(async () => (await redis.hget(`${prefix}user:${alice.id}`, "status")) === "invisible", timeoutMs);
  t.same(
    await online(),
    [bob.id],
    "after Redis was emptied, who is online is shown again, and who is invisible is not",
  );
  t.equal(told(), before, "nor is anybody told of her");
});
