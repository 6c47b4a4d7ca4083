// Has media-service remove the files that no message uses any more.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { mediaRpc } from "@khui/contracts";
import type { Logger } from "pino";
import { forgetFiles, unusedFiles } from "./store/files.js";
import type { Db } from "./store/tables.js";

export interface FileRelease {
  /** A message with a file was deleted: look now, not at the next turn. */
  soon(): void;
  close(): Promise<void>;
}

const chunk = 100;

/**
 * Looks every `everyMs` too, so that what a crash or media-service's absence left behind goes later. Replicas may all do
 * so: removing twice is harmless.
 */
export function startFileRelease(db: Db, bus: Bus, log: Pick<Logger, "warn">, everyMs = 30_000): FileRelease {
  let stopped = false;
  let again = false;
  let running: Promise<void> | undefined;

  async function release(): Promise<void> {
    try {
      for (let fileIds = await unusedFiles(db, chunk); fileIds.length > 0 && !stopped; ) {
        await call(bus, mediaRpc.remove, { fileIds });
        await forgetFiles(db, fileIds);
        fileIds = await unusedFiles(db, chunk);
      }
    } catch (error) {
      log.warn({ err: error }, "files of deleted messages wait to be removed");
    }
  }

  const soon = () => {
    if (running) again = true;
    else if (!stopped) {
      running = release().finally(() => {
        running = undefined;
        if (again) {
          again = false;
          soon();
        }
      });
    }
  };
  const timer = setInterval(soon, everyMs);
  timer.unref();
  return {
    soon,
    async close() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
