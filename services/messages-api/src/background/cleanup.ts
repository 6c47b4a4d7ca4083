// Removes what deleted messages leave behind: their edits and reactions, and (through media-service) files that no message uses.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { mediaRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
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
  let stopped = false;
  let again = false;
  let running: Promise<void> | undefined;

  async function cleanUp(): Promise<void> {
    try {
      while (!stopped && (await purgeDeletedMessages(db)));
      for (let fileIds = await unusedFiles(db, chunk); fileIds.length > 0 && !stopped; ) {
        await call(bus, mediaRpc.remove, { fileIds });
        await forgetFiles(db, fileIds);
        fileIds = await unusedFiles(db, chunk);
      }
    } catch (error) {
      log.warn({ err: error }, "what deleted messages leave behind waits to be removed");
    }
  }

  const trigger = () => {
    if (running) again = true;
    else if (!stopped) {
      running = cleanUp().finally(() => {
        running = undefined;
        if (again) {
          again = false;
          trigger();
        }
      });
    }
  };
  const timer = setInterval(trigger, everyMs);
  timer.unref();
  return {
    trigger,
    async close() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
