// A gateway that is stopped hands its clients over: they reconnect to the other, miss nothing, and never look offline.

import { groupRoom, type User, useSystem } from "@khui/test-kit/system";
import { test } from "tap";
import { instanceIdOf, startScene } from "./scene.js";

/** Enough that some are closed in the last moment, and still reconnecting when the gateway is gone. */
const crowdSize = 40;

test("a gateway is drained under load, and comes back", async (t) => {
  const { system, followers, moreTries, allBack, expectNothingMissed } = await startScene(t);
  const survivor = await instanceIdOf(system.gateways[1]!);
  const people = await useSystem(t, system);
  const [alice, ...crowd] = Array.from({ length: crowdSize }, () => people.newUser()) as [User, ...User[]];
  const roomId = await groupRoom(alice, crowd);
  const clients = await Promise.all([alice, ...crowd].map((user) => user.connect()));
  await Promise.all(clients.map((client) => client.join(roomId)));
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
  t.same(
    clients.map((client) => client.count("user_offline")),
    clients.map(() => 0),
    "nobody was seen offline",
  );
  for (const client of clients) client.close();
  await system.processes["realtime-gateway-1"].restart();
  await expectNothingMissed();
});
