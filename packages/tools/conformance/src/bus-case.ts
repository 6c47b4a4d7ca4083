// The fixture of every case of the bus suite.
import type { Bus, BusErrorHandler } from "@khui/bus";

export interface ConformanceOptions {
  readonly onError: BusErrorHandler;
  readonly maxPending?: number;
  readonly maxPendingBytes?: number;
  readonly closeTimeoutMs?: number;
}

export interface ConformanceCase {
  /** A new client of the same bus; closed when the test ends. */
  connect(options?: Partial<ConformanceOptions>): Promise<Bus>;
  /** Errors of clients that have no `onError` of their own. Must be empty at the end. */
  readonly reported: unknown[];
  /** The first token of every subject of the test, so that tests can share a server. */
  readonly prefix: string;
}
