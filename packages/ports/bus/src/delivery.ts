// The deliveries of one subscription: calls its handler, bounds unfinished messages, reports every failure.
import pTimeout from "p-timeout";
import type { Respond } from "./answers.js";
import { type BusErrorHandler, type BusMessage, SlowConsumer } from "./index.js";

export interface DeliveryLimits {
  /** Messages received and not finished, per subscription; 65,536 by default. */
  readonly maxPending?: number;
  /** Their bytes, per subscription; 64 MiB by default, as the NATS clients have it. */
  readonly maxPendingBytes?: number;
}

export interface Delivery {
  /** True: the message is accepted, and `run` must follow. False: it is dropped, and reported if it is the first. */
  tryAccept(message: BusMessage): boolean;
  /** Calls the handler, unless stopped meanwhile. Never throws. */
  run(message: BusMessage, respond?: Respond): void;
  /** No handler call starts after this. */
  stop(): void;
  /** Resolves when no message is in flight. */
  idle(): Promise<void>;
}

/** The messages that one bus has dropped. */
export interface Dropped {
  received: number;
  sent: number;
}

/** `respond` is there when the message is a request. */
export type DeliveryHandler = (message: BusMessage, respond: Respond | undefined) => void | Promise<void>;

/** `subject` is the subscription's pattern and goes into reports. */
export function createDelivery(
  subject: string,
  handler: DeliveryHandler,
  onError: BusErrorHandler,
  dropped: Dropped,
  { maxPending = 65_536, maxPendingBytes = 64 * 1024 * 1024 }: DeliveryLimits,
): Delivery {
  let pending = 0;
  let pendingBytes = 0;
  let stopped = false;
  let dropping = false;
  let waiters: Array<() => void> = [];

  function finish(message: BusMessage): void {
    pending -= 1;
    pendingBytes -= message.data.length;
    if (pending <= maxPending / 2 && pendingBytes <= maxPendingBytes / 2) dropping = false;
    if (pending > 0) return;
    for (const wake of waiters) wake();
    waiters = [];
  }

  async function finishAsync(result: Promise<void>, message: BusMessage): Promise<void> {
    try {
      await result;
    } catch (error) {
      onError(error, message.subject);
    } finally {
      finish(message);
    }
  }

  return {
    tryAccept(message) {
      // A single message always fits, whatever its size: only a backlog is bounded.
      if (pending >= maxPending || (pending > 0 && pendingBytes + message.data.length > maxPendingBytes)) {
        if (!dropping) onError(new SlowConsumer(`dropping messages: ${pending} unfinished on ${subject}`), subject);
        dropping = true;
        dropped.received++;
        return false;
      }
      pending += 1;
      pendingBytes += message.data.length;
      return true;
    },
    run(message, respond) {
      if (stopped) return finish(message);
      try {
        const result = handler(message, respond);
        if (result instanceof Promise) void finishAsync(result, message);
        else finish(message);
      } catch (error) {
        onError(error, message.subject);
        finish(message);
      }
    },
    stop() {
      stopped = true;
    },
    idle() {
      return pending === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve));
    },
  };
}

/** Resolves when no message is in flight, at the latest after `timeoutMs`; no handler call starts after that. */
export async function finishAll(deliveries: Iterable<Delivery>, timeoutMs: number): Promise<void> {
  const all = [...deliveries];
  await within(Promise.all(all.map((delivery) => delivery.idle())), timeoutMs);
  for (const delivery of all) delivery.stop();
}

/** Resolves when `work` has settled, either way, or after `timeoutMs`, which may be 0. */
export async function within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  await pTimeout(
    work.catch(() => undefined),
    { milliseconds: Math.max(1, timeoutMs), message: false },
  );
}
