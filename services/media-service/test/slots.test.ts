// How many uploads are accepted at once, from whom, and at which rate their bytes have to arrive.
import type { ChatError } from "@khui/contracts";
import { test } from "tap";
import { createUploadSlots } from "../src/uploads/slots.js";

/** Slots on a clock that the test advances a second at a time. */
function rig(uploads: number, uploadsPerUser: number) {
  let now = 0;
  const limits = { uploads, uploadsPerUser, uploadBytesPerSecond: 1000, uploadWindowMs: 10_000 };
  const slots = createUploadSlots(limits, () => now);
  const senders: Array<() => void> = [];
  return {
    slots,
    /** An upload that has `bytesPerSecond` from now on. */
    from(userId: string, bytesPerSecond = 0) {
      let bytes = 0;
      const upload = { rate: bytesPerSecond, ended: undefined as ChatError | undefined };
      senders.push(() => {
        bytes += upload.rate;
      });
      const abort = (failure: ChatError) => {
        upload.ended = failure;
      };
      return Object.assign(upload, { slot: slots.acquire(userId, { received: () => bytes, abort }) });
    },
    pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        now += 1000;
        for (const send of senders) send();
        slots.poll();
      }
    },
  };
}

const tooMany = { code: "rate_limited", status: 429, details: { retryAfter: 5 } };
const full = { code: "service_unavailable", details: { retryAfter: 5 } };

test("one user may have a few uploads; released ones no longer count", async (t) => {
  const { from, slots } = rig(100, 2);
  const [first] = [from("one"), from("one")];
  t.throws(() => from("one"), tooMany);
  from("another");
  first?.slot.release();
  from("one");
  t.throws(() => from("one"), tooMany);
  t.equal(slots.size(), 3);
});

test("slots are occupied by uploads whose bytes arrive and by those being processed", async (t) => {
  const { from, pass } = rig(2, 5);
  const [coming, worked] = [from("one", 2000), from("two", 2000)];
  pass(1);
  worked.slot.startWork();
  worked.rate = 0;
  pass(60);
  t.throws(() => from("three"), full);
  t.equal(worked.ended, undefined, "a complete upload is not ended for its rate");
  coming.slot.release();
  from("three", 2000);
});

test("idle and slow uploads occupy no slots", async (t) => {
  const { from, pass } = rig(10, 5);
  const idle = ["one", "two"].flatMap((userId) => Array.from({ length: 5 }, (_, i) => from(userId, i === 0 ? 0 : 100)));
  pass(1);
  for (let i = 0; i < 10; i++) from(`fast-${i}`, 5000);
  pass(1);
  t.ok(idle.every(({ ended }) => !ended));
  t.throws(() => from("one more"), full, "the fast ones do");
});

test("an upload below the minimum rate is ended when its window is over", async (t) => {
  const { from, pass } = rig(10, 5);
  const [silent, slow, fair] = [from("one"), from("one", 999), from("one", 1000)];
  pass(9);
  t.notOk(silent.ended || slow.ended);
  pass(1);
  for (const { ended } of [silent, slow]) {
    t.match(ended, { code: "upload_too_slow", status: 408, details: { minBytesPerSecond: 1000 } });
  }
  pass(60);
  t.equal(fair.ended, undefined);
  fair.rate = 0;
  pass(20);
  t.match(fair.ended, { code: "upload_too_slow" }, "whatever it sent before");
});

test("a paused upload loses its slot, and is ended if none is free when it resumes", async (t) => {
  const { from, pass } = rig(1, 5);
  const pausing = from("one", 2000);
  pass(1);
  pausing.rate = 0;
  t.throws(() => from("two"), full, "a short pause is none");
  pass(2);
  const next = from("two", 2000);
  pass(1);
  pausing.rate = 2000;
  pass(1);
  t.match(pausing.ended, full);
  t.equal(next.ended, undefined);
});

test("a small upload that is complete before the first poll occupies a slot as well", async (t) => {
  const { from } = rig(1, 5);
  const [first, second] = [from("one"), from("two")];
  first.slot.startWork();
  t.throws(() => second.slot.startWork(), full);
});

test("the number of idle uploads is limited", async (t) => {
  const { from } = rig(2, 5);
  for (let i = 0; i < 8; i++) from(`user-${i}`);
  t.throws(() => from("one more"), full);
});
