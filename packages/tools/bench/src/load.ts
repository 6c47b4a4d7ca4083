// The load generator's process: receives requests from its parent, sends messages, reports.
import { setTimeout as sleep } from "node:timers/promises";
import { openListeners } from "./listeners.js";
import type { LoadReport, LoadRequest, LoadResult } from "./load-process.js";
import { sendMessages } from "./sending.js";
import { percentile } from "./statistics.js";

/** A committed message reaches a socket within this time even when its announcement was lost. */
const arrivalMs = 15_000;
const lingerMs = 300;

process.on("message", (request) => {
  run(request as LoadRequest).then(
    (result) => report({ result }),
    (error: unknown) => report({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

const report = (message: LoadReport): void => {
  process.send?.(message);
};

async function run(request: LoadRequest): Promise<LoadResult> {
  const due = new Map<string, number>();
  const arrivals: number[] = [];
  const arrived = new Set<string>();
  let repeated = 0;
  let broken: string | undefined;
  const { listening } = request;
  const listeners =
    listening &&
    (await openListeners(
      listening.url,
      listening.listeners,
      (content) => {
        const at = due.get(content);
        if (at === undefined) return;
        if (arrived.has(content)) repeated++;
        else arrivals.push(performance.now() - at);
        arrived.add(content);
      },
      (reason) => {
        broken = reason;
      },
    ));
  const sent = await sendMessages(request, (content) => {
    if (listening) due.set(content, performance.now());
  });
  if (listeners) {
    for (let waited = 0; arrived.size < sent.acknowledged && waited < arrivalMs; waited += 20) await sleep(20);
    // Long enough for a duplicate to arrive.
    await sleep(lingerMs);
    listeners.close();
  }
  if (broken) throw new Error(broken);
  const { acknowledged, failed, seconds, latencies } = sent;
  return {
    acknowledged,
    failed,
    seconds,
    answer: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
    ...(listening
      ? {
          delivered: {
            messages: arrived.size,
            repeated,
            p50: percentile(arrivals, 0.5),
            p99: percentile(arrivals, 0.99),
          },
        }
      : {}),
  };
}
