// Reads untrusted pictures in a worker process, which is killed at a deadline and whose memory the kernel limits.
import { ChatError } from "@khui/contracts";
import { createWorkerPool, WorkerEnded, WorkerUnavailable } from "@khui/service/process";
import pLimit from "p-limit";
import type { PictureRead } from "./pictures.js";

export interface PictureReader {
  /** As `readPicture`; a picture that crashes the worker, or takes too long, has that as its issue. Throws service_unavailable. */
  read(bytes: Buffer): Promise<PictureRead>;
  close(): void;
}

/** A picture at the limits takes a second; `timeoutSeconds` of pictures.ts ends most pictures before. */
const deadlineMs = 25_000;
/** 32 million pixels of one channel, beside the 210 MB that a process with its parser begins with. */
const dataBytes = 384 * 1024 * 1024;

/** Reads one picture at a time, of all archives: each takes some 100 ms. Starts no worker before the first. */
export function createPictureReader(): PictureReader {
  const entry = new URL("./picture-worker.js", import.meta.url);
  const pool = createWorkerPool<{ bytes: Buffer }, PictureRead>({ entry, dataBytes });
  const oneAtATime = pLimit(1);
  return {
    read: (bytes) => oneAtATime(() => pool.run({ bytes }, deadlineMs).catch(issueOf)),
    close: () => pool.close(),
  };
}

function issueOf(error: unknown): PictureRead {
  if (error instanceof WorkerEnded) return { issues: [error.timedOut ? "takes too long to read" : "is damaged"] };
  if (!(error instanceof WorkerUnavailable)) throw error;
  throw Object.assign(new ChatError("service_unavailable", { retryAfter: 5 }), { cause: error });
}
