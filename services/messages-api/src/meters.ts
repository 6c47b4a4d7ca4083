// What Prometheus is told of sending and of the log.
import type { MessageType } from "@khui/contracts";
import { type Metrics, secondsBuckets } from "@khui/service/telemetry";

export interface Meters {
  /** A group commit of so many. */
  batch(of: "send" | "read", size: number): void;
  sent(type: MessageType): void;
  /** From a batch's commit to the publishing of its entries. */
  announced(seconds: number): void;
  /** Entries that someone had to ask for. */
  served(entries: number): void;
}

/** Powers of two up to the largest batch. */
const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export function createMeters(metrics: Metrics): Meters {
  const batches = metrics.histogram("khui_messages_batch_size", "Writes of one group commit.", sizes, ["of"]);
  const lag = metrics.histogram(
    "khui_messages_announce_delay_seconds",
    "From the commit of messages to the publishing of their log entries.",
    secondsBuckets,
  );
  const sent: Record<string, number> = {};
  const log = { questions: 0, entries: 0 };
  metrics.total("khui_messages_sent_total", "Messages stored, by type.", () => sent, "type");
  metrics.total("khui_messages_log_reads_total", "Questions for missing log entries.", () => log.questions);
  metrics.total("khui_messages_log_entries_served_total", "Log entries given in answer.", () => log.entries);
  return {
    batch: (of, size) => batches.observe({ of }, size),
    sent(type) {
      sent[type] = (sent[type] ?? 0) + 1;
    },
    announced: (seconds) => lag.observe(seconds),
    served(entries) {
      log.questions++;
      log.entries += entries;
    },
  };
}
