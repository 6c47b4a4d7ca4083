// Behind a plain round robin most upgrades reach another gateway than the session's, which takes the session over.
import { type DistributedSystem, startDistributed } from "@khui/test-kit/distributed";
import { Follower } from "@khui/test-kit/follower";
import { startRoundRobin } from "@khui/test-kit/round-robin";
import { connect } from "@khui/test-kit/socketio/rig";
import { eventually, groupRoom, type System, useSystem } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { expectAllKnown, startLoad } from "./scene.js";

const senderCount = 3;
const waitMs = 60_000;
const skip = process.env.NATS_URL ? "the servers of the environment are not ours to end" : false;

/** The sum of a metric of all gateways that run; `labels` is how they begin. */
async function metric({ gateways }: DistributedSystem, name: string, labels = ""): Promise<number> {
  const values = gateways.map(async (gateway) => {
    const text = await fetch(`${gateway}/metrics`).then(
      (answer) => answer.text(),
      () => "",
    );
    const line = text.split("\n").find((one) => one.startsWith(`khui_gateway_${name}{${labels}`));
    return Number(line?.split(" ").at(-1) ?? 0);
  });
  return (await Promise.all(values)).reduce((sum, one) => sum + one, 0);
}

const webSockets = (system: DistributedSystem) => metric(system, "sockets", 'transport="websocket"');
const takeovers = (system: DistributedSystem) => metric(system, "takeovers_total");

/** Clients with default settings, on polling in two rooms in which messages are sent all the time; their upgrades wait. */
async function startFollowers(t: Test, system: DistributedSystem, people: System, count: number) {
  const balancer = await startRoundRobin(t, system.gateways);
  balancer.holdsUpgrades = true;
  const followers = Array.from({ length: count }, () => new Follower(people.newUser(), balancer.url, "default"));
  const senders = Array.from({ length: senderCount }, () => people.newUser());
  const [first, ...others] = [...senders, ...followers.map(({ user }) => user)];
  const roomIds = await Promise.all([1, 2].map(() => groupRoom(first!, others)));
  for (const { line } of followers) {
    t.teardown(() => line.close());
    line.open();
  }
  await Promise.all(followers.map((follower) => Promise.all(roomIds.map((roomId) => follower.enter(roomId)))));
  await eventually(() => balancer.heldUpgrades === count, waitMs);
  const load = startLoad(t, senders, roomIds);
  const moreTries = async () => {
    const enough = load.tries + 20;
    await eventually(() => load.tries >= enough, waitMs);
  };
  await moreTries();

  /** Ends the load; every follower has received each entry once and in order. */
  async function expectNothingMissed(): Promise<void> {
    await moreTries();
    const { refused } = await load.finish();
    t.strictSame(refused, []);
    await eventually(() => followers.every(({ isBack }) => isBack), waitMs);
    await Promise.all(followers.map((follower) => expectAllKnown(t, follower)));
    for (const { line } of followers) line.close();
    await eventually(async () => (await webSockets(system)) === 0, waitMs);
  }
  const resumes = () => followers.reduce((sum, { counts }) => sum + counts.resumes, 0);
  return { balancer, followers, moreTries, resumes, expectNothingMissed };
}

test("takeovers", { skip, timeout: 300_000 }, async (t) => {
  const system = await startDistributed({}, { replicas: { "realtime-gateway": 3, "messages-api": 1 } });
  t.teardown(() => system.stop());
  const people = await useSystem(t, system);

  await t.test("sixty clients with default settings all end on WebSocket", async (t) => {
    const { url } = await startRoundRobin(t, system.gateways);
    const clients = Array.from({ length: 60 }, () => {
      const { id: userId, token } = people.newUser();
      return connect(t, url, { reconnection: false, auth: { token, userId } });
    });
    await eventually(() => clients.every(({ io }) => io.engine.transport.name === "websocket"), waitMs);
    await eventually(async () => (await webSockets(system)) === 60, waitMs);
    t.ok((await takeovers(system)) > 20);
    t.ok(clients.every(({ connected }) => connected));
    for (const client of clients) client.disconnect();
    await eventually(async () => (await webSockets(system)) === 0, waitMs);
  });

  await t.test("clients in busy rooms move without noticing", async (t) => {
    const before = await takeovers(system);
    const { balancer, followers, resumes, expectNothingMissed } = await startFollowers(t, system, people, 12);
    balancer.releaseUpgrades();
    await eventually(async () => (await webSockets(system)) === followers.length, waitMs);
    t.ok((await takeovers(system)) > before);
    await expectNothingMissed();
    t.equal(resumes(), 0, "nobody has connected again");
  });

  await t.test("a gateway is killed while clients move from it and to it", async (t) => {
    const { balancer, expectNothingMissed } = await startFollowers(t, system, people, 9);
    const before = await takeovers(system);
    balancer.releaseUpgrades();
    await eventually(async () => (await takeovers(system)) > before, waitMs);
    await system.processes["realtime-gateway-1"].kill();
    await system.processes["realtime-gateway-1"].restart();
    await expectNothingMissed();
  });

  await t.test("NATS dies while clients move", async (t) => {
    const { balancer, moreTries, expectNothingMissed } = await startFollowers(t, system, people, 9);
    balancer.releaseUpgrades();
    await system.backends.kill("nats");
    await moreTries();
    await system.backends.restart("nats");
    await expectNothingMissed();
  });
});
