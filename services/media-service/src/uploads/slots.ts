// Upload slots: a few for each user, and a number for all that only uploads occupy whose bytes arrive or that are processed.
import { ChatError } from "@khui/contracts";
import type { MediaLimits } from "../limits.js";

/** The body of an upload while it arrives. */
export interface Transfer {
  /** Bytes so far. */
  received(): number;
  /** Ends it; nothing more of it is read. Called at most once. */
  abort(failure: ChatError): void;
}

export interface Slot {
  /** All bytes have arrived, and processing begins. Throws service_unavailable when all slots are occupied. */
  startWork(): void;
  release(): void;
}

export interface UploadSlots {
  /**
   * Throws rate_limited for a user with as many uploads as one may have, service_unavailable when all slots are occupied. The transfer is aborted
   * with upload_too_slow when its bytes arrive too slowly, and with service_unavailable when they resume after a pause and all slots
   * have been occupied meanwhile.
   */
  acquire(userId: string, transfer: Transfer): Slot;
  /** Uploads that have a slot, waiting ones included. */
  size(): number;
  /** Measures the transfers; runs each second while there are any. */
  poll(): void;
}

interface Upload {
  readonly transfer: Transfer;
  working: boolean;
  aborted: boolean;
  /** Until when its bytes count as arriving. */
  activeUntil: number;
  /** At the last poll, and where the window began over which the rate is measured. */
  lastReading: Reading;
  windowStart: Reading;
}

interface Reading {
  readonly at: number;
  readonly bytes: number;
}

const pollIntervalMs = 1_000;
/** For how long after its last bytes a transfer still occupies its slot, ms. */
const graceMs = 2_000;
/** Open transfers of all users for each slot, those that wait for bytes included: each holds a socket and a few buffers. */
const openPerSlot = 4;

type Limits = Pick<MediaLimits, "uploads" | "uploadsPerUser" | "uploadBytesPerSecond" | "uploadWindowMs">;

/** `now` is a clock in ms. */
export function createUploadSlots(limits: Limits, now: () => number = () => performance.now()): UploadSlots {
  const uploads = new Set<Upload>();
  const countByUser = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  const isActive = (upload: Upload) => upload.working || (!upload.aborted && now() < upload.activeUntil);
  const isFull = () => [...uploads].filter(isActive).length >= limits.uploads;
  const full = () => new ChatError("service_unavailable", { retryAfter: 5 });

  function abort(upload: Upload, failure: ChatError): void {
    upload.aborted = true;
    upload.transfer.abort(failure);
  }

  function measure(upload: Upload): void {
    if (upload.working || upload.aborted) return;
    const reading = { at: now(), bytes: upload.transfer.received() };
    const isFastSince = (from: Reading) =>
      (reading.bytes - from.bytes) * 1000 >= limits.uploadBytesPerSecond * (reading.at - from.at);
    if (isFastSince(upload.lastReading)) {
      if (!isActive(upload) && isFull()) {
        abort(upload, full());
        return;
      }
      upload.activeUntil = reading.at + graceMs;
    }
    upload.lastReading = reading;
    if (reading.at - upload.windowStart.at < limits.uploadWindowMs) return;
    if (isFastSince(upload.windowStart)) upload.windowStart = reading;
    else abort(upload, new ChatError("upload_too_slow", { minBytesPerSecond: limits.uploadBytesPerSecond }));
  }

  const poll = () => uploads.forEach(measure);

  return {
    poll,
    acquire(userId, transfer) {
      const own = countByUser.get(userId) ?? 0;
      if (own >= limits.uploadsPerUser) throw new ChatError("rate_limited", { retryAfter: 5 });
      if (isFull() || uploads.size >= openPerSlot * limits.uploads) throw full();
      const reading = { at: now(), bytes: transfer.received() };
      const upload: Upload = {
        transfer,
        working: false,
        aborted: false,
        activeUntil: 0,
        lastReading: reading,
        windowStart: reading,
      };
      uploads.add(upload);
      countByUser.set(userId, own + 1);
      // biome-ignore lint/style/noRestrictedGlobals: it takes no time
      timer ??= setInterval(poll, pollIntervalMs).unref();
      return {
        startWork() {
          if (!isActive(upload) && isFull()) throw full();
          upload.working = true;
        },
        release() {
          uploads.delete(upload);
          const left = (countByUser.get(userId) ?? 0) - 1;
          if (left > 0) countByUser.set(userId, left);
          else countByUser.delete(userId);
          if (uploads.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
    size: () => uploads.size,
  };
}
