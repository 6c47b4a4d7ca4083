// Gaps are attributed to the fault that caused them, from its start.
import { test } from "tap";
import { createGaps } from "../src/gaps.js";
import type { StepRecord } from "../src/injecting.js";

const step = (startedAt: number, ...names: string[]): StepRecord => ({
  faults: names.map((part) => ({ kind: "kill", name: `${part}-1`, part })),
  startedAt,
  endedAt: startedAt + 1_000,
});

test("the longest gap of each kind of fault", async (t) => {
  let now = 0;
  const gaps = createGaps(() => now);
  const client = {};
  const at = (time: number, what: "sent" | "received"): void => {
    now = time;
    if (what === "sent") gaps.sent();
    else gaps.received(client);
  };
  const steps = [step(10_000, "nats"), step(20_000, "redis"), step(30_000, "nats"), step(40_000, "nats", "redis")];
  // Before any fault; then one that began just before the first, and is attributed to it from its start on.
  for (const time of [0, 5_000, 9_900, 12_000]) at(time, "sent");
  // Within the second; across the third's start, but begun long before it.
  for (const time of [21_000, 22_500, 28_000, 31_000]) at(time, "sent");
  for (const time of [41_000, 44_000]) at(time, "received");
  // Disconnected on purpose.
  gaps.forget(client);
  for (const time of [60_000, 60_100]) at(time, "received");
  t.same(gaps.rows(steps), [
    { fault: "kill nats", times: 2, sending: 9_000, receiving: 0 },
    { fault: "kill redis", times: 1, sending: 5_500, receiving: 0 },
    { fault: "two at once", times: 1, sending: 0, receiving: 3_000 },
  ]);
});
