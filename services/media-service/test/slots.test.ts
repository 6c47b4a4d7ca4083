// How many uploads are taken at once, from whom, and how fast they have to come.
import type { ChatError } from "@khui/contracts";
import { test } from "tap";
import { createUploadPlaces } from "../src/uploads/slots.js";

/** Places on a clock that the test moves, a second at a time. */
function rig(uploads: number, uploadsPerUser: number) {
  let now = 0;
  const limits = { uploads, uploadsPerUser, uploadBytesPerSecond: 1000, uploadWindowMs: 10_000 };
  const places = createUploadPlaces(limits, () => now);
  const senders: Array<() => void> = [];
  return {
    places,
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
      return Object.assign(upload, { place: places.take(userId, { received: () => bytes, abort }) });
    },
    pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        now += 1000;
        for (const send of senders) send();
        places.look();
      }
    },
  };
}

const tooMany = { code: "rate_limited", status: 429, details: { retryAfter: 5 } };
const full = { code: "service_unavailable", details: { retryAfter: 5 } };

test("one user may have a few, and what has ended counts no more", async (t) => {
  const { from, places } = rig(100, 2);
  const [first] = [from("one"), from("one")];
  t.throws(() => from("one"), tooMany);
  from("another");
  first?.place.release();
  from("one");
  t.throws(() => from("one"), tooMany);
  t.equal(places.size(), 3);
});

test("places are taken by those whose bytes come and by those that are worked on", async (t) => {
  const { from, pass } = rig(2, 5);
  const [coming, worked] = [from("one", 2000), from("two", 2000)];
  pass(1);
  worked.place.startWork();
  worked.rate = 0;
  pass(60);
  t.throws(() => from("three"), full);
  t.equal(worked.ended, undefined, "nobody waits for the bytes of what is there");
  coming.place.release();
  from("three", 2000);
});

test("what waits for bytes, or has a few now and then, takes no place of the others", async (t) => {
  const { from, pass } = rig(10, 5);
  const idle = ["one", "two"].flatMap((userId) => Array.from({ length: 5 }, (_, i) => from(userId, i === 0 ? 0 : 100)));
  pass(1);
  for (let i = 0; i < 10; i++) from(`honest-${i}`, 5000);
  pass(1);
  t.ok(idle.every(({ ended }) => !ended));
  t.throws(() => from("one more"), full, "the honest ones do");
});

test("what comes more slowly than it must is ended once its window is over", async (t) => {
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

test("what pauses loses its place, and is ended if none is left when it goes on", async (t) => {
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

test("a small upload that is there before it was looked at takes a place as well", async (t) => {
  const { from } = rig(1, 5);
  const [first, second] = [from("one"), from("two")];
  first.place.startWork();
  t.throws(() => second.place.startWork(), full);
});

test("those that wait for bytes are not without number", async (t) => {
  const { from } = rig(2, 5);
  for (let i = 0; i < 8; i++) from(`user-${i}`);
  t.throws(() => from("one more"), full);
});
