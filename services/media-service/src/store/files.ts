// The files of messages in the blob store, and the uploads on their way to a message.

import { type Blobs, BlobsUnavailable } from "@khui/blobs";
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
import { startPeriodic } from "@khui/service/process";
import { ObjectId } from "bson";
import type { Logger } from "pino";
import type { Inspected } from "../inspection/inspection.js";
import { beginUpload, claimAbandoned, finishStoring, settleUploads } from "./upload-state.js";

/** See `UploadState` for the states of an upload. */
export interface Files {
  /** Puts a file and its thumbnail into the store, and returns its id: the upload is `stored`. Throws service_unavailable. */
  store(file: Inspected): Promise<string>;
  /** A message uses the file: the upload is `settled`. A failure is left to the sweep. */
  keep(fileId: string): Promise<void>;
  /** No message uses the file: its objects are removed, and the upload is `settled`. A failure is left to the sweep. */
  discard(fileId: string): Promise<void>;
  /** Removes files that no message uses any more. Throws service_unavailable. */
  remove(fileIds: readonly string[]): Promise<void>;
  /** Settles abandoned uploads: asks messages-api which of their files messages use, and removes the others. Never rejects. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export interface SweepTimes {
  readonly intervalMs: number;
  /** An upload that has stored something this long ago is over, whichever way it went: well above an RPC's time-out. */
  readonly abandonedMs: number;
}

const defaultTimes: SweepTimes = { intervalMs: 60_000, abandonedMs: 600_000 };
/** Uploads that one round of the sweep claims. */
const batchSize = 100;

/** What the objects of a file are called in the store. */
export const blobNames = {
  file: (fileId: string) => `${fileId}/file`,
  thumbnail: (fileId: string) => `${fileId}/thumbnail`,
};

/** Sweeps at intervals until it is closed. */
export function createFiles(
  db: Db,
  blobs: Blobs,
  bus: Bus,
  log: Pick<Logger, "warn">,
  times: SweepTimes = defaultTimes,
): Files {
  const removeBlobs = (fileIds: readonly string[]) =>
    blobs.remove(fileIds.flatMap((id) => [blobNames.file(id), blobNames.thumbnail(id)]));

  /** With `isFinal` false the upload is not settled, and the sweep removes its objects once more. */
  async function discard(fileId: string, isFinal = true): Promise<void> {
    try {
      await removeBlobs([fileId]);
      if (isFinal) await settleUploads(db, [fileId]);
    } catch (error) {
      log.warn({ err: error, fileId }, "a file that no message uses is left to the sweep");
    }
  }

  async function settleAbandoned(): Promise<void> {
    for (;;) {
      const fileIds = await claimAbandoned(db, times.abandonedMs, batchSize);
      if (fileIds.length === 0) return;
      const used = await call(bus, messagesRpc.filesInUse, { fileIds });
      const unused = fileIds.filter((id) => !used.fileIds.includes(id));
      await removeBlobs(unused);
      await settleUploads(db, fileIds);
    }
  }

  const sweeping = startPeriodic(settleAbandoned, {
    intervalMs: times.intervalMs,
    onError: (error) => log.warn({ err: error }, "abandoned uploads are left to the next sweep"),
  });

  return {
    async store({ path, facts, thumbnail }) {
      const fileId = new ObjectId().toHexString();
      await beginUpload(db, fileId);
      try {
        await blobs.put(blobNames.file(fileId), { file: path }, facts.mimeType);
        if (thumbnail) await blobs.put(blobNames.thumbnail(fileId), { bytes: thumbnail }, "image/webp");
      } catch (error) {
        // A put that was not answered may still take effect, after the objects are removed here.
        const isFinal = !(error instanceof BlobsUnavailable);
        await discard(fileId, isFinal);
        throw error;
      }
      if (await finishStoring(db, fileId)) return fileId;
      await discard(fileId);
      throw new ChatError("service_unavailable", { retryAfter: 1 });
    },
    async keep(fileId) {
      await settleUploads(db, [fileId]).catch((error) =>
        log.warn({ err: error, fileId }, "the upload of a sent file is left to the sweep"),
      );
    },
    discard: (fileId) => discard(fileId),
    remove: removeBlobs,
    sweep: sweeping.run,
    close: sweeping.stop,
  };
}
