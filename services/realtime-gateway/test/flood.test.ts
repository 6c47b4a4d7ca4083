// How much a socket, and all sockets of a user together, may say at one gateway.
import { test } from "tap";
import { createFlood, type FloodRule } from "../src/flood.js";
import type { Session } from "../src/session.js";

const rule: FloodRule = { burst: 4, perSecond: 2, strikes: 3, user: { burst: 6, perSecond: 3 } };

/** As much of a session as is looked at. */
const session = (userId?: string) =>
  ({
    identity: userId === undefined ? null : { userId },
    tokens: rule.burst,
    tokensAt: 0,
    strikes: 0,
  }) as unknown as Session;

test("a socket has its burst, then what is refilled, then strikes, then its end", async (t) => {
  const flood = createFlood(rule);
  const one = session("a");
  const at = (now: number, count: number) => Array.from({ length: count }, () => flood.admit(one, "typing_start", now));
  t.strictSame(at(0, 5), ["pass", "pass", "pass", "pass", "refuse"]);
  t.strictSame(at(1_000, 3), ["pass", "pass", "refuse"]);
  t.strictSame(at(1_000, 2), ["refuse", "close"]);
});

test("strikes are forgotten after quiet enough for a full burst", async (t) => {
  const flood = createFlood(rule);
  const one = session("a");
  for (let round = 0; round < 5; round += 1) {
    const verdicts = Array.from({ length: 7 }, () => flood.admit(one, "typing_start", round * 10_000));
    t.strictSame(verdicts, [...Array(4).fill("pass"), ...Array(3).fill("refuse")], `round ${round}`);
  }
});

test("many sockets of one user share one bucket, and take nothing from another user", async (t) => {
  const flood = createFlood(rule);
  const many = Array.from({ length: 50 }, () => session("a"));
  const passed = many.filter((one) => flood.admit(one, "typing_start", 0) === "pass").length;
  t.equal(passed, rule.user.burst);
  t.equal(many.filter((one) => flood.admit(one, "typing_start", 1_000) === "pass").length, rule.user.perSecond);
  t.equal(flood.admit(session("b"), "typing_start", 1_000), "pass");
});

test("a user who closes all sockets and comes back brings no fresh burst; one who was quiet is forgotten", async (t) => {
  const flood = createFlood(rule);
  for (let n = 0; n < rule.user.burst; n += 1) flood.admit(session("a"), "typing_start", 0);
  flood.sweep(1_000);
  t.equal(flood.size, 1);
  t.strictSame(
    Array.from({ length: 4 }, () => flood.admit(session("a"), "typing_start", 1_000)),
    ["pass", "pass", "pass", "refuse"],
  );
  flood.sweep(3_000);
  t.equal(flood.size, 0);
});

test("sockets that are not signed in count alone", async (t) => {
  const flood = createFlood(rule);
  const verdicts = Array.from({ length: 50 }, () => flood.admit(session(), "typing_start", 0));
  t.strictSame(new Set(verdicts), new Set(["pass"]));
  t.equal(flood.size, 0);
});

test("an event that others pay for costs more, and all there is where that is less", async (t) => {
  const flood = createFlood({ ...rule, burst: 12, user: { burst: 100, perSecond: 1 } });
  const one = { ...session("a"), tokens: 12 } as Session;
  const ask = (event: string) => flood.admit(one, event, 0);
  t.strictSame(["get_online_users", "update_status", "get_online_users"].map(ask), ["pass", "pass", "refuse"]);
  t.strictSame(["typing_start", "send_message", "typing_start"].map(ask), ["pass", "pass", "refuse"]);
  t.equal(flood.admit(one, "get_online_users", 1_000), "refuse");
  t.equal(flood.admit(one, "get_online_users", 2_500), "pass");
  const small = createFlood(rule);
  const other = session("b");
  t.equal(small.admit(other, "get_online_users", 0), "pass");
  t.equal(small.admit(other, "typing_start", 0), "refuse");
});
