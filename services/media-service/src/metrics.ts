// What Prometheus is told of uploads, and of the disk that they pass through.
import { statfs } from "node:fs/promises";
import { ChatError, type MediaKind } from "@khui/contracts";
import type { Metrics } from "@khui/service/telemetry";

export interface Meters {
  /** An upload has become a message, or the one of its first try. */
  stored(kind: MediaKind, bytes: number): void;
  /** An upload has ended without one; its kind may not have come yet. */
  failed(kind: MediaKind | undefined, error: unknown): void;
}

/** How often the disk is looked at, ms. */
const lookMs = 10_000;

export function createMeters(metrics: Metrics, running: () => number): Meters {
  const uploads = metrics.counter("khui_media_uploads_total", "Uploads that ended, by kind and outcome.", [
    "kind",
    "outcome",
  ]);
  const bytes = metrics.counter("khui_media_upload_bytes_total", "Bytes of files that were stored.", ["kind"]);
  metrics.gauge("khui_media_uploads_running", "Uploads under way.", running);
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

/** Tells what room the disk under `folder` has. Looks now and then, so that a scrape waits for no disk; returns how to stop. */
export async function watchDisk({ gauge }: Metrics, folder: string): Promise<() => void> {
  let bytes = { size: 0, free: 0 };
  const look = async () => {
    try {
      const { blocks, bavail, bsize } = await statfs(folder);
      bytes = { size: blocks * bsize, free: bavail * bsize };
    } catch {
      // The last look stands; uploads tell of a folder that is gone.
    }
  };
  await look();
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  gauge("khui_media_scratch_size_bytes", "Size of the disk that uploads pass through.", () => bytes.size);
  gauge("khui_media_scratch_free_bytes", "Of it, what is free for uploads.", () => bytes.free);
  return () => clearInterval(timer);
}
