// The places that uploads take: a few for each user, and those of all only for uploads whose bytes come or that are worked on.
import { ChatError } from "@khui/contracts";
import type { MediaLimits } from "../limits.js";

/** An upload's body on its way in. */
export interface Transfer {
  /** Bytes so far. */
  received(): number;
  /** Ends it; what is still to come is not taken any more. Called once at most. */
  abort(failure: ChatError): void;
}

export interface Place {
  /** All bytes are there, and the work on them begins. Throws service_unavailable when all places are taken. */
  startWork(): void;
  release(): void;
}

export interface UploadPlaces {
  /**
   * Throws rate_limited for a user with as many uploads as one may have, service_unavailable when all places are taken. The transfer is aborted
   * with upload_too_slow when its bytes come too slowly, and with service_unavailable when they come again after a pause and all places
   * have been taken meanwhile.
   */
  take(userId: string, transfer: Transfer): Place;
  /** Uploads that have a place, waiting ones among them. */
  size(): number;
  /** Looks at how transfers get on; happens each second by itself while there are any. */
  look(): void;
}

interface Upload {
  readonly transfer: Transfer;
  working: boolean;
  aborted: boolean;
  /** Up to when it counts as one whose bytes come. */
  activeUntil: number;
  /** At the last look, and where the window began in which the rate is measured. */
  seen: Reading;
  windowStart: Reading;
}

interface Reading {
  readonly at: number;
  readonly bytes: number;
}

/** How often transfers are looked at, ms. */
const everyMs = 1_000;
/** For how long after its last bytes a transfer still counts, ms. */
const pauseMs = 2_000;
/** Transfers that wait for bytes, of all users, for each place: they hold a socket and a few buffers. */
const openPerPlace = 4;

type Limits = Pick<MediaLimits, "uploads" | "uploadsPerUser" | "uploadBytesPerSecond" | "uploadWindowMs">;

/** `now` is a clock in ms. */
export function createUploadPlaces(limits: Limits, now: () => number = () => performance.now()): UploadPlaces {
  const uploads = new Set<Upload>();
  const countOf = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  const isActive = (upload: Upload) => upload.working || (!upload.aborted && now() < upload.activeUntil);
  const isFull = () => [...uploads].filter(isActive).length >= limits.uploads;
  const full = () => new ChatError("service_unavailable", { retryAfter: 5 });

  function abort(upload: Upload, failure: ChatError): void {
    upload.aborted = true;
    upload.transfer.abort(failure);
  }

  function lookAt(upload: Upload): void {
    if (upload.working || upload.aborted) return;
    const reading = { at: now(), bytes: upload.transfer.received() };
    const isFastSince = (from: Reading) =>
      (reading.bytes - from.bytes) * 1000 >= limits.uploadBytesPerSecond * (reading.at - from.at);
    if (isFastSince(upload.seen)) {
      if (!isActive(upload) && isFull()) {
        abort(upload, full());
        return;
      }
      upload.activeUntil = reading.at + pauseMs;
    }
    upload.seen = reading;
    if (reading.at - upload.windowStart.at < limits.uploadWindowMs) return;
    if (isFastSince(upload.windowStart)) upload.windowStart = reading;
    else abort(upload, new ChatError("upload_too_slow", { minBytesPerSecond: limits.uploadBytesPerSecond }));
  }

  const look = () => uploads.forEach(lookAt);

  return {
    look,
    take(userId, transfer) {
      const own = countOf.get(userId) ?? 0;
      if (own >= limits.uploadsPerUser) throw new ChatError("rate_limited", { retryAfter: 5 });
      if (isFull() || uploads.size >= openPerPlace * limits.uploads) throw full();
      const reading = { at: now(), bytes: transfer.received() };
      const upload: Upload = {
        transfer,
        working: false,
        aborted: false,
        activeUntil: 0,
        seen: reading,
        windowStart: reading,
      };
      uploads.add(upload);
      countOf.set(userId, own + 1);
      timer ??= setInterval(look, everyMs).unref();
      return {
        startWork() {
          if (!isActive(upload) && isFull()) throw full();
          upload.working = true;
        },
        release() {
          uploads.delete(upload);
          const left = (countOf.get(userId) ?? 0) - 1;
          if (left > 0) countOf.set(userId, left);
          else countOf.delete(userId);
          if (uploads.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
    size: () => uploads.size,
  };
}
