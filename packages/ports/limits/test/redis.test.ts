// Limits counted in Redis, and their behaviour while Redis is unavailable.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { limitsConformance } from "@khui/conformance/limits";
import { gateTo } from "@khui/test-kit/gate";
import { redisForTest } from "@khui/test-kit/servers/redis";
import { type Test, test } from "tap";
import { connectRedisLimits } from "../src/redis.js";

const fail = (error: Error) => {
  throw error;
};

const ruleOf = (points: number) => ({ name: `test-${randomUUID()}`, points, perSeconds: 30 });

test("Redis limits", async (t) => {
  const url = await redisForTest(t);
  await limitsConformance(t, async () => connectRedisLimits({ url, timeoutMs: 10_000, onError: fail }));
});

test("processes on one Redis share their counters", async (t) => {
  const url = await redisForTest(t);
  const processes = [1, 2, 3].map(() => connectRedisLimits({ url, timeoutMs: 10_000, onError: fail }));
  t.teardown(() => Promise.all(processes.map((limits) => limits.close())));
  const rule = ruleOf(50);
  const takes = processes.flatMap((limits) => Array.from({ length: 40 }, () => limits.take(rule, "k")));
  t.equal((await Promise.all(takes)).filter(({ allowed }) => allowed).length, 50);
});

async function gated(t: Test) {
  const url = await redisForTest(t);
  const gate = await gateTo(t, url);
  const errors: Error[] = [];
  const open = (through: string, onError: (error: Error) => void) => {
    const limits = connectRedisLimits({ url: through, onError });
    t.teardown(() => limits.close());
    return limits;
  };
  return { gate, errors, behind: open(gate.url, (error) => errors.push(error)), direct: open(url, fail) };
}

async function answersAgain(ping: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 20_000;
  const answers = () =>
    ping().then(
      () => true,
      () => false,
    );
  while (!(await answers())) {
    if (Date.now() > deadline) throw new Error("Redis was not reached again in 20 s");
    await pause(10);
  }
}

test("while Redis is down takes are counted locally, and in Redis again when it is back", async (t) => {
  const { gate, errors, behind, direct } = await gated(t);
  const rule = ruleOf(3);
  t.equal((await behind.take(rule, "k")).remaining, 2);

  await gate.shut();
  const start = performance.now();
  const away = [await behind.take(rule, "k"), await behind.take(rule, "k"), await behind.take(rule, "k")];
  t.ok(performance.now() - start < 5_000, "takes are not held up");
  t.same(
    away.map(({ allowed }) => allowed),
    [true, true, true],
  );
  const refused = await behind.take(rule, "k");
  t.notOk(refused.allowed, "the limit holds while Redis is away");
  t.ok(refused.retryAfterSeconds >= 1);
  await t.rejects(behind.ping());
  t.equal(errors.length, 1, "many errors are reported once");

  await gate.open();
  await answersAgain(() => behind.ping());
  t.equal((await behind.take(rule, "k")).remaining, 1, "what was counted in Redis before");
  t.equal((await direct.take(rule, "k")).remaining, 0, "is counted in Redis now");
});

test("takes are decided in time while Redis hangs", async (t) => {
  const { gate, errors, behind, direct } = await gated(t);
  const rule = ruleOf(5);
  await behind.ping();
  gate.hold();
  const start = performance.now();
  const decisions = await Promise.all([1, 2, 3].map(() => behind.take(rule, "k")));
  t.ok(performance.now() - start < 10_000);
  t.ok(decisions.every(({ allowed }) => allowed));
  t.equal(errors.length, 1);

  await gate.open();
  await answersAgain(() => behind.ping());
  await behind.take(rule, "other");
  t.equal((await direct.take(rule, "other")).remaining, 3);
});

test("a Redis that starts later than the process is used once it is up", async (t) => {
  const url = await redisForTest(t);
  const gate = await gateTo(t, url);
  await gate.shut();
  const errors: Error[] = [];
  const limits = connectRedisLimits({ url: gate.url, onError: (error) => errors.push(error) });
  t.teardown(() => limits.close());
  const rule = ruleOf(1);
  t.ok((await limits.take(rule, "k")).allowed);
  t.notOk((await limits.take(rule, "k")).allowed);
  t.equal(errors.length, 1);
  await gate.open();
  await answersAgain(() => limits.ping());
  t.ok((await limits.take(rule, "k")).allowed, "Redis has not counted the key yet");
});
