// Gateways that share a store of presence: whoever listens ends up with what is true, whichever of them close, wait or get no answer.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { decodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import type { Presence, Status } from "@khui/presence";
import { createLocalPresence } from "@khui/presence/local";
import { eventually } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { createPresenceKeeper, type PresenceKeeper } from "../src/presence.js";
import type { Users } from "../src/users.js";

const roomId = "6b0000000000000000000001";
const times = { renewMs: 50, leaseMs: 1_000, graceMs: 300 };

/** A store that does what it is asked, and of which the next answer to such a call is lost. */
function forgetful(store: Presence, lost: Set<keyof Presence>): Presence {
  const answer = async <T>(name: keyof Presence, work: Promise<T>): Promise<T> => {
    const done = await work;
    if (lost.delete(name)) throw new Error(`the answer to ${name} is lost`);
    return done;
  };
  return {
    ...store,
    connect: (boot, users) => answer("connect", store.connect(boot, users)),
    disconnect: (boot, userIds) => answer("disconnect", store.disconnect(boot, userIds)),
    setStatus: (userId, status) => answer("setStatus", store.setStatus(userId, status)),
  };
}

function scene(t: Test) {
  const local = createLocalBus();
  const store = createLocalPresence();
  const listener = local.connect();
  const keepers = new Set<PresenceKeeper>();
  const heard: string[] = [];
  const asked: string[] = [];
  /** What questions for an audience wait for. */
  const audience = { pause: async (_userId: string) => {} };
  listener.subscribe(subjects.roomLive(roomId), ({ data }) => {
    const { header, body } = decodeWire<LiveHeader>(data);
    const { userId, status } = JSON.parse(body) as { userId: string; status?: string };
    heard.push(`${userId} ${header.event} ${status ?? ""}`.trim());
  });
  serveRpc(listener, messagesRpc.audience, async ({ userId }) => {
    asked.push(userId);
    await audience.pause(userId);
    return { roomIds: [roomId] };
  });
  t.teardown(async () => {
    for (const keeper of keepers) await keeper.close();
    await store.close();
    await listener.close();
  });

  function gateway(boot: string, presence: Presence = store) {
    const bus = local.connect();
    const here = new Set<string>();
    const users = { has: (userId: string) => here.has(userId), ids: () => [...here] } as Users;
    const openRoomsOf = () => [];
    const keeper = createPresenceKeeper({ presence, bus, users, openRoomsOf, boot, times, onError: () => {} });
    keepers.add(keeper);
    t.teardown(() => bus.close());
    return {
      here,
      start: () => keeper.start(),
      arrive(userId: string) {
        here.add(userId);
        return keeper.arrived(userId);
      },
      depart(userId: string) {
        here.delete(userId);
        keeper.departed(userId, []);
      },
      setStatus: (userId: string, status: Status) => keeper.setStatus(userId, status),
      close() {
        keepers.delete(keeper);
        return keeper.close();
      },
    };
  }
  const of = (userId: string) => heard.filter((line) => line.startsWith(`${userId} `));
  return { store, gateway, listener, of, asked, audience };
}

test("users are there again after a lease ran out whose renewal was not answered", async (t) => {
  const { store, gateway } = scene(t);
  const isOnline = async () => (await store.lookup(["ann"]))[0]?.status === "online";
  let [isAway, renewedUnheard] = [false, false];
  const one = gateway("one", {
    ...store,
    async renew(boot, leaseMs) {
      if (!isAway) return store.renew(boot, leaseMs);
      await store.renew(boot, 1);
      await eventually(async () => !(await isOnline()));
      await store.reap();
      // What was asked while the store hung is done when it goes on, and the answer is waited for no more.
      t.same(await store.renew(boot, leaseMs), { known: false });
      [isAway, renewedUnheard] = [false, true];
      throw new Error("no answer in time");
    },
  });
  await one.start();
  await one.arrive("ann");
  t.ok(await isOnline());
  isAway = true;
  await eventually(() => renewedUnheard);
  await eventually(isOnline);
  await one.close();
});

