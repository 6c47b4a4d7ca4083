// A client that follows rooms gets back all that it missed, whatever is asked of it meanwhile.
import { t, test } from "tap";
import { Follower } from "../src/follower.js";
import { eventually, groupRoom, useSystem } from "../src/system.js";

const system = await useSystem(t);

test("it is told again where a room stands only once it is back there", async (t) => {
  const [alice, bob] = [system.newUser("Alice"), system.newUser("Bob")];
  const roomId = await groupRoom(alice, [bob]);
  const follower = new Follower(bob, system.url, "websocket");
  t.teardown(() => follower.line.close());
  follower.line.open();
  await follower.enter(roomId);
  follower.line.close();
  await alice.post(`/rooms/${roomId}/messages`, { content: "missed" });
  follower.line.open();
  while (follower.line.connection === undefined) await new Promise(setImmediate);
  await t.rejects(follower.reread(roomId), { message: "not back in its rooms" });
  await eventually(() => follower.reread(roomId));
  t.equal(follower.counts.entries, 1);
  t.same(follower.violations, []);
});
