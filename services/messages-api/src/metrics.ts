// What this service counts and measures for Prometheus.
import type { MessageType } from "@khui/contracts";
import { type Metrics, secondsBuckets } from "@khui/service/telemetry";

export interface MessageMetrics {
  /** A group commit of `size` writes. */
  batch(of: "send" | "read", size: number): void;
  /** A message was stored. */
  sent(type: MessageType): void;
  /** From a batch's commit to the publishing of its entries. */
  announced(seconds: number): void;
  /** Log entries given to a gateway that asked for what it missed. */
  served(entries: number): void;
}

/** Powers of two up to the largest batch. */
const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export function createMessageMetrics(metrics: Metrics): MessageMetrics {
  const batches = metrics.histogram("khui_messages_batch_size", "Writes of one group commit.", sizes, ["of"]);
  const announceDelay = metrics.histogram(
    "khui_messages_announce_delay_seconds",
    "From the commit of messages to the publishing of their log entries.",
    secondsBuckets,
  );
  const sent: Record<string, number> = {};
  const logReads = { count: 0, entries: 0 };
  metrics.total("khui_messages_sent_total", "Messages stored, by type.", () => sent, "type");
  metrics.total("khui_messages_log_reads_total", "Questions for missing log entries.", () => logReads.count);
  metrics.total("khui_messages_log_entries_served_total", "Log entries given in answer.", () => logReads.entries);
  return {
    batch: (of, size) => batches.observe({ of }, size),
    sent(type) {
      sent[type] = (sent[type] ?? 0) + 1;
    },
    announced: (seconds) => announceDelay.observe(seconds),
    served(entries) {
      logReads.count++;
      logReads.entries += entries;
    },
  };
}