test("a lease goes on however long it takes to tell of everybody", async (t) => {
  const { store, gateway, asked, audience } = scene(t);
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  audience.pause = () => slow;
  const known: boolean[] = [];
  const one = gateway("one", {
    ...store,
    async renew(boot, leaseMs) {
      const answer = await store.renew(boot, leaseMs);
      known.push(answer.known);
      return answer;
    },
  });
  for (let n = 0; n < 1_000; n++) one.here.add(`u${n}`);
  const started = one.start();
  await eventually(() => asked.length > 0);
  const askedAt = performance.now();
  // Somebody else looks for leases that ran out.
  const reaped: unknown[] = [];
  await eventually(async () => {
    reaped.push(...(await store.reap()));
    return performance.now() - askedAt > 1.5 * times.leaseMs;
  });
  t.same(reaped, [], "nobody was taken for dead");
  answer();
  await started;
  t.same([...new Set(known.slice(1))], [true]);
});

test("a coming, a going and a status whose answers are lost are told", async (t) => {
  const { store, gateway, of } = scene(t);
  const lost = new Set<keyof Presence>();
  const one = gateway("one", forgetful(store, lost));
  await one.start();
  lost.add("connect");
  await one.arrive("ann");
  await eventually(() => of("ann").includes("ann user_online online"));
  lost.add("setStatus");
  await t.rejects(one.setStatus("ann", "away"), /lost|not answer|fail/);
  await eventually(() => of("ann").includes("ann user_online away"));
  lost.add("disconnect");
  one.depart("ann");
  await eventually(() => of("ann").includes("ann user_offline"));
  t.same(of("ann"), ["ann user_online online", "ann user_online away", "ann user_offline"], "each of it once");
});

test("who had just left when the store lost everything is offline in the end", async (t) => {
  const { gateway, of } = scene(t);
  let store = createLocalPresence();
  const one = gateway("one", {
    ...store,
    renew: (...given) => store.renew(...given),
    connect: (...given) => store.connect(...given),
    disconnect: (...given) => store.disconnect(...given),
    lookup: (...given) => store.lookup(...given),
    reap: () => store.reap(),
  });
  await one.start();
  await one.arrive("ann");
  await eventually(() => of("ann").length === 1);
  one.depart("ann");
  store = createLocalPresence();
  await eventually(() => of("ann").includes("ann user_offline"));
});

test("who comes back at another gateway while it is still to be told that they went ends up online", async (t) => {
  const { store, gateway, of, asked, audience } = scene(t);
  const [one, two] = [gateway("one"), gateway("two")];
  await store.renew("dead", 1_000);
  await store.connect("dead", [{ userId: "ann" }]);
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  audience.pause = () => (asked.length === 1 ? slow : Promise.resolve());
  await one.start();
  await store.renew("dead", 1);
  await eventually(() => asked.length === 1);
  await two.start();
  await two.arrive("ann");
  await eventually(() => of("ann").length === 1);
  answer();
  await eventually(() => of("ann").length === 2);
  t.same(of("ann"), ["ann user_online online", "ann user_online online"]);
});

test("a gateway that closes leaves its users time to reach another, and who does not is offline", async (t) => {
  const { store, gateway, of } = scene(t);
  const [one, two] = [gateway("one"), gateway("two")];
  await one.start();
  await two.start();
  for (const userId of ["ann", "bob"]) await one.arrive(userId);
  await eventually(() => of("bob").length === 1);
  for (const userId of ["ann", "bob"]) one.depart(userId);
  await one.close();
  t.match(await store.lookup(["ann"]), [{ status: "online" }]);
  await two.arrive("ann");
  await eventually(() => of("bob").includes("bob user_offline"));
  t.same(of("ann"), ["ann user_online online"], "there was no flicker");
  await two.close();
  await eventually(async () => (await store.lookup(["ann"]))[0]?.status === "offline");
  t.same(of("ann"), ["ann user_online online"], "the last gateway has nobody left to tell");
});

test("what waits to be told is told before a gateway has closed", async (t) => {
  const { gateway, listener, of, audience } = scene(t);
  const one = gateway("one");
  await one.start();
  audience.pause = () => new Promise((resolve) => setTimeout(resolve, 100));
  await one.arrive("ann");
  await one.close();
  await listener.flush();
  t.same(of("ann"), ["ann user_online online"]);
});
