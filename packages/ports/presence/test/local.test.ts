// Presence in this process.

import { presenceConformance } from "@khui/conformance/presence";
import { test } from "tap";
import { createLocalPresence } from "../src/local.js";

test("local presence", (t) => presenceConformance(t, async () => createLocalPresence()));

test("a user who stays away is forgotten after 30 days", async (t) => {
  const day = 24 * 60 * 60 * 1000;
  let time = 1_000;
  const presence = createLocalPresence({ now: () => time });
  await presence.renew("a", day);
  await presence.connect("a", [{ userId: "u", choice: { status: "busy", revision: 1 } }]);
  await presence.disconnect("a", ["u"]);
  time += 30 * day - 1;
  t.match(await presence.lookup(["u"]), [{ status: "offline", lastSeen: new Date(1_000).toISOString() }]);
  time += 1;
  t.match(await presence.lookup(["u"]), [{ status: "offline", lastSeen: null }]);
  await presence.renew("a", day);
  t.match(await presence.connect("a", [{ userId: "u" }]), [{ before: "offline", known: false }]);
});

test("a user who came back is not forgotten", async (t) => {
  const day = 24 * 60 * 60 * 1000;
  let time = 1_000;
  const presence = createLocalPresence({ now: () => time });
  await presence.renew("a", day);
  await presence.connect("a", [{ userId: "u", choice: { status: "busy", revision: 1 } }]);
  await presence.disconnect("a", ["u"]);
  await presence.connect("a", [{ userId: "u" }]);
  for (let days = 0; days < 40; days++) {
    time += day - 1;
    await presence.renew("a", day);
  }
  t.match(await presence.lookup(["u"]), [{ status: "busy", lastSeen: new Date(time).toISOString() }]);
});

test("answers come later, in the order of the calls", async (t) => {
  const presence = createLocalPresence();
  const order: string[] = [];
  const calls = [
    presence.renew("a", 1_000).then(() => order.push("renew")),
    presence.connect("a", [{ userId: "u" }]).then(() => order.push("connect")),
  ];
  await Promise.resolve();
  t.same(order, []);
  await Promise.all(calls);
  t.same(order, ["renew", "connect"]);
});
