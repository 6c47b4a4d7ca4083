// How much a socket, and all sockets of a user together, may say at one gateway.
import { test } from "tap";
import type { Client } from "../src/connections/client.js";
import { createFloodControl, type FloodRule } from "../src/connections/flood-control.js";

const rule: FloodRule = { burst: 4, perSecond: 2, strikes: 3, user: { burst: 6, perSecond: 3 } };

/** The part of a client that is looked at. */
const client = (userId?: string) =>
  ({
    identity: userId === undefined ? null : { userId },
    tokens: rule.burst,
    tokensAt: 0,
    strikes: 0,
  }) as unknown as Client;

test("a socket has its burst, then what is refilled, then strikes, then its end", async (t) => {
  const floodControl = createFloodControl(rule);
  const one = client("a");
  const at = (now: number, count: number) =>
    Array.from({ length: count }, () => floodControl.check(one, "typing_start", now));
  t.strictSame(at(0, 5), ["allow", "allow", "allow", "allow", "reject"]);
  t.strictSame(at(1_000, 3), ["allow", "allow", "reject"]);
  t.strictSame(at(1_000, 2), ["reject", "close"]);
});

test("strikes are forgotten after quiet enough for a full burst", async (t) => {
  const floodControl = createFloodControl(rule);
  const one = client("a");
  for (let round = 0; round < 5; round += 1) {
    const decisions = Array.from({ length: 7 }, () => floodControl.check(one, "typing_start", round * 10_000));
    t.strictSame(decisions, [...Array(4).fill("allow"), ...Array(3).fill("reject")], `round ${round}`);
  }
});

test("many sockets of one user share one bucket, and take nothing from another user", async (t) => {
  const floodControl = createFloodControl(rule);
  const many = Array.from({ length: 50 }, () => client("a"));
  const passed = many.filter((one) => floodControl.check(one, "typing_start", 0) === "allow").length;
  t.equal(passed, rule.user.burst);
  t.equal(many.filter((one) => floodControl.check(one, "typing_start", 1_000) === "allow").length, rule.user.perSecond);
  t.equal(floodControl.check(client("b"), "typing_start", 1_000), "allow");
});

test("a user who closes all sockets and comes back brings no fresh burst; one who was quiet is forgotten", async (t) => {
  const floodControl = createFloodControl(rule);
  for (let n = 0; n < rule.user.burst; n += 1) floodControl.check(client("a"), "typing_start", 0);
  floodControl.sweep(1_000);
  t.equal(floodControl.size, 1);
  t.strictSame(
    Array.from({ length: 4 }, () => floodControl.check(client("a"), "typing_start", 1_000)),
    ["allow", "allow", "allow", "reject"],
  );
  floodControl.sweep(3_000);
  t.equal(floodControl.size, 0);
});

test("sockets that are not signed in count alone", async (t) => {
  const floodControl = createFloodControl(rule);
  const decisions = Array.from({ length: 50 }, () => floodControl.check(client(), "typing_start", 0));
  t.strictSame(new Set(decisions), new Set(["allow"]));
  t.equal(floodControl.size, 0);
});

test("an event that others pay for costs more, and all there is where that is less", async (t) => {
  const floodControl = createFloodControl({ ...rule, burst: 12, user: { burst: 100, perSecond: 1 } });
  const one = { ...client("a"), tokens: 12 } as Client;
  const ask = (event: string) => floodControl.check(one, event, 0);
  t.strictSame(["get_online_users", "update_status", "get_online_users"].map(ask), ["allow", "allow", "reject"]);
  t.strictSame(["typing_start", "send_message", "typing_start"].map(ask), ["allow", "allow", "reject"]);
  t.equal(floodControl.check(one, "get_online_users", 1_000), "reject");
  t.equal(floodControl.check(one, "get_online_users", 2_500), "allow");
  const small = createFloodControl(rule);
  const other = client("b");
  t.equal(small.check(other, "get_online_users", 0), "allow");
  t.equal(small.check(other, "typing_start", 0), "reject");
});
