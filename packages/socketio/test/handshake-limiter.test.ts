// How many handshakes begin in a second, of all clients and of one address.
import { ask, pollingQuery, start } from "@khui/test-kit/socketio/rig";
import { test } from "tap";
import { TimerWheel } from "../src/connection/timer-wheel.js";
import { HandshakeLimiter } from "../src/handshake-limiter.js";

/** A limiter whose clock is set by hand, in seconds. */
function limiterAt(maxHandshakesPerSecond: number, maxHandshakesPerAddress: number) {
  const clock = { seconds: 1_000 };
  class Timers extends TimerWheel {
    override now(): number {
      return clock.seconds * 1000;
    }
  }
  const limits = { maxHandshakes: 100, maxHandshakesPerSecond, maxHandshakesPerAddress };
  const limiter = new HandshakeLimiter(limits, new Timers(10));
  const passed = (address: string, count: number) =>
    Array.from({ length: count }, () => limiter.tryAcquire(address)).filter(Boolean).length;
  return { clock, limiter, passed };
}

test("an address has two seconds' worth at once, and then what is refilled", async (t) => {
  const { clock, limiter, passed } = limiterAt(1_000, 5);
  t.equal(passed("a", 50), 10);
  t.equal(passed("b", 50), 10);
  clock.seconds += 1;
  t.equal(passed("a", 50), 5);
  clock.seconds += 60;
  t.equal(passed("a", 50), 10);
  t.equal(limiter.refused, 40 + 40 + 45 + 40);
});

test("an address that is refused takes nothing from others", async (t) => {
  const { passed } = limiterAt(20, 5);
  t.equal(passed("junk", 10_000), 10);
  t.equal(passed("a", 4) + passed("b", 6), 10);
  t.equal(passed("c", 1), 0, "all have had what all may have");
});

test("without limits everyone passes", async (t) => {
  const { passed } = limiterAt(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  t.equal(passed("a", 10_000), 10_000);
});

test("the host says whose address counts", async (t) => {
  const { url, engine } = await start(
    t,
    { maxHandshakesPerSecond: 50, maxHandshakesPerAddress: 1, clientAddress: ({ headers }) => String(headers.from) },
    () => {},
  );
  const statuses = async (from: string, count: number) =>
    (await Promise.all(Array.from({ length: count }, () => ask(url + pollingQuery, "GET", undefined, { from })))).map(
      ({ status }) => status,
    );
  const junk = await statuses("junk", 60);
  t.ok(junk.includes(503), "beyond its limit it is refused");
  t.strictSame(await statuses("honest", 2), [200, 200]);
  t.equal(engine.stats().refusedHandshakes, junk.filter((status) => status === 503).length);
});
