// Redis dies and comes back while rooms are busy: sends succeed in the end, and nobody misses anything.

import { eventually } from "@khui/test-kit/system";
import { test } from "tap";
import { startScene } from "./scene.js";

const skip = process.env.REDIS_URL ? "the Redis of REDIS_URL is not ours to end" : false;

test("Redis is killed under load, and comes back", { skip }, async (t) => {
  const { system, moreTries, allBack, expectNothingMissed } = await startScene(t);
  await moreTries(30);
  await system.backends.kill("redis");
  const health = async () => (await fetch(`${system.gateways[0]}/readyz`)).text();
  await eventually(async () => (await health()).includes("degraded"));
  await moreTries(90);
  await system.backends.restart("redis");
  await allBack();
  await expectNothingMissed();
});
