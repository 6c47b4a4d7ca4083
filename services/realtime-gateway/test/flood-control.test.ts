// How many events one client, and all clients of a user together, may send to one gateway.
import { test } from "tap";
import type { Client } from "../src/connections/client.js";
import { createFloodControl, type FloodRule } from "../src/connections/flood-control.js";

const rule: FloodRule = {
  burst: 4,
  perSecond: 2,
  strikes: 3,
  user: { burst: 6, perSecond: 3 },
  joins: { burst: 50, perSecond: 5 },
};

/** The part of a client that is looked at. */
const client = (userId?: string) =>
  ({
    identity: userId === undefined ? null : { userId },
    tokens: rule.burst,
    tokensAt: 0,
    strikes: 0,
    joins: null,
  }) as unknown as Client;

test("a client has its burst, then what is refilled, then strikes, and is then closed", async (t) => {
  const floodControl = createFloodControl(rule);
  const one = client("a");
  const at = (now: number, count: number) =>
    Array.from({ length: count }, () => floodControl.check(one, "typing_start", true, now));
  t.strictSame(at(0, 5), ["allow", "allow", "allow", "allow", "reject"]);
  t.strictSame(at(1_000, 3), ["allow", "allow", "reject"]);
  t.strictSame(at(1_000, 2), ["reject", "close"]);
});

test("strikes are forgotten once it was quiet long enough for a full burst", async (t) => {
  const floodControl = createFloodControl(rule);
  const one = client("a");
  for (let round = 0; round < 5; round += 1) {
    const decisions = Array.from({ length: 7 }, () => floodControl.check(one, "typing_start", true, round * 10_000));
    t.strictSame(decisions, [...Array(4).fill("allow"), ...Array(3).fill("reject")], `round ${round}`);
  }
});

test("many clients of one user share one bucket, and take nothing from another user", async (t) => {
  const floodControl = createFloodControl(rule);
  const many = Array.from({ length: 50 }, () => client("a"));
  const passed = many.filter((one) => floodControl.check(one, "typing_start", true, 0) === "allow").length;
  t.equal(passed, rule.user.burst);
  t.equal(
    many.filter((one) => floodControl.check(one, "typing_start", true, 1_000) === "allow").length,
    rule.user.perSecond,
  );
  t.equal(floodControl.check(client("b"), "typing_start", true, 1_000), "allow");
});

test("a user who closes all clients and reconnects gets no fresh burst; one who was quiet is forgotten", async (t) => {
  const floodControl = createFloodControl(rule);
  for (let n = 0; n < rule.user.burst; n += 1) floodControl.check(client("a"), "typing_start", true, 0);
  floodControl.sweep(1_000);
  t.equal(floodControl.size, 1);
  t.strictSame(
    Array.from({ length: 4 }, () => floodControl.check(client("a"), "typing_start", true, 1_000)),
    ["allow", "allow", "allow", "reject"],
  );
  floodControl.sweep(3_000);
  t.equal(floodControl.size, 0);
});

test("clients that are not authenticated have only their own bucket", async (t) => {
  const floodControl = createFloodControl(rule);
  const decisions = Array.from({ length: 50 }, () => floodControl.check(client(), "typing_start", true, 0));
  t.strictSame(new Set(decisions), new Set(["allow"]));
  t.equal(floodControl.size, 0);
});

test("an event that costs others more takes more tokens, but never more than a full burst", async (t) => {
  const floodControl = createFloodControl({ ...rule, burst: 12, user: { burst: 100, perSecond: 1 } });
  const one = { ...client("a"), tokens: 12 } as Client;
  const ask = (event: string) => floodControl.check(one, event, true, 0);
  t.strictSame(["get_online_users", "update_status", "get_online_users"].map(ask), ["allow", "allow", "reject"]);
  t.strictSame(["typing_start", "send_message", "typing_start"].map(ask), ["allow", "allow", "reject"]);
  t.equal(floodControl.check(one, "get_online_users", true, 1_000), "reject");
  t.equal(floodControl.check(one, "get_online_users", true, 2_500), "allow");
  const small = createFloodControl(rule);
  const other = client("b");
  t.equal(small.check(other, "get_online_users", true, 0), "allow");
  t.equal(small.check(other, "typing_start", true, 0), "reject");
});

test("joins count as no event: only those that are invalid, or beyond a bucket of their own", async (t) => {
  const floodControl = createFloodControl(rule);
  const one = client("a");
  const join = (valid: boolean, now: number) => floodControl.check(one, "join_chat", valid, now);
  const first = Array.from({ length: rule.joins.burst }, () => join(true, 0));
  t.strictSame(new Set(first), new Set(["allow"]));
  t.equal(one.tokens, rule.burst, "they have taken no token of events");
  t.strictSame([join(false, 0), join(true, 0)], ["allow", "allow"], "these two have");
  t.equal(one.tokens, rule.burst - 2);
  const flood = Array.from({ length: 10 }, () => join(true, 0));
  t.strictSame(flood.slice(0, 7), ["allow", "allow", "reject", "reject", "reject", "close", "close"]);
  t.equal(join(true, 1_000), "allow", "the bucket is refilled");
});

test("clients of one user share the bucket for joins, which take nothing from another user", async (t) => {
  const floodControl = createFloodControl(rule);
  const join = (one: Client) => floodControl.check(one, "join_chat", true, 0);
  const many = Array.from({ length: rule.joins.burst + rule.user.burst + 5 }, () => client("a"));
  t.equal(many.filter((one) => join(one) === "allow").length, rule.joins.burst + rule.user.burst);
  t.equal(join(client("b")), "allow");
  const newcomers = Array.from({ length: 50 }, () => client());
  t.strictSame(new Set(newcomers.map(join)), new Set(["allow"]), "who is not authenticated has a bucket alone");
});
