// What every presence adapter must do, as tap tests.
import { setTimeout as pause } from "node:timers/promises";
import type { Presence, PresenceState, Transition } from "@khui/presence";
import type { Test } from "tap";

/** Longer than any test takes. */
const longLease = 60_000;

/**
 * Runs the suite as subtests of t.
 * @param open makes an empty presence; the suite closes it
 */
export async function presenceConformance(t: Test, open: () => Promise<Presence>): Promise<void> {
  const behaviour = (name: string, body: (t: Test, presence: Presence) => Promise<void>) =>
    t.test(name, async (t) => {
      const presence = await open();
      t.teardown(() => presence.close());
      await body(t, presence);
    });

  await behaviour("a user is online from connect to disconnect", async (t, presence) => {
    await presence.renew("a", longLease);
    t.same(await presence.connect("a", [{ userId: "u" }]), [change("u", "offline", "online")]);
    t.same(
      await presence.connect("a", [{ userId: "u" }]),
      [change("u", "online", "online")],
      "connecting is idempotent",
    );
    const before = Date.now() - 1_000;
    t.same(await presence.disconnect("a", ["u"]), [change("u", "online", "offline")]);
    t.same(await presence.disconnect("a", ["u"]), [change("u", "offline", "offline")]);
    const [state] = await presence.lookup(["u"]);
    t.equal(state?.status, "offline");
    t.ok(Date.parse(state?.lastSeen ?? "") >= before, "lastSeen is when the user left");
  });

  await behaviour("lookup answers in the order asked, strangers included", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.connect("a", [{ userId: "u" }, { userId: "v", status: "busy" }]);
    const states = await presence.lookup(["v", "stranger", "u", "v"]);
    t.same(
      states.map(({ userId, status }) => [userId, status]),
      [
        ["v", "busy"],
        ["stranger", "offline"],
        ["u", "online"],
        ["v", "busy"],
      ],
    );
    t.equal(states[1]?.lastSeen, null);
    t.equal(new Date(states[2]?.lastSeen ?? "").toISOString(), states[2]?.lastSeen, "lastSeen is an ISO date");
    t.same(await presence.lookup([]), []);
  });

  await behaviour("a user of two instances is online until the last one lets go", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.renew("b", longLease);
    await presence.connect("a", [{ userId: "u" }]);
    t.same(await presence.connect("b", [{ userId: "u" }]), [change("u", "online", "online")]);
    t.same(await presence.disconnect("a", ["u"]), [change("u", "online", "online")]);
    t.same(await presence.disconnect("b", ["u"]), [change("u", "online", "offline")]);
  });

  await behaviour("users of an instance whose lease ran out are offline even before reap", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.connect("a", [{ userId: "u" }]);
    await runOut(presence, "a", "u");
    const [unreaped] = await presence.lookup(["u"]);
    t.same(await presence.reap(), [change("u", "online", "offline")]);
    t.same(await presence.lookup(["u"]), [unreaped], "reap does not change what is seen");
    t.not(unreaped?.lastSeen, null);
  });

  await behaviour(
    "each user that a dead instance takes offline is reaped by exactly one caller",
    async (t, presence) => {
      const users = Array.from({ length: 1_200 }, (_, i) => ({ userId: `u${i}` }));
      await presence.renew("a", longLease);
      await presence.connect("a", users);
      await runOut(presence, "a", "u0");
      const reaped = (await Promise.all(Array.from({ length: 8 }, () => presence.reap()))).flat();
      t.same(byUser(reaped), byUser(users.map(({ userId }) => change(userId, "online", "offline"))));
      t.same(await presence.reap(), []);
    },
  );

  await behaviour("a user connected elsewhere stays online when one instance is reaped", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.renew("b", longLease);
    await presence.connect("a", [{ userId: "both" }, { userId: "only a" }]);
    await presence.connect("b", [{ userId: "both" }]);
    await runOut(presence, "a", "only a");
    t.same(await presence.reap(), [change("only a", "online", "offline")]);
    t.same(await statuses(presence, ["both", "only a"]), ["online", "offline"]);
    t.same(await presence.disconnect("b", ["both"]), [change("both", "online", "offline")]);
  });

  await behaviour("an instance is known while its lease runs and unknown after it was reaped", async (t, presence) => {
    t.same(await presence.renew("a", longLease), { known: false });
    t.same(await presence.renew("a", longLease), { known: true });
    await presence.connect("a", [{ userId: "u" }]);
    await runOut(presence, "a", "u");
    await presence.reap();
    t.same(await presence.renew("a", longLease), { known: false });
    t.same(await statuses(presence, ["u"]), ["offline"], "the new lease holds nobody");
    t.same(await presence.connect("a", [{ userId: "u" }]), [change("u", "offline", "online")]);
    t.same(await presence.reap(), []);
  });

  await behaviour("an instance that comes back before it is reaped starts again with nobody", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.connect("a", [{ userId: "back" }, { userId: "gone" }]);
    await runOut(presence, "a", "gone");
    t.same(await presence.renew("a", longLease), { known: false });
    t.same(await statuses(presence, ["back", "gone"]), ["offline", "offline"]);
    t.same(await presence.connect("a", [{ userId: "back" }]), [change("back", "offline", "online")]);
    t.same(await presence.reap(), [change("gone", "online", "offline")]);
    t.same(await statuses(presence, ["back", "gone"]), ["online", "offline"]);
    t.same(await presence.renew("a", longLease), { known: true }, "reaping the old lease leaves the new one");
  });

  await behaviour("a change to offline that another call reports is not reaped again", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.connect("a", [{ userId: "left" }, { userId: "chose" }]);
    await runOut(presence, "a", "left");
    t.same(await presence.disconnect("a", ["left"]), [change("left", "online", "offline")]);
    t.same(await presence.setStatus("chose", "busy"), change("chose", "online", "offline"));
    t.same(await presence.reap(), []);
  });

  await behaviour("an instance without a lease holds nobody", async (t, presence) => {
    t.same(await presence.connect("a", [{ userId: "u", status: "away" }]), [change("u", "offline", "offline")]);
    await presence.renew("a", longLease);
    t.same(await presence.connect("a", [{ userId: "u" }]), [change("u", "offline", "away")]);
  });

  await behaviour("the chosen status outlives a reconnect", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.connect("a", [{ userId: "u" }]);
    t.same(await presence.setStatus("u", "away"), change("u", "online", "away"));
    t.same(await presence.connect("a", [{ userId: "u", status: "busy" }]), [change("u", "away", "busy")]);
    t.same(await presence.disconnect("a", ["u"]), [change("u", "busy", "offline")]);
    t.same(await presence.setStatus("u", "away"), change("u", "offline", "offline"));
    t.same(await presence.connect("a", [{ userId: "u" }]), [change("u", "offline", "away")]);
  });

  await behaviour("invisible is told as it is and outlives a reconnect", async (t, presence) => {
    await presence.renew("a", longLease);
    t.same(await presence.connect("a", [{ userId: "u", status: "invisible" }]), [change("u", "offline", "invisible")]);
    t.same(await statuses(presence, ["u"]), ["invisible"]);
    await presence.disconnect("a", ["u"]);
    t.same(await presence.connect("a", [{ userId: "u" }]), [change("u", "offline", "invisible")]);
  });

  await behaviour("a lease cut short takes 5,000 users offline, but not those held elsewhere", async (t, presence) => {
    const users = Array.from({ length: 5_000 }, (_, i) => ({ userId: `u${i}` }));
    await presence.renew("a", longLease);
    await presence.renew("b", longLease);
    t.equal((await presence.connect("a", users)).length, 5_000);
    await presence.connect("b", [{ userId: "u7" }]);
    await runOut(presence, "a", "u0");
    const left = await presence.reap();
    const expected = users
      .filter(({ userId }) => userId !== "u7")
      .map(({ userId }) => change(userId, "online", "offline"));
    t.same(byUser(left), byUser(expected));
    t.same(await statuses(presence, ["u0", "u7"]), ["offline", "online"]);
    t.same(await presence.reap(), []);
    t.same(await presence.renew("a", longLease), { known: false });
  });

  await behaviour("strange ids are each a user, an instance and a room of their own", async (t, presence) => {
    for (const instanceId of strangeIds) await presence.renew(instanceId, longLease);
    const users = strangeIds.map((userId) => ({ userId }));
    for (const instanceId of strangeIds) {
      const before = instanceId === strangeIds[0] ? "offline" : "online";
      t.same(
        await presence.connect(instanceId, users),
        strangeIds.map((id) => change(id, before, "online")),
      );
    }
    const busy = strangeIds[3] ?? "";
    await presence.setStatus(busy, "busy");
    t.same(
      (await presence.lookup(strangeIds)).map(({ userId, status }) => [userId, status]),
      strangeIds.map((id) => [id, id === busy ? "busy" : "online"]),
    );
    for (const id of strangeIds) t.same(await presence.startTyping(id, id, longLease), { fresh: true });
    for (const id of strangeIds) t.same(await presence.typing(id), [id]);
    const [first = "", ...others] = strangeIds;
    await presence.renew("last", longLease);
    await presence.connect("last", [{ userId: "last" }]);
    for (const instanceId of others) await presence.renew(instanceId, 20);
    await runOut(presence, "last", "last");
    t.same(await presence.reap(), [change("last", "online", "offline")]);
    await runOut(presence, first, first);
    t.equal((await presence.reap()).length, strangeIds.length);
  });

  await behaviour("a user is typing until stopped", async (t, presence) => {
    t.same(await presence.startTyping("room", "u", longLease), { fresh: true });
    t.same(await presence.startTyping("room", "u", longLease), { fresh: false });
    await presence.startTyping("room", "v", longLease);
    await presence.startTyping("other", "w", longLease);
    t.same((await presence.typing("room")).sort(), ["u", "v"]);
    t.same(await presence.stopTyping("room", "u"), { was: true });
    t.same(await presence.stopTyping("room", "u"), { was: false });
    t.same(await presence.typing("room"), ["v"]);
    t.same(await presence.typing("nowhere"), []);
  });

  await behaviour("typing ends by itself, user by user", async (t, presence) => {
    await presence.startTyping("room", "refreshed", 30);
    await presence.startTyping("room", "refreshed", longLease);
    await presence.startTyping("room", "short", 30);
    await until(async () => !(await presence.typing("room")).includes("short"));
    t.same(await presence.typing("room"), ["refreshed"]);
    t.same(await presence.stopTyping("room", "short"), { was: false });
    t.same(await presence.startTyping("room", "short", 30), { fresh: true });
  });

  await behaviour("what cannot be stored is refused", async (t, presence) => {
    await presence.renew("a", longLease);
    for (const userId of ["", "x".repeat(129), "\ud800"]) {
      await t.rejects(presence.connect("a", [{ userId }]), RangeError);
      await t.rejects(presence.disconnect("a", [userId]), RangeError);
      await t.rejects(presence.lookup([userId]), RangeError);
      await t.rejects(presence.setStatus(userId, "away"), RangeError);
      await t.rejects(presence.startTyping("room", userId, longLease), RangeError);
      await t.rejects(presence.renew(userId, longLease), RangeError);
      await t.rejects(presence.typing(userId), RangeError);
    }
    for (const ms of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await t.rejects(presence.renew("a", ms), RangeError);
      await t.rejects(presence.startTyping("room", "u", ms), RangeError);
    }
    const notAStatus = JSON.parse('"offline"');
    await t.rejects(presence.setStatus("u", notAStatus), RangeError);
    await t.rejects(presence.connect("a", [{ userId: "u", status: notAStatus }]), RangeError);
    t.same(await presence.renew("a", longLease), { known: true }, "a refused call changes nothing");
  });

  await behaviour("arguments and answers are the caller's own", async (t, presence) => {
    await presence.renew("a", longLease);
    const users = [{ userId: "u" }];
    const connecting = presence.connect("a", users);
    users[0] = { userId: "changed meanwhile" };
    t.same(await connecting, [change("u", "offline", "online")]);
    const [state] = await presence.lookup(["u"]);
    if (state) state.status = "busy";
    t.same(await statuses(presence, ["u"]), ["online"]);
  });

  await behaviour("after close every call rejects", async (t, presence) => {
    await presence.ping();
    await presence.close();
    await t.rejects(presence.ping());
    await t.rejects(presence.renew("a", longLease));
    await t.rejects(presence.lookup(["u"]));
  });
}

const strangeIds = [
  "a:b",
  "a:b:c",
  "with space",
  "{tag}",
  "user:a",
  "@1",
  "status",
  "lives",
  "*?[x]",
  "ก็ผู้ใช้",
  "👩‍👩‍👧",
  "line\nbreak\r\n",
  "nul\0byte",
  "__proto__",
  "x".repeat(128),
  "👋".repeat(128),
];

const change = (userId: string, before: Transition["before"], after: Transition["after"]): Transition => ({
  userId,
  before,
  after,
});

const byUser = (transitions: Transition[]) => transitions.sort((a, b) => (a.userId < b.userId ? -1 : 1));

const statuses = async (presence: Presence, userIds: string[]): Promise<PresenceState["status"][]> =>
  (await presence.lookup(userIds)).map(({ status }) => status);

/** Lets the lease of an instance run out, and waits until that shows on a user that only it holds. */
async function runOut(presence: Presence, instanceId: string, userId: string): Promise<void> {
  await presence.renew(instanceId, 20);
  await until(async () => (await statuses(presence, [userId]))[0] === "offline");
}

/** Asks again and again until the answer is yes; throws after 10 s. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("the awaited condition did not come about in 10 s");
    await pause(5);
  }
}
