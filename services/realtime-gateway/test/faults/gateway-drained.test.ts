// A gateway that is told to stop hands its clients over: they come to the other, and miss nothing.
import { test } from "tap";
import { runOf, startScene } from "./scene.js";

test("a gateway is drained under load, and comes back", async (t) => {
  const { system, followers, moreTries, allBack, expectNothingMissed } = await startScene(t);
  const survivor = await runOf(system.gateways[1]!);
  await moreTries(30);
  const others = followers.filter((follower) => follower.line.gateway === survivor);
  const connections = others.map(({ line }) => line.connection);
  await system.processes["realtime-gateway-1"].stop();
  await allBack((follower) => follower.line.gateway === survivor);
  t.strictSame(
    others.filter(({ line }, index) => line.connection !== connections[index]).map(({ kind }) => kind),
    [],
    "the other gateway's own clients keep their connections",
  );
  await system.processes["realtime-gateway-1"].restart();
  await expectNothingMissed();
});
