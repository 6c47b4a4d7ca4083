// Announces messages just sent: one batch after the other, so in the order of their numbers. No sender waits for it.
import type { Directory } from "@khui/directory";
import type { MediaLinks } from "@khui/media-links";
import type { Logger } from "pino";
import type { MessageMetrics } from "../metrics.js";
import { renderEntry, viewOf } from "../render.js";
import type { MessageRow } from "../store/tables.js";
import type { Announcer } from "./announcer.js";

export interface SentMessages {
  /** Announces those of a batch that were stored. What fails is logged: gateways ask for what they miss. */
  announce(outcomes: ReadonlyArray<{ readonly kind: string; readonly row?: MessageRow }>): void;
  /** Waits until all are announced. */
  drain(): Promise<void>;
}

export interface SentMessagesDeps {
  readonly announce: Announcer;
  readonly directory: Directory;
  readonly links: MediaLinks;
  readonly metrics: MessageMetrics;
  readonly log: Pick<Logger, "warn">;
}

export function createSentMessages(deps: SentMessagesDeps): SentMessages {
  const { announce, metrics, log } = deps;
  let last: Promise<void> = Promise.resolve();

  async function publish(rows: readonly MessageRow[], committedAt: number): Promise<void> {
    try {
      const view = await viewOf(deps, rows);
      for (const row of rows) {
        const entry = { seq: row.seq, event: "new_message", message_id: row.id, data: null };
        announce.logEntry(row.room_id, renderEntry(entry, row, view));
      }
      metrics.announced((performance.now() - committedAt) / 1000);
    } catch (error) {
      log.warn({ err: error }, "messages could not be announced");
    }
  }

  return {
    announce(outcomes) {
      const rows = outcomes.flatMap(({ row }) => row ?? []);
      const committedAt = performance.now();
      for (const { type } of rows) metrics.sent(type);
      last = last.then(() => publish(rows, committedAt));
    },
    drain: () => last,
  };
}
