// Gateways that share a presence store: what they announce ends up true, whichever of them close, wait or get no answer.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { decodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import type { Presence, Status } from "@khui/presence";
import { createLocalPresence } from "@khui/presence/local";
import { eventually } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import type { Users } from "../src/connections/users.js";
import { createPresenceTracker, type PresenceTracker } from "../src/presence/presence-tracker.js";
import { fakeRoomsApi } from "./fake-rooms-api.js";

const roomId = "6b0000000000000000000001";
const times = { renewMs: 50, leaseMs: 1_000, graceMs: 300 };

/** A store that does what it is asked, but the next answer to each call named in `lost` is lost. */
function losingAnswers(store: Presence, lost: Set<keyof Presence>): Presence {
  const answer = async <T>(name: keyof Presence, work: Promise<T>): Promise<T> => {
    const done = await work;
    if (lost.delete(name)) throw new Error(`the answer to ${name} is lost`);
    return done;
  };
  return {
    ...store,
    connect: (instanceId, users) => answer("connect", store.connect(instanceId, users)),
    disconnect: (instanceId, userIds) => answer("disconnect", store.disconnect(instanceId, userIds)),
    setStatus: (userId, choice) => answer("setStatus", store.setStatus(userId, choice)),
  };
}

/** A store that can lose everything, as an emptied Redis does. */
function forgetful() {
  let current = createLocalPresence();
  const store: Presence = {
    ...current,
    renew: (...given) => current.renew(...given),
    connect: (...given) => current.connect(...given),
    disconnect: (...given) => current.disconnect(...given),
    setStatus: (...given) => current.setStatus(...given),
    lookup: (...given) => current.lookup(...given),
    reap: () => current.reap(),
  };
  return {
    store,
    loseAll() {
      current = createLocalPresence();
    },
  };
}

function setUp(t: Test) {
  const local = createLocalBus();
  const store = createLocalPresence();
  const listener = local.connect();
  const trackers = new Set<PresenceTracker>();
  const announced: string[] = [];
  const asked: string[] = [];
  /** Awaited before a request for an audience is answered. */
  const audience = { pause: async (_userId: string) => {} };
  listener.subscribe(subjects.roomLive(roomId), ({ data }) => {
    const { header, body } = decodeWire<LiveHeader>(data);
    const { userId, status } = JSON.parse(body) as { userId: string; status?: string };
    announced.push(`${userId} ${header.event} ${status ?? ""}`.trim());
  });
  serveRpc(listener, messagesRpc.audiences, async ({ userIds }) => {
    asked.push(...userIds);
    await Promise.all(userIds.map(audience.pause));
    return { roomIds: [roomId], lists: userIds.map(() => [0]) };
  });
  const rooms = fakeRoomsApi(listener);
  t.teardown(async () => {
    for (const tracker of trackers) await tracker.close();
    await store.close();
    await listener.close();
  });

  function gateway(instanceId: string, presence: Presence = store) {
    const bus = local.connect();
    const here = new Set<string>();
    const users = { has: (userId: string) => here.has(userId), ids: () => [...here] } as Users;
    const openRoomsOf = () => [];
    const tracker = createPresenceTracker({ presence, bus, users, openRoomsOf, instanceId, times, onError: () => {} });
    trackers.add(tracker);
    t.teardown(() => bus.close());
    return {
      here,
      start: () => tracker.start(),
      connect(userId: string) {
        here.add(userId);
        return tracker.userConnected(userId);
      },
      disconnect(userId: string) {
        here.delete(userId);
        tracker.userDisconnected(userId, []);
      },
      setStatus: (userId: string, status: Status) => tracker.setStatus(userId, status),
      close() {
        trackers.delete(tracker);
        return tracker.close();
      },
    };
  }
  const of = (userId: string) => announced.filter((line) => line.startsWith(`${userId} `));
  return { store, gateway, listener, of, asked, audience, rooms };
}

