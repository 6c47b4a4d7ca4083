// What a process opened is closed last-in first-out, within a deadline.
import pTimeout from "p-timeout";
import type { Logger } from "pino";

type Close = () => Promise<unknown> | unknown;

export interface Closers {
  /** Registers how to close what was just opened. */
  add(name: string, close: Close): void;
  /** Closes everything once, newest first. A failure is logged and the rest still closed. */
  close(): Promise<void>;
}

/** `deadlineMs` bounds each single close; one that takes longer is abandoned with a warning. */
export function createClosers(log: Pick<Logger, "warn">, deadlineMs = 10_000): Closers {
  const stack: Array<{ name: string; close: Close }> = [];
  return {
    add(name, close) {
      stack.push({ name, close });
    },
    async close() {
      for (let next = stack.pop(); next; next = stack.pop()) {
        try {
          const { close } = next;
          const message = `not closed within ${deadlineMs} ms`;
          await pTimeout((async () => close())(), { milliseconds: deadlineMs, message });
        } catch (error) {
          log.warn({ err: error, closing: next.name }, "did not close cleanly");
        }
      }
    },
  };
}
