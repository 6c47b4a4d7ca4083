// Announces messages just sent: one batch after the other, so in the order of their numbers. No sender waits for it.
import { type Context, viewOf } from "../context.js";
import { renderEntry } from "../render.js";
import type { MessageRow } from "../store/tables.js";

export interface SentMessages {
  /** Announces messages that have just been committed. What fails is logged: gateways ask for what they miss. */
  announce(rows: readonly MessageRow[]): void;
  /** Waits until all are announced. */
  drain(): Promise<void>;
}

type Announcing = Pick<Context, "announce" | "directory" | "links" | "metrics" | "log">;

export function createSentMessages(context: Announcing): SentMessages {
  const { metrics, log } = context;
  let last: Promise<void> = Promise.resolve();

  async function publish(rows: readonly MessageRow[], committedAt: number): Promise<void> {
    try {
      const view = await viewOf(context, rows);
      for (const row of rows) {
        const entry = { seq: row.seq, event: "new_message", message_id: row.id, data: null };
        context.announce.logEntry(row.room_id, renderEntry(entry, row, view));
      }
      metrics.announced((performance.now() - committedAt) / 1000);
    } catch (error) {
      log.warn({ err: error }, "messages could not be announced");
    }
  }

  return {
    announce(rows) {
      const committedAt = performance.now();
      for (const { type } of rows) metrics.sent(type);
      last = last.then(() => publish(rows, committedAt));
    },
    drain: () => last,
  };
}
