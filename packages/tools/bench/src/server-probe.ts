// Loaded into a measured server beside its own code (`--import`): at SIGUSR2 it reports its memory and its pauses.
import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** What the server writes, one line of JSON each time. */
export interface Reading {
  /** Bytes. After a full collection, where the server was started with --expose-gc. */
  readonly rss: number;
  readonly heapUsed: number;
  /** Milliseconds of the longest wait of the event loop since the reading before. */
  readonly longestPause: number;
}

const resolutionMs = 5;
const file = process.env.BENCH_PROBE;
if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  process.on("SIGUSR2", () => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const reading: Reading = { rss, heapUsed, longestPause: Math.max(0, delay.max / 1e6 - resolutionMs) };
    appendFileSync(file, `${JSON.stringify(reading)}\n`);
    delay.reset();
  });
}
