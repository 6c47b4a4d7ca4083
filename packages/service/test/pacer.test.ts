// A key acts at once, and once more at the end of each interval in which something waited.
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { createPacer } from "../src/pacer.js";

test("intervals end by themselves, follow each other while something waits, and are then forgotten", async (t) => {
  const acted: string[] = [];
  const pacer = createPacer<{ waiting: number }>({
    intervalMs: 1,
    onEnd(key, state) {
      if (state.waiting === 0) return false;
      state.waiting--;
      acted.push(key);
      return true;
    },
  });
  t.equal(pacer.find("a"), undefined);
  pacer.begin("a", { waiting: 3 });
  pacer.begin("b", { waiting: 0 });
  t.same(pacer.find("a"), { waiting: 3 });
  await until("nothing waits", () => pacer.find("a") === undefined && pacer.find("b") === undefined);
  t.same(acted, ["a", "a", "a"]);
});

test("intervals can be ended before their time, and do not end twice", async (t) => {
  let ended = 0;
  const onEnd = () => {
    ended++;
    return ended < 3;
  };
  const pacer = createPacer<object>({ intervalMs: 3_600_000, onEnd });
  pacer.begin("a", {});
  pacer.endAll();
  t.equal(ended, 1);
  pacer.endAll();
  pacer.endAll();
  t.equal(ended, 3, "each begins the next, except for the last");
  pacer.endAll();
  t.equal(ended, 3);
});
