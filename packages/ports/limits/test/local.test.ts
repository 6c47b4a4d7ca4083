// Limits counted in this process.

import { limitsConformance } from "@khui/conformance/limits";
import { test } from "tap";
import { createLocalLimits } from "../src/local.js";

test("local limits", (t) => limitsConformance(t, async () => createLocalLimits()));

test("at most maxKeys keys are counted, and the oldest are forgotten first", async (t) => {
  const limits = createLocalLimits({ maxKeys: 3 });
  t.teardown(() => limits.close());
  const rule = { name: "few", points: 1, perSeconds: 60 };
  const take = async (key: string) => (await limits.take(rule, key)).allowed;
  for (const key of ["a", "b", "c"]) t.ok(await take(key));
  for (const key of ["a", "b", "c"]) t.notOk(await take(key), `${key} is still counted`);
  t.ok(await take("d"));
  for (const key of ["b", "c", "d"]) t.notOk(await take(key), `${key} is still counted`);
  t.ok(await take("a"), "a was forgotten");
});

test("close forgets what was counted", async (t) => {
  const limits = createLocalLimits();
  const rule = { name: "once", points: 1, perSeconds: 3_600 };
  await limits.take(rule, "k");
  t.notOk((await limits.take(rule, "k")).allowed);
  await limits.close();
  t.ok((await limits.take(rule, "k")).allowed);
  await limits.close();
});
