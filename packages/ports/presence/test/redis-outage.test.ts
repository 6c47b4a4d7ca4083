// Presence while Redis is away, hangs, or comes back empty.
import { setTimeout as pause } from "node:timers/promises";
import { gateTo } from "@khui/test-kit/gate";
import { keyspace } from "@khui/test-kit/keyspace";
import { redisForTest } from "@khui/test-kit/servers/redis";
import { type Test, test } from "tap";
import { connectRedisPresence } from "../src/redis.js";

async function gatedPresence(t: Test) {
  const url = await redisForTest(t);
  const { prefix, wipe } = keyspace(t, url);
  const gate = await gateTo(t, url);
  const errors: Error[] = [];
  const open = () => {
    const presence = connectRedisPresence({ url: gate.url, prefix, onError: (error) => errors.push(error) });
    t.teardown(() => presence.close());
    return presence;
  };
  return { gate, errors, open, wipe };
}

async function answersAgain(ping: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (
    !(await ping().then(
      () => true,
      () => false,
    ))
  ) {
    if (Date.now() > deadline) throw new Error("Redis was not reached again in 20 s");
    await pause(10);
  }
}

test("calls reject quickly while Redis is away, and work again when it is back", async (t) => {
  const { gate, errors, open } = await gatedPresence(t);
  const presence = open();
  await presence.renew("a", 60_000);
  await presence.connect("a", [{ userId: "u", choice: { status: "online", revision: 0 } }]);

  await gate.shut();
  const start = performance.now();
  await t.rejects(presence.lookup(["u"]));
  await t.rejects(presence.connect("a", [{ userId: "never" }]));
  await t.rejects(presence.reap());
  await t.rejects(presence.ping());
  t.ok(performance.now() - start < 5_000, "four calls reject sooner than they would wait for answers");

  while (errors.length === 0) await pause(5);
  await gate.open();
  await answersAgain(() => presence.ping());
  const states = await presence.lookup(["u", "never"]);
  t.same(
    states.map(({ status }) => status),
    ["online", "offline"],
    "what was rejected is not applied later",
  );
  t.same(await presence.renew("a", 60_000), { known: true });
});

test("calls in flight reject when the connection breaks", async (t) => {
  const { gate, open } = await gatedPresence(t);
  const presence = open();
  await presence.ping();
  gate.hold();
  const start = performance.now();
  const inFlight = t.rejects(presence.lookup(["u"]));
  await gate.shut();
  await inFlight;
  t.ok(performance.now() - start < 10_000);
});

test("calls to a Redis that hangs reject in a few seconds, and work again when it answers", async (t) => {
  const { gate, open } = await gatedPresence(t);
  const presence = open();
  await presence.ping();
  gate.hold();
  const start = performance.now();
  await t.rejects(presence.lookup(["u"]));
  t.ok(performance.now() - start < 4_000);
  await gate.open();
  await answersAgain(() => presence.ping());
});

test("a connection that lost its way is given up and replaced", async (t) => {
  const { gate, open } = await gatedPresence(t);
  const presence = open();
  await presence.ping();
  gate.lose();
  await t.rejects(presence.ping());
  await answersAgain(() => presence.ping());
});

test("a Redis that is not there at first is found later", async (t) => {
  const { gate, errors, open } = await gatedPresence(t);
  await gate.shut();
  const presence = open();
  await t.rejects(presence.ping());
  t.ok(errors.length > 0, "the error was reported");
  await gate.open();
  await answersAgain(() => presence.ping());
  t.same(await presence.renew("a", 60_000), { known: false });
});

test("after a restart that lost everything instances are unknown and register again", async (t) => {
  const { gate, open, wipe } = await gatedPresence(t);
  const presence = open();
  await presence.renew("a", 60_000);
  await presence.connect("a", [{ userId: "u", choice: { status: "online", revision: 0 } }]);

  await gate.shut();
  await wipe();
  await gate.open();
  await answersAgain(() => presence.ping());
  t.same(await presence.renew("a", 60_000), { known: false });
  t.match(await presence.connect("a", [{ userId: "u", choice: { status: "online", revision: 0 } }]), [
    { userId: "u", before: "offline", after: "online" },
  ]);
});

test("closing while Redis is away ends the attempts to reach it", async (t) => {
  const { gate, open } = await gatedPresence(t);
  const presence = open();
  await presence.ping();
  await gate.shut();
  await t.rejects(presence.ping());
  await presence.close();
  await t.rejects(presence.ping());
});
