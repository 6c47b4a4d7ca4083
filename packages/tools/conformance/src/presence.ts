// What every presence adapter must do, as tap tests.
import { setTimeout as pause } from "node:timers/promises";
import type { Choice, Presence, PresenceState, Status, Transition } from "@khui/presence";
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
    t.same(await connect(presence, "a", [online("u")]), [change("u", "offline", "online")]);
    t.same(await connect(presence, "a", [online("u")]), [change("u", "online", "online")], "connecting is idempotent");
    const before = Date.now() - 1_000;
    t.same(await presence.disconnect("a", ["u"]), [change("u", "online", "offline")]);
    t.same(await presence.disconnect("a", ["u"]), [change("u", "offline", "offline")]);
    const [state] = await presence.lookup(["u"]);
    t.equal(state?.status, "offline");
    t.ok(Date.parse(state?.lastSeen ?? "") >= before, "lastSeen is when the user left");
  });

  await behaviour("lookup answers in the order asked, strangers included", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("u"), choosing("v", "busy")]);
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
    await connect(presence, "a", [online("u")]);
    t.same(await connect(presence, "b", [online("u")]), [change("u", "online", "online")]);
    t.same(await presence.disconnect("a", ["u"]), [change("u", "online", "online")]);
    t.same(await presence.disconnect("b", ["u"]), [change("u", "online", "offline")]);
  });

  await behaviour("users of an instance whose lease ran out are offline even before reap", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("u")]);
    await runOut(presence, "a", "u");
    const [unreaped] = await presence.lookup(["u"]);
    t.same(await presence.reap(), [change("u", "online", "offline")]);
    const [reaped] = await presence.lookup(["u"]);
    t.same({ ...reaped, moment: null }, { ...unreaped, moment: null }, "reap does not change what is seen");
    t.not(unreaped?.lastSeen, null);
  });

  await behaviour(
    "each user that a dead instance takes offline is reaped by exactly one caller",
    async (t, presence) => {
      const users = Array.from({ length: 1_200 }, (_, i) => online(`u${i}`));
      await presence.renew("a", longLease);
      await connect(presence, "a", users);
      await runOut(presence, "a", "u0");
      const reaped = (await Promise.all(Array.from({ length: 8 }, () => presence.reap()))).flat();
      t.same(byUser(reaped), byUser(users.map(({ userId }) => change(userId, "online", "offline"))));
      t.same(await presence.reap(), []);
    },
  );

  await behaviour("a user connected elsewhere stays online when one instance is reaped", async (t, presence) => {
    await presence.renew("a", longLease);
    await presence.renew("b", longLease);
    await connect(presence, "a", [online("both"), online("only a")]);
    await connect(presence, "b", [online("both")]);
    await runOut(presence, "a", "only a");
    t.same(await presence.reap(), [change("only a", "online", "offline")]);
    t.same(await statuses(presence, ["both", "only a"]), ["online", "offline"]);
    t.same(await presence.disconnect("b", ["both"]), [change("both", "online", "offline")]);
  });

  await behaviour("an instance is known while its lease runs and unknown after it was reaped", async (t, presence) => {
    t.same(await presence.renew("a", longLease), { known: false });
    t.same(await presence.renew("a", longLease), { known: true });
    await connect(presence, "a", [online("u")]);
    await runOut(presence, "a", "u");
    await presence.reap();
    t.same(await presence.renew("a", longLease), { known: false });
    t.same(await statuses(presence, ["u"]), ["offline"], "the new lease holds nobody");
    t.same(await connect(presence, "a", [online("u")]), [change("u", "offline", "online")]);
    t.same(await presence.reap(), []);
  });

  await behaviour("an instance that comes back before it is reaped starts again with nobody", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("back"), online("gone")]);
    await runOut(presence, "a", "gone");
    t.same(await presence.renew("a", longLease), { known: false });
    t.same(await statuses(presence, ["back", "gone"]), ["offline", "offline"]);
    t.same(await connect(presence, "a", [online("back")]), [change("back", "offline", "online")]);
    t.same(await presence.reap(), [change("gone", "online", "offline")]);
    t.same(await statuses(presence, ["back", "gone"]), ["online", "offline"]);
    t.same(await presence.renew("a", longLease), { known: true }, "reaping the old lease leaves the new one");
  });

  await behaviour("a change to offline that another call reports is not reaped again", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("left"), online("chose")]);
    await runOut(presence, "a", "left");
    t.same(await presence.disconnect("a", ["left"]), [change("left", "online", "offline")]);
    t.same(await presence.setStatus("chose", { status: "busy", revision: 1 }), change("chose", "online", "offline"));
    t.same(await presence.reap(), []);
  });

  await behaviour("an instance without a lease holds nobody", async (t, presence) => {
    t.same(await connect(presence, "a", [choosing("u", "away")]), [change("u", "offline", "offline")]);
    await presence.renew("a", longLease);
    t.same(await connect(presence, "a", [online("u")]), [change("u", "offline", "away")]);
  });

  await behaviour("the chosen status outlives a reconnect", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("u")]);
    t.same(await presence.setStatus("u", { status: "away", revision: 1 }), change("u", "online", "away"));
    t.same(await connect(presence, "a", [choosing("u", "busy", 2)]), [change("u", "away", "busy")]);
    t.same(await presence.disconnect("a", ["u"]), [change("u", "busy", "offline")]);
    t.same(await presence.setStatus("u", { status: "away", revision: 3 }), change("u", "offline", "offline"));
    t.same(await connect(presence, "a", [online("u")]), [change("u", "offline", "away")]);
  });

  await behaviour("invisible is told as it is and outlives a reconnect", async (t, presence) => {
    await presence.renew("a", longLease);
    t.same(await connect(presence, "a", [choosing("u", "invisible")]), [change("u", "offline", "invisible")]);
    t.same(await statuses(presence, ["u"]), ["invisible"]);
    await presence.disconnect("a", ["u"]);
    t.same(await connect(presence, "a", [online("u")]), [change("u", "offline", "invisible")]);
  });

  await behaviour("a lease cut short takes 5,000 users offline, but not those held elsewhere", async (t, presence) => {
    const users = Array.from({ length: 5_000 }, (_, i) => online(`u${i}`));
    await presence.renew("a", longLease);
    await presence.renew("b", longLease);
    t.equal((await connect(presence, "a", users)).length, 5_000);
    await connect(presence, "b", [online("u7")]);
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
    const users = strangeIds.map(online);
    for (const instanceId of strangeIds) {
      const before = instanceId === strangeIds[0] ? "offline" : "online";
      t.same(
        await connect(presence, instanceId, users),
        strangeIds.map((id) => change(id, before, "online")),
      );
    }
    const busy = strangeIds[3] ?? "";
    await presence.setStatus(busy, { status: "busy", revision: 1 });
    t.same(
      (await presence.lookup(strangeIds)).map(({ userId, status }) => [userId, status]),
      strangeIds.map((id) => [id, id === busy ? "busy" : "online"]),
    );
    for (const id of strangeIds) t.match(await presence.startTyping(id, id, id, longLease), { isVisible: true });
    for (const id of strangeIds) t.same(await presence.typing(id), [id]);
    const [first = "", ...others] = strangeIds;
    await presence.renew("last", longLease);
    await connect(presence, "last", [online("last")]);
    for (const instanceId of others) await presence.renew(instanceId, 20);
    await runOut(presence, "last", "last");
    t.same(await presence.reap(), [change("last", "online", "offline")]);
    await runOut(presence, first, first);
    t.equal((await presence.reap()).length, strangeIds.length);
  });

  await behaviour("a user is typing until stopped", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", ["u", "v", "w"].map(online));
    for (const userId of ["u", "u", "v"])
      t.match(await presence.startTyping("a", "room", userId, longLease), { isVisible: true });
    await presence.startTyping("a", "other", "w", longLease);
    t.same((await presence.typing("room")).sort(), ["u", "v"]);
    t.match(await presence.stopTyping("room", "u", "a"), { ended: true });
    t.match(await presence.stopTyping("room", "u", "a"), { ended: false });
    t.same(await presence.typing("room"), ["v"]);
    t.same(await presence.typing("nowhere"), []);
  });

  await behaviour("who types at two instances is typing until both have stopped, or all are", async (t, presence) => {
    for (const instanceId of ["a", "b"]) {
      await presence.renew(instanceId, longLease);
      await connect(presence, instanceId, [online("u")]);
      await presence.startTyping(instanceId, "room", "u", longLease);
    }
    t.match(await presence.stopTyping("room", "u", "a"), { ended: false });
    t.same(await presence.typing("room"), ["u"]);
    t.match(await presence.stopTyping("room", "u", "b"), { ended: true });
    t.same(await presence.typing("room"), []);
    for (const instanceId of ["a", "b"]) await presence.startTyping(instanceId, "room", "u", longLease);
    t.match(await presence.stopTyping("room", "u"), { ended: true });
    t.same(await presence.typing("room"), []);
  });

  await behaviour("typing ends by itself, user by user", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", ["refreshed", "short"].map(online));
    await presence.startTyping("a", "room", "refreshed", 30);
    await presence.startTyping("a", "room", "refreshed", longLease);
    await presence.startTyping("a", "room", "short", 30);
    await until(async () => !(await presence.typing("room")).includes("short"));
    t.same(await presence.typing("room"), ["refreshed"]);
    t.match(await presence.stopTyping("room", "short", "a"), { ended: false });
  });

  await behaviour("nobody types whom others do not see online", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [choosing("hidden", "invisible"), { userId: "unknown" }, online("hiding")]);
    for (const userId of ["hidden", "unknown", "stranger"])
      t.match(await presence.startTyping("a", "room", userId, longLease), { isVisible: false });
    await presence.startTyping("a", "room", "hiding", longLease);
    await presence.setStatus("hiding", { status: "invisible", revision: 1 });
    t.same(await presence.typing("room"), []);
  });

  await behaviour("a room is opened with the first instance and closed with the last", async (t, presence) => {
    const isOpen = async (instanceId: string, isOpen: boolean, roomId = "room") =>
      (await presence.setOpen(instanceId, [{ roomId, userId: "u", isOpen }])).map(({ changed }) => changed);
    for (const instanceId of ["a", "b"]) {
      await presence.renew(instanceId, longLease);
      await connect(presence, instanceId, [online("u")]);
    }
    t.same(await isOpen("a", true), [true]);
    t.same(await isOpen("a", true), [true], "its answer may have been lost");
    t.same(await isOpen("b", true), [false]);
    t.same(await isOpen("b", true, "other"), [true]);
    t.same(await isOpen("a", false), [false]);
    t.same(await isOpen("b", false), [true]);
    t.same(await isOpen("a", true), [true]);
    await presence.disconnect("a", ["u"]);
    t.same(await isOpen("b", true), [true], "an instance that does not hold the user has no room open for them");
    await connect(presence, "a", [online("u")]);
    await runOutUnseen(presence, "b");
    t.same(await isOpen("a", true), [true], "nor has one whose lease ran out");
  });

  await behaviour("rooms are opened and closed in the order given, visibly or not", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("u"), choosing("v", "invisible")]);
    const given = [true, false, true].map((isOpen) => ({ roomId: "room", userId: "u", isOpen }));
    const told = await presence.setOpen("a", [...given, { roomId: "room", userId: "v", isOpen: true }]);
    t.match(told, [...given.map(() => ({ isVisible: true, changed: true })), { isVisible: false, changed: true }]);
  });

  await behaviour("a status that is not known is invisible until it is", async (t, presence) => {
    await presence.renew("a", longLease);
    t.same(await presence.connect("a", [{ userId: "u" }]), [{ ...change("u", "offline", "invisible"), known: false }]);
    t.match(await presence.lookup(["u"]), [{ status: "invisible", lastSeen: null }]);
    t.same(await presence.connect("a", [online("u")]), [{ ...change("u", "invisible", "online"), known: true }]);
    t.same(await presence.connect("a", [{ userId: "u" }]), [{ ...change("u", "online", "online"), known: true }]);
  });

  await behaviour("of two choices the later one counts, whichever comes first", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("u")]);
    t.same(await presence.setStatus("u", { status: "invisible", revision: 3 }), change("u", "online", "invisible"));
    t.same(await presence.setStatus("u", { status: "away", revision: 2 }), change("u", "invisible", "invisible"));
    t.same(await connect(presence, "a", [online("u")]), [change("u", "invisible", "invisible")]);
  });

  await behaviour("what an invisible user does is no sign of life", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("u"), choosing("v", "invisible")]);
    await presence.setStatus("u", { status: "invisible", revision: 1 });
    const lastSeen = async () => (await presence.lookup(["u", "v"])).map(({ lastSeen }) => lastSeen);
    const [seen, never] = await lastSeen();
    t.type(seen, "string");
    t.equal(never, null);
    await pause(5);
    t.same(await lastSeen(), [seen, null], "while connected");
    await presence.disconnect("a", ["u", "v"]);
    t.same(await lastSeen(), [seen, null], "and after that");
  });

  await behaviour("what was said later has the later moment", async (t, presence) => {
    await presence.renew("a", longLease);
    await connect(presence, "a", [online("u")]);
    const moments = [
      (await presence.lookup(["u"]))[0]!.moment,
      (await presence.startTyping("a", "room", "u", longLease)).moment,
      (await presence.stopTyping("room", "u", "a")).moment,
      (await presence.setOpen("a", [{ roomId: "room", userId: "u", isOpen: true }]))[0]!.moment,
      (await presence.lookup(["u"]))[0]!.moment,
    ];
    t.equal(new Set(moments.map(({ epoch }) => epoch)).size, 1);
    for (const [n, { at }] of moments.slice(1).entries()) t.ok(at > moments[n]!.at);
  });

  await behaviour("what cannot be stored is refused", async (t, presence) => {
    await presence.renew("a", longLease);
    for (const userId of ["", "x".repeat(129), "\ud800"]) {
      await t.rejects(presence.connect("a", [{ userId }]), RangeError);
      await t.rejects(presence.disconnect("a", [userId]), RangeError);
      await t.rejects(presence.lookup([userId]), RangeError);
      await t.rejects(presence.setStatus(userId, { status: "away", revision: 1 }), RangeError);
      await t.rejects(presence.startTyping("a", "room", userId, longLease), RangeError);
      await t.rejects(presence.renew(userId, longLease), RangeError);
      await t.rejects(presence.typing(userId), RangeError);
    }
    for (const ms of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await t.rejects(presence.renew("a", ms), RangeError);
      await t.rejects(presence.startTyping("a", "room", "u", ms), RangeError);
    }
    for (const choice of [choosing("u", JSON.parse('"offline"')), choosing("u", "away", 0.5)].map(
      ({ choice }) => choice,
    )) {
      await t.rejects(presence.setStatus("u", choice), RangeError);
      await t.rejects(presence.connect("a", [{ userId: "u", choice }]), RangeError);
    }
    t.same(await presence.renew("a", longLease), { known: true }, "a refused call changes nothing");
  });

  await behaviour("arguments and answers are the caller's own", async (t, presence) => {
    await presence.renew("a", longLease);
    const users = [online("u")];
    const connecting = presence.connect("a", users);
    users[0] = online("changed meanwhile");
    t.match(await connecting, [change("u", "offline", "online")]);
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

const choosing = (userId: string, status: Status, revision = 1): { userId: string; choice: Choice } => ({
  userId,
  choice: { status, revision },
});
/** A user who never chose a status. */
const online = (userId: string) => choosing(userId, "online", 0);

/** The transitions, of users whose status is known. */
const connect = async (presence: Presence, ...given: Parameters<Presence["connect"]>): Promise<Transition[]> =>
  (await presence.connect(...given)).map(({ userId, before, after }) => change(userId, before, after));

const statuses = async (presence: Presence, userIds: string[]): Promise<PresenceState["status"][]> =>
  (await presence.lookup(userIds)).map(({ status }) => status);

/** Lets the lease of an instance run out, and waits until that shows on a user that only it holds. */
async function runOut(presence: Presence, instanceId: string, userId: string): Promise<void> {
  await presence.renew(instanceId, 20);
  await until(async () => (await statuses(presence, [userId]))[0] === "offline");
}

/** Lets the lease of an instance run out that holds nobody alone. */
async function runOutUnseen(presence: Presence, instanceId: string): Promise<void> {
  await connect(presence, instanceId, [online("only here")]);
  await runOut(presence, instanceId, "only here");
}

/** Asks again and again until the answer is yes; throws after 10 s. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("the awaited condition did not come about in 10 s");
    await pause(5);
  }
}
