// One timer for every deadline.

import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { type TimerEntry, TimerWheel, unscheduled } from "../src/connection/timer-wheel.js";

function entry(onDue: (now: number) => void): TimerEntry {
  return { slot: unscheduled, dueAt: 0, onDue };
}

test("deadlines fire in order and never early, also beyond one lap of the wheel", async (t) => {
  const wheel = new TimerWheel(1);
  const fired: number[] = [];
  // One lap is 1,024 ticks.
  for (const delay of [1500, 5, 60, 1100, 30]) {
    const due = wheel.now() + delay;
    wheel.schedule(
      entry((now) => {
        t.ok(now >= due, `${delay} not early`);
        fired.push(delay);
      }),
      delay,
    );
  }
  await until("all", () => fired.length === 5);
  t.strictSame(fired, [5, 30, 60, 1100, 1500]);
});

test("a rescheduled deadline fires once, a cancelled one never", async (t) => {
  const wheel = new TimerWheel(1);
  let moved = 0;
  let cancelled = 0;
  const first = entry(() => (moved += 1));
  const second = entry(() => (cancelled += 1));
  wheel.schedule(first, 5);
  wheel.schedule(second, 5);
  wheel.schedule(first, 20);
  wheel.cancel(second);
  wheel.cancel(second);
  let last = false;
  wheel.schedule(
    entry(() => {
      last = true;
    }),
    40,
  );
  await until("the last", () => last);
  t.equal(moved, 1);
  t.equal(cancelled, 0);
});

test("an entry can schedule itself again when it fires", async (t) => {
  const wheel = new TimerWheel(1);
  let times = 0;
  const again: TimerEntry = entry(() => {
    times += 1;
    if (times < 5) wheel.schedule(again, 0);
  });
  wheel.schedule(again, 0);
  await until("five times", () => times === 5);
  t.equal(again.slot, unscheduled);
});
