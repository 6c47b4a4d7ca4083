// The list of connections with something to write stays short, also when it is never empty.
import { setImmediate as nextTurn } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { Flusher } from "../src/connection/flusher.js";

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

test("under saturation every connection has its turn, and none is kept after it", async (t) => {
  const flusher = new Flusher();
  const flushed = Array<number>(2_500).fill(0);
  let saturated = true;
  for (const n of flushed.keys()) {
    const connection = {
      flush: () => {
        flushed[n]! += 1;
        if (saturated) flusher.add(connection);
      },
    };
    flusher.add(connection);
  }
  const gone = new WeakRef({ flush: () => undefined });
  flusher.add(gone.deref()!);
  await until("many rounds", () => Math.min(...flushed) > 10);
  t.ok(Math.max(...flushed) - Math.min(...flushed) <= 1, "all equally often");
  await until("the one that was flushed once is forgotten", () => {
    collectGarbage();
    return gone.deref() === undefined;
  });
  saturated = false;
  const { writes } = flusher;
  while (flusher.writes === writes) await nextTurn();
});
