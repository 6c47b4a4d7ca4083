// What every case of the bus suite is given.
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
  /** What `onError` was told by clients that were given none of their own. Must be empty at the end. */
  readonly reported: unknown[];
  /** Starts every subject of the test, so that tests can share a server. */
  readonly prefix: string;
}
