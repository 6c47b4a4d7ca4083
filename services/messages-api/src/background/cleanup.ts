// Removes what deleted messages leave behind: their edits and reactions, and (through media-service) files that no message uses.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { mediaRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
import { startPeriodic } from "@khui/service/process";
import type { Logger } from "pino";
import { forgetFiles, purgeDeletedMessages, unusedFiles } from "../store/cleanup.js";

export interface Cleanup {
  /** A message was deleted: run now, not at the next interval. */
  trigger(): void;
  /** Stops, and waits for a run in progress. */
  close(): Promise<void>;
}

const chunk = 100;

/**
 * Also runs every `everyMs`, so that what a crash or media-service's absence left behind is removed later. Replicas may all do
 * so: removing twice is harmless.
 */
export function startCleanup(db: Db, bus: Bus, log: Pick<Logger, "warn">, everyMs = 30_000): Cleanup {
  async function cleanUp(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await purgeDeletedMessages(db)));
    for (let fileIds = await unusedFiles(db, chunk); fileIds.length > 0 && !signal.aborted; ) {
      await call(bus, mediaRpc.remove, { fileIds });
      await forgetFiles(db, fileIds);
      fileIds = await unusedFiles(db, chunk);
    }
  }

  const cleaning = startPeriodic(cleanUp, {
    intervalMs: everyMs,
    onError: (error) => log.warn({ err: error }, "what deleted messages leave behind waits to be removed"),
  });
  return { trigger: () => void cleaning.run(), close: cleaning.stop };
}
