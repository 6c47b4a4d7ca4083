// The conformance suite of the limits port, as tap tests.
import { createHash, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Limits, Rule } from "@khui/limits";
import type { Test } from "tap";

/**
 * Runs the suite as subtests of t.
 * @param open makes limits; the suite closes them. They need not be empty: rules are named at random.
 */
export async function limitsConformance(t: Test, open: () => Promise<Limits>): Promise<void> {
  const behaviour = (name: string, body: (t: Test, limits: Limits) => Promise<void>) =>
    t.test(name, async (t) => {
      const limits = await open();
      t.teardown(() => limits.close());
      await body(t, limits);
    });
  const ruleOf = (points: number, perSeconds = 60): Rule => ({ name: `test-${randomUUID()}`, points, perSeconds });

  await behaviour("as many points as the rule has are allowed, and no more", async (t, limits) => {
    const rule = ruleOf(3);
    for (const remaining of [2, 1, 0]) {
      t.same(await limits.take(rule, "k"), { allowed: true, retryAfterSeconds: 0, remaining });
    }
    for (let again = 0; again < 2; again++) {
      const { allowed, retryAfterSeconds, remaining } = await limits.take(rule, "k");
      t.same({ allowed, remaining }, { allowed: false, remaining: 0 });
      t.ok(Number.isInteger(retryAfterSeconds) && retryAfterSeconds >= 1 && retryAfterSeconds <= 60);
    }
  });

  await behaviour("keys have separate counters", async (t, limits) => {
    const rule = ruleOf(1);
    const long = "x".repeat(10_000);
    const digest = createHash("sha256").update(long).digest("base64url");
    const keys = [
      "",
      "a",
      "a:b",
      "b",
      "with space",
      "ก",
      "*",
      "ka",
      "ha",
      "__proto__",
      long,
      `${long}y`,
      digest,
      "z".repeat(64),
    ];
    for (const key of keys) t.ok((await limits.take(rule, key)).allowed);
    for (const key of keys) t.notOk((await limits.take(rule, key)).allowed);
  });

  await behaviour("rules have separate counters", async (t, limits) => {
    const [one, other] = [ruleOf(1), ruleOf(1)];
    t.ok((await limits.take(one, "k")).allowed);
    t.ok((await limits.take(other, "k")).allowed);
    t.notOk((await limits.take(one, "k")).allowed);
  });

  await behaviour("a key is allowed again when its window has passed", async (t, limits) => {
    const rule = ruleOf(1, 1);
    const deadline = Date.now() + 10_000;
    const takeUntil = async (allowed: boolean) => {
      for (;;) {
        const decision = await limits.take(rule, "k");
        if (decision.allowed === allowed) return decision;
        if (Date.now() > deadline) throw new Error("windows of 1 s did not come and go in 10 s");
        await pause(20);
      }
    };
    t.same(await takeUntil(false), { allowed: false, retryAfterSeconds: 1, remaining: 0 });
    t.same(await takeUntil(true), { allowed: true, retryAfterSeconds: 0, remaining: 0 });
  });

  await behaviour("a take consumes its cost", async (t, limits) => {
    const rule = ruleOf(10);
    t.same(await limits.take(rule, "k", 7), { allowed: true, retryAfterSeconds: 0, remaining: 3 });
    t.same(await limits.take(rule, "k", 3), { allowed: true, retryAfterSeconds: 0, remaining: 0 });
    t.notOk((await limits.take(rule, "k")).allowed);
    t.notOk((await limits.take(rule, "more than there is", 11)).allowed);
    t.notOk((await limits.take(rule, "more than there is")).allowed, "a refused take counts too");
  });

  await behaviour("of 200 concurrent takes exactly as many are allowed as there are points", async (t, limits) => {
    const rule = ruleOf(70);
    const decisions = await Promise.all(Array.from({ length: 200 }, () => limits.take(rule, "k")));
    t.equal(decisions.filter(({ allowed }) => allowed).length, 70);
  });

  await behaviour("a rule's numbers may change while it is in use", async (t, limits) => {
    const rule = ruleOf(1);
    t.ok((await limits.take(rule, "k")).allowed);
    t.same(await limits.take({ ...rule, points: 5 }, "k"), { allowed: true, retryAfterSeconds: 0, remaining: 3 });
  });

  await behaviour("invalid rules and costs are refused", async (t, limits) => {
    const rule = ruleOf(2);
    for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await t.rejects(limits.take({ ...rule, points: bad }, "k"), RangeError);
      await t.rejects(limits.take({ ...rule, perSeconds: bad }, "k"), RangeError);
      await t.rejects(limits.take(rule, "k", bad), RangeError);
    }
    for (const name of ["", "a:b", "x".repeat(65)]) {
      await t.rejects(limits.take({ ...rule, name }, "k"), RangeError);
    }
    t.equal((await limits.take(rule, "k")).remaining, 1, "and not counted");
  });

  await behaviour("it answers a ping", async (t, limits) => {
    await t.resolves(limits.ping());
  });
}
