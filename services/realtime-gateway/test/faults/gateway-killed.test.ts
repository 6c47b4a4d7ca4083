// A killed gateway takes nothing with it: its clients reconnect to the other, and miss nothing.
import { test } from "tap";
import { instanceIdOf, startScene } from "./scene.js";

test("a gateway is killed under load, and comes back", async (t) => {
  const { system, moreTries, allBack, expectNothingMissed } = await startScene(t);
  const survivor = await instanceIdOf(system.gateways[1]!);
  await moreTries(30);
  await system.processes["realtime-gateway-1"].kill();
  await allBack((follower) => follower.line.gateway === survivor);
  await system.processes["realtime-gateway-1"].restart();
  await expectNothingMissed();
});
