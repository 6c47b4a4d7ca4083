// The metrics of uploads, and of the disk that they pass through.
import { statfs } from "node:fs/promises";
import { ChatError, type MediaKind } from "@khui/contracts";
import { startPeriodic } from "@khui/service/process";
import type { Metrics } from "@khui/service/telemetry";

/** Files of messages by their declared kind, and avatars. */
export type UploadedKind = MediaKind | "avatar";

export interface UploadMetrics {
  /** An upload has ended with its message, or that of its first try, or as an avatar. */
  stored(kind: UploadedKind, bytes: number): void;
  /** An upload has failed; its kind may not be known yet. */
  failed(kind: UploadedKind | undefined, error: unknown): void;
}

/** How often the disk is polled, ms. */
const pollIntervalMs = 10_000;

export function createUploadMetrics(metrics: Metrics, running: () => number): UploadMetrics {
  const uploads = metrics.counter("khui_media_uploads_total", "Uploads that ended, by kind and outcome.", [
    "kind",
    "outcome",
  ]);
  const bytes = metrics.counter("khui_media_upload_bytes_total", "Bytes of files that were stored.", ["kind"]);
  metrics.gauge("khui_media_uploads_running", "Uploads in flight.", running);
  return {
    stored(kind, size) {
      uploads.inc({ kind, outcome: "stored" });
      bytes.inc({ kind }, size);
    },
    failed(kind, error) {
      const refused = error instanceof ChatError && error.status < 500;
      uploads.inc({ kind: kind ?? "unknown", outcome: refused ? "refused" : "failed" });
    },
  };
}

/** Publishes the size and free space of the disk under `folder`, polled so that no scrape waits for a disk. Returns how to stop. */
export async function monitorDisk({ gauge }: Metrics, folder: string): Promise<() => Promise<void>> {
  let bytes = { size: 0, free: 0 };
  const poll = async () => {
    const { blocks, bavail, bsize } = await statfs(folder);
    bytes = { size: blocks * bsize, free: bavail * bsize };
  };
  // When it fails the last figures stay; the uploads themselves fail where the folder is gone.
  const polling = startPeriodic(poll, { intervalMs: pollIntervalMs, onError() {} });
  await polling.run();
  gauge("khui_media_scratch_size_bytes", "Size of the disk that uploads pass through.", () => bytes.size);
  gauge("khui_media_scratch_free_bytes", "Of it, what is free for uploads.", () => bytes.free);
  return polling.stop;
}
