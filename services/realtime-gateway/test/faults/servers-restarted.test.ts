// NATS dies and comes back while rooms are busy, then Redis: sends succeed in the end, and nobody misses anything.

import { eventually } from "@khui/test-kit/system";
import { test } from "tap";
import { startScene } from "./scene.js";

const given = { nats: process.env.NATS_URL, redis: process.env.REDIS_URL };
const skip = given.nats || given.redis ? "the servers of the environment are not ours to end" : false;

test("NATS and then Redis are killed under load, and come back", { skip, timeout: 240_000 }, async (t) => {
  const { system, moreTries, allBack, expectNothingMissed } = await startScene(t);
  const health = async () => (await fetch(`${system.gateways[0]}/readyz`)).text();
  for (const server of ["nats", "redis"] as const) {
    await moreTries(30);
    await system.backends.kill(server);
    await eventually(async () => (await health()).includes("degraded"));
    await moreTries(90);
    await system.backends.restart(server);
    await allBack();
    await eventually(async () => !(await health()).includes("degraded"));
    t.pass(`${server} was away, and is back`);
  }
  await expectNothingMissed();
});
