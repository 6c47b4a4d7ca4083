// Presence in Redis.

import { presenceConformance } from "@khui/conformance/presence";
import { keyspace } from "@khui/test-kit/keyspace";
import { redisForTest } from "@khui/test-kit/servers/redis";
import { test } from "tap";
import { connectRedisPresence } from "../src/redis.js";

const fail = (error: Error) => {
  throw error;
};

test("Redis presence", async (t) => {
  const url = await redisForTest(t);
  let opened = 0;
  const { prefix } = keyspace(t, url);
  await presenceConformance(t, async () =>
    connectRedisPresence({ url, prefix: `${prefix}${opened++}:`, onError: fail }),
  );
});

test("two processes see the same presence, and each change is reaped by one of them", async (t) => {
  const url = await redisForTest(t);
  const { prefix } = keyspace(t, url);
  const one = connectRedisPresence({ url, prefix, onError: fail });
  const two = connectRedisPresence({ url, prefix, onError: fail });
  t.teardown(() => Promise.all([one.close(), two.close()]));

  const userIds = Array.from({ length: 3_000 }, (_, i) => `u${i}`);
  await one.renew("a", 60_000);
  await one.connect("a", userIds.map(online));
  t.ok((await two.lookup(userIds)).every(({ status }) => status === "online"));

  await one.renew("a", 1);
  while ((await two.lookup(["u0"]))[0]?.status !== "offline");
  const [first, second, third] = await Promise.all([one.reap(), two.reap(), two.reap()]);
  const reaped = [...first, ...second, ...third].map(({ userId }) => userId);
  t.same(reaped.sort(), [...userIds].sort());
});

test("who was reaped before a step failed is returned, and the rest when it works again", async (t) => {
  const url = await redisForTest(t);
  const { redis, prefix } = keyspace(t, url);
  const presence = connectRedisPresence({ url, prefix, onError: fail });
  t.teardown(() => presence.close());
  for (const instanceId of ["a", "b"]) {
    await presence.renew(instanceId, 60_000);
    await presence.connect(instanceId, [online(`of ${instanceId}`)]);
  }
  // The leases end one after the other, and that is the order of reaping.
  for (const instanceId of ["a", "b"]) {
    await presence.renew(instanceId, 1);
    while ((await presence.lookup([`of ${instanceId}`]))[0]?.status !== "offline");
  }
  const held = `${prefix}held:${await redis.hget(`${prefix}lives`, "boot:b")}`;
  await redis.rename(held, `${held}:kept`);
  await redis.set(held, "no set");
  t.same(await presence.reap(), [{ userId: "of a", before: "online", after: "offline" }]);
  await t.rejects(presence.reap(), "there is nobody to return");
  await redis.rename(`${held}:kept`, held);
  t.same(await presence.reap(), [{ userId: "of b", before: "online", after: "offline" }]);
});

test("of users who are offline only the status and lastSeen remain, for 30 days", async (t) => {
  const url = await redisForTest(t);
  const { redis, prefix, keys } = keyspace(t, url);
  const presence = connectRedisPresence({ url, prefix, onError: fail });
  t.teardown(() => presence.close());

  await presence.renew("a", 60_000);
  await presence.renew("b", 60_000);
  await presence.connect("a", [
    { userId: "disconnected", choice: { status: "busy", revision: 1 } },
    ...["left", "both"].map(online),
  ]);
  await presence.connect("b", ["reaped", "both"].map(online));
  t.equal(await redis.pttl(`${prefix}user:left`), -1, "a user with a socket does not expire");
  await presence.setStatus("never connected", { status: "away", revision: 1 });
  await presence.disconnect("a", ["disconnected", "unheard of"]);
  await presence.renew("a", 1);
  while ((await presence.lookup(["left"]))[0]?.status !== "offline");
  await presence.reap();
  await presence.renew("b", 1);
  while ((await presence.lookup(["reaped"]))[0]?.status !== "offline");
  await presence.reap();

  const expected = ["both", "disconnected", "left", "never connected", "reaped"].map((id) => `${prefix}user:${id}`);
  const chosen = expected.map((key) => key.replace(":user:", ":chosen:"));
  const kept = new Set([`${prefix}counter`, `${prefix}clock`]);
  const left = (await keys()).filter((key) => !kept.has(key)).sort();
  t.same(left, [...expected, ...chosen].sort());
  for (const key of left) {
    const days = (await redis.pttl(key)) / (24 * 60 * 60 * 1000);
    t.ok(days > 29 && days <= 30, `${key} expires in ${days} days`);
    const fields = await redis.hkeys(key);
    t.same(
      fields.filter((field) => !["status", "seen", "revision"].includes(field)),
      [],
    );
  }

  await presence.renew("a", 60_000);
  await presence.connect("a", [online("left")]);
  t.equal(await redis.pttl(`${prefix}user:left`), -1, "a user who comes back does not expire");
});

test("a room in which nobody types any more leaves nothing behind", async (t) => {
  const url = await redisForTest(t);
  const { redis, prefix, keys } = keyspace(t, url);
  const presence = connectRedisPresence({ url, prefix, onError: fail });
  t.teardown(() => presence.close());

  await presence.renew("a", 60_000);
  await presence.connect("a", ["u", "v"].map(online));
  const both = ["typing", "typists"].map((kind) => `${prefix}${kind}:room`);
  const typingKeys = async () => (await keys()).filter((key) => /:(typing|typists):/.test(key)).sort();
  await presence.startTyping("a", "lively", "u", 60_000);
  await presence.startTyping("a", "lively", "v", 20);
  for (const key of ["typing", "typists"].map((kind) => `${prefix}${kind}:lively`)) {
    t.ok((await redis.pttl(key)) > 20, "a room lasts as long as the one who types longest");
    await redis.del(key);
  }

  await presence.startTyping("a", "room", "u", 2_000);
  await presence.startTyping("a", "room", "v", 1_000);
  t.same(await typingKeys(), both.sort());
  while ((await typingKeys()).length > 0);
  t.same(await presence.typing("room"), []);
});

test("rooms that users have opened are forgotten when they are offline", async (t) => {
  const url = await redisForTest(t);
  const { prefix, keys } = keyspace(t, url);
  const presence = connectRedisPresence({ url, prefix, onError: fail });
  t.teardown(() => presence.close());
  await presence.renew("a", 60_000);
  await presence.connect("a", [online("u")]);
  await presence.setOpen("a", [{ roomId: "room", userId: "u", isOpen: true }]);
  t.ok((await keys()).includes(`${prefix}rooms:u`));
  await presence.disconnect("a", ["u"]);
  while ((await keys()).includes(`${prefix}rooms:u`));
});

test("a store that was emptied begins another epoch", async (t) => {
  const url = await redisForTest(t);
  const { redis, prefix, keys } = keyspace(t, url);
  const presence = connectRedisPresence({ url, prefix, onError: fail });
  t.teardown(() => presence.close());
  const moment = async () => (await presence.lookup(["u"]))[0]!.moment;
  const before = await moment();
  await redis.del(...(await keys()));
  t.not((await moment()).epoch, before.epoch);
});

const online = (userId: string) => ({ userId, choice: { status: "online" as const, revision: 0 } });