test("users are online again after their lease ran out and the answer to its renewal was lost", async (t) => {
  const { store, gateway } = setUp(t);
  const isOnline = async () => (await store.lookup(["ann"]))[0]?.status === "online";
  let [isAway, renewedUnheard] = [false, false];
  let outage: Promise<void> | undefined;
  const one = gateway("one", {
    ...store,
    async renew(instanceId, leaseMs) {
      if (!isAway) return store.renew(instanceId, leaseMs);
      // On a busy machine the next renewal may come before this one has failed: both meet the same outage.
      outage ??= (async () => {
        await store.renew(instanceId, 1);
        await eventually(async () => !(await isOnline()));
        await store.reap();
        // The store carries out the request when it resumes, but its answer comes too late.
        t.same(await store.renew(instanceId, leaseMs), { known: false });
        [isAway, renewedUnheard] = [false, true];
      })();
      await outage;
      throw new Error("no answer in time");
    },
  });
  await one.start();
  await one.connect("ann");
  t.ok(await isOnline());
  isAway = true;
  await eventually(() => renewedUnheard);
  await eventually(isOnline);
  await one.close();
});

test("users who come and go together are reported together", async (t) => {
  const { store, gateway, of } = setUp(t);
  const calls: string[] = [];
  const one = gateway("one", {
    ...store,
    connect(instanceId, users) {
      calls.push(`+${users.map(({ userId }) => userId)}`);
      return store.connect(instanceId, users);
    },
    disconnect(instanceId, userIds) {
      calls.push(`-${userIds}`);
      return store.disconnect(instanceId, userIds);
    },
  });
  await one.start();
  await Promise.all([one.connect("ann"), one.connect("ben"), one.connect("cid")]);
  t.same(calls, ["+ann,ben,cid", "+ann,ben,cid"], "and again with the statuses that the store did not know");
  one.disconnect("ben");
  await eventually(() => of("ben").includes("ben user_offline"));
  t.same(calls.slice(2), ["-ben"]);
});

test("a lease is renewed however long the announcements take", async (t) => {
  const { store, gateway, asked, audience } = setUp(t);
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  audience.pause = () => slow;
  const known: boolean[] = [];
  const one = gateway("one", {
    ...store,
    async renew(instanceId, leaseMs) {
      const answer = await store.renew(instanceId, leaseMs);
      known.push(answer.known);
      return answer;
    },
  });
  for (let n = 0; n < 1_000; n++) one.here.add(`u${n}`);
  const started = one.start();
  await eventually(() => asked.length > 0);
  const askedAt = performance.now();
  // Another gateway reaps leases that ran out.
  const reaped: unknown[] = [];
  await eventually(async () => {
    reaped.push(...(await store.reap()));
    return performance.now() - askedAt > 1.5 * times.leaseMs;
  });
  t.same(reaped, [], "no lease ran out");
  answer();
  await started;
  t.same([...new Set(known.slice(1))], [true]);
});

test("a connect, a disconnect and a status whose answers are lost are announced", async (t) => {
  const { store, gateway, of } = setUp(t);
  const lost = new Set<keyof Presence>();
  const one = gateway("one", losingAnswers(store, lost));
  await one.start();
  lost.add("connect");
  await one.connect("ann");
  await eventually(() => of("ann").includes("ann user_online online"));
  lost.add("setStatus");
  await t.rejects(one.setStatus("ann", "away"), /lost|not answer|fail/);
  await eventually(() => of("ann").includes("ann user_online away"));
  lost.add("disconnect");
  one.disconnect("ann");
  await eventually(() => of("ann").includes("ann user_offline"));
  t.same(of("ann"), ["ann user_online online", "ann user_online away", "ann user_offline"], "each of it once");
});

test("a user who had just left when the store lost everything ends up offline", async (t) => {
  const { gateway, of } = setUp(t);
  const { store, loseAll } = forgetful();
  const one = gateway("one", store);
  await one.start();
  await one.connect("ann");
  await eventually(() => of("ann").length === 1);
  one.disconnect("ann");
  loseAll();
  await eventually(() => of("ann").includes("ann user_offline"));
});

test("a user who reconnects at another gateway while their leaving waits to be announced ends up online", async (t) => {
  const { store, gateway, of, asked, audience } = setUp(t);
  const [one, two] = [gateway("one"), gateway("two")];
  await store.renew("dead", 1_000);
  await store.connect("dead", [{ userId: "ann", choice: { status: "online", revision: 0 } }]);
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  audience.pause = () => (asked.length === 1 ? slow : Promise.resolve());
  await one.start();
  await store.renew("dead", 1);
  await eventually(() => asked.length === 1);
  await two.start();
  await two.connect("ann");
  await eventually(() => of("ann").length === 1);
  answer();
  await eventually(() => of("ann").length === 2);
  t.same(of("ann"), ["ann user_online online", "ann user_online online"]);
});

