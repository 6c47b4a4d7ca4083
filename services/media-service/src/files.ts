// The files of messages in the store, and the uploads that are not settled.

import { type Blobs, BlobsUnavailable } from "@khui/blobs";
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import { ObjectId } from "bson";
import type { Logger } from "pino";
import type { Inspected } from "./inspection.js";
import { beginUpload, claimAbandoned, type Db, renewUpload, settleUploads } from "./store.js";

export interface Files {
  /**
   * Stores a file and its thumbnail, and returns its id. Until it is kept or discarded, the sweep may come for it. Throws
   * service_unavailable.
   */
  store(file: Inspected): Promise<string>;
  /** A message has it. */
  keep(fileId: string): Promise<void>;
  /** No message has it. What fails is left to the sweep. */
  discard(fileId: string): Promise<void>;
  /** Removes files that no message uses any more. Throws service_unavailable. */
  remove(fileIds: readonly string[]): Promise<void>;
  /** Settles the uploads that a crash has left. Never rejects. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export interface SweepTimes {
  readonly everyMs: number;
  /** An upload that has stored something this long ago is over, whichever way it went: well above an RPC's time-out. */
  readonly abandonedMs: number;
}

const defaultTimes: SweepTimes = { everyMs: 60_000, abandonedMs: 600_000 };
const chunk = 100;

/** What the blobs of a file are called. */
export const blobNames = {
  file: (fileId: string) => `${fileId}/file`,
  thumbnail: (fileId: string) => `${fileId}/thumbnail`,
};

export function createFiles(
  db: Db,
  blobs: Blobs,
  bus: Bus,
  log: Pick<Logger, "warn">,
  times: SweepTimes = defaultTimes,
): Files {
  const removeBlobs = (fileIds: readonly string[]) =>
    blobs.remove(fileIds.flatMap((id) => [blobNames.file(id), blobNames.thumbnail(id)]));

  async function discard(fileId: string, settled = true): Promise<void> {
    try {
      await removeBlobs([fileId]);
      if (settled) await settleUploads(db, [fileId]);
    } catch (error) {
      log.warn({ err: error, fileId }, "a file that no message has waits to be removed");
    }
  }

  async function settleAbandoned(): Promise<void> {
    for (;;) {
      const fileIds = await claimAbandoned(db, times.abandonedMs, chunk);
      if (fileIds.length === 0) return;
      const used = await call(bus, messagesRpc.filesInUse, { fileIds });
      const unused = fileIds.filter((id) => !used.fileIds.includes(id));
      await removeBlobs(unused);
      await settleUploads(db, fileIds);
    }
  }

  let sweeping: Promise<void> | undefined;
  const sweep = (): Promise<void> => {
    sweeping ??= settleAbandoned()
      .catch((error) => log.warn({ err: error }, "abandoned uploads wait to be settled"))
      .finally(() => {
        sweeping = undefined;
      });
    return sweeping;
  };
  const timer = setInterval(() => void sweep(), times.everyMs);
  timer.unref();

  return {
    async store({ path, facts, thumbnail }) {
      const fileId = new ObjectId().toHexString();
      await beginUpload(db, fileId);
      try {
        await blobs.put(blobNames.file(fileId), { file: path }, facts.mimeType);
        if (thumbnail) await blobs.put(blobNames.thumbnail(fileId), { bytes: thumbnail }, "image/webp");
      } catch (error) {
        // A put that nobody answered may come about yet: the sweep removes the file once more, later.
        const answered = !(error instanceof BlobsUnavailable);
        await discard(fileId, answered);
        throw error;
      }
      if (await renewUpload(db, fileId)) return fileId;
      await discard(fileId);
      throw new ChatError("service_unavailable", { retryAfter: 1 });
    },
    async keep(fileId) {
      await settleUploads(db, [fileId]).catch((error) => log.warn({ err: error, fileId }, "an upload is not settled"));
    },
    discard: (fileId) => discard(fileId),
    remove: removeBlobs,
    sweep,
    async close() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
