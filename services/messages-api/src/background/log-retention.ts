// Prunes the log: entries older than anyone may resume from are removed.
import type { Db } from "@khui/database";
import { startPeriodic } from "@khui/service/process";
import type { Logger } from "pino";
import { pruneChunk, pruneLog } from "../store/log-retention.js";

/** Prunes now and every `everyMs` until the returned function is called; replicas may all do so. */
export function startRetention(
  db: Db,
  log: Pick<Logger, "warn">,
  days: number,
  everyMs = 600_000,
): () => Promise<void> {
  const prune = async (signal: AbortSignal) => {
    const olderThan = new Date(Date.now() - days * 86_400_000);
    while (!signal.aborted && (await pruneLog(db, olderThan)) === pruneChunk);
  };
  const onError = (error: unknown) => log.warn({ err: error }, "could not prune the log");
  const pruning = startPeriodic(prune, { intervalMs: everyMs, onError });
  void pruning.run();
  return pruning.stop;
}