test("a gateway that closes leaves its users time to reach another, and those who do not are offline", async (t) => {
  const { store, gateway, of } = setUp(t);
  const [one, two] = [gateway("one"), gateway("two")];
  await one.start();
  await two.start();
  for (const userId of ["ann", "bob"]) await one.connect(userId);
  await eventually(() => of("bob").length === 1);
  for (const userId of ["ann", "bob"]) one.disconnect(userId);
  await one.close();
  t.match(await store.lookup(["ann"]), [{ status: "online" }]);
  await two.connect("ann");
  await eventually(() => of("bob").includes("bob user_offline"));
  t.same(of("ann"), ["ann user_online online"], "there was no flicker");
  await two.close();
  await eventually(async () => (await store.lookup(["ann"]))[0]?.status === "offline");
  t.same(of("ann"), ["ann user_online online"], "after the last gateway nobody is there to announce it");
});

test("queued announcements are published before a gateway has closed", async (t) => {
  const { gateway, listener, of, audience } = setUp(t);
  const one = gateway("one");
  await one.start();
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  audience.pause = () => answered;
  await one.connect("ann");
  const closed = one.close();
  answer();
  await closed;
  await listener.flush();
  t.same(of("ann"), ["ann user_online online"]);
});

test("who chose to be invisible is shown to nobody, also when the store has lost everything", async (t) => {
  const { gateway, of, rooms } = setUp(t);
  const { store, loseAll } = forgetful();
  const one = gateway("one", store);
  await one.start();
  for (const userId of ["ann", "bob"]) await one.connect(userId);
  await one.setStatus("ann", "invisible");
  await eventually(() => of("ann").includes("ann user_offline"));
  const shown = of("ann").length;
  loseAll();
  await eventually(async () => (await store.lookup(["ann"]))[0]?.status === "invisible");
  await eventually(() => of("bob").length === 2);
  await one.connect("ann");
  await one.close();
  t.equal(of("ann").length, shown);
  t.same(of("bob"), ["bob user_online online", "bob user_online online"]);
  t.ok(rooms.asked > 0);
});

test("while nobody can say what users chose they are invisible, and then as they chose", async (t) => {
  const { store, gateway, of, rooms } = setUp(t);
  rooms.chosen.set("ann", { status: "invisible", revision: 7 });
  rooms.down = true;
  const one = gateway("one");
  await one.start();
  for (const userId of ["ann", "bob"]) await one.connect(userId);
  t.match(await store.lookup(["ann", "bob"]), [{ status: "invisible" }, { status: "invisible" }]);
  rooms.down = false;
  await eventually(() => of("bob").length > 0);
  t.same([of("ann"), of("bob")], [[], ["bob user_online online"]]);
});

test("a status that is chosen while it cannot be stored counts at once, and is stored later", async (t) => {
  const { store, gateway, of, rooms } = setUp(t);
  const one = gateway("one");
  await one.start();
  await one.connect("ann");
  rooms.down = true;
  await one.setStatus("ann", "invisible");
  t.match(await store.lookup(["ann"]), [{ status: "invisible" }]);
  await eventually(() => of("ann").includes("ann user_offline"));
  rooms.down = false;
  await eventually(() => rooms.chosen.get("ann")?.status === "invisible");
});

test("an outage of the store does not tell of those who are invisible", async (t) => {
  const { store, gateway, of } = setUp(t);
  const lost = new Set<keyof Presence>();
  const one = gateway("one", losingAnswers(store, lost));
  await one.start();
  await one.connect("ann");
  await one.setStatus("ann", "invisible");
  await eventually(() => of("ann").includes("ann user_offline"));
  const shown = of("ann").length;
  for (const call of ["connect", "disconnect"] as const) {
    lost.add(call);
    if (call === "connect") await one.connect("ann");
    else one.disconnect("ann");
    await eventually(() => !lost.has(call));
    // What is left for the next renewal is announced before this one is.
    const fence = `fence of ${call}`;
    lost.add("connect");
    await one.connect(fence);
    await eventually(() => of(fence).length > 0);
  }
  t.equal(of("ann").length, shown);
});
