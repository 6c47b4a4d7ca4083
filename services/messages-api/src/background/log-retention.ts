// Prunes the log: entries older than anyone may resume from are removed.
import type { Db } from "@khui/database";
import type { Logger } from "pino";
import { pruneChunk, pruneLog } from "../store/log-retention.js";

/** Prunes now and every `everyMs` until the returned function is called; replicas may all do so. */
export function startRetention(
  db: Db,
  log: Pick<Logger, "warn">,
  days: number,
  everyMs = 600_000,
): () => Promise<void> {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  const prune = async () => {
    try {
      const olderThan = new Date(Date.now() - days * 86_400_000);
      while (!stopped && (await pruneLog(db, olderThan)) === pruneChunk);
    } catch (error) {
      log.warn({ err: error }, "could not prune the log");
    }
  };
  const schedule = () => {
    running = running.then(prune);
  };
  const timer = setInterval(schedule, everyMs);
  timer.unref();
  schedule();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
}
