// Lanes of an RPC server: each bounds how much of one kind of work runs and waits, so that no kind takes the place of another.
import type { Arrival } from "@khui/bus/rpc";
import { ChatError } from "@khui/contracts";
import type { Metrics } from "./telemetry/metrics.js";

/**
 * `queries` is for reads that somebody waits for; `writes` for what waits in queues of its own, such as group commits, which need
 * much at a time; `background` for what is asked by the thousand after an outage, and can wait.
 */
export type LaneName = "queries" | "writes" | "background";

export interface LaneLimits {
  /** Handlers at a time. Together with those of the other lanes they share the database's connections (10 by default). */
  readonly maxRunning: number;
  /** Requests that wait for their turn, and their bytes. Beyond that new ones are refused at once. */
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
}

const defaultLimits: Readonly<Record<LaneName, LaneLimits>> = {
  queries: { maxRunning: 6, maxWaiting: 8_192, maxWaitingBytes: 16 * 1024 * 1024 },
  writes: { maxRunning: 32_768, maxWaiting: 0, maxWaitingBytes: 0 },
  background: { maxRunning: 3, maxWaiting: 4_096, maxWaitingBytes: 32 * 1024 * 1024 },
};

/** An answer needs time, too: a request that has waited for longer than this share of its time would be answered too late. */
const maxWaitingShare = 0.9;

interface Waiting {
  readonly bytes: number;
  readonly startBy: number;
  start(): void;
  refuse(error: ChatError): void;
}

export class Lane {
  running = 0;
  /** Requests refused so far: on arrival, and when it was their turn. */
  overloaded = 0;
  expired = 0;
  #waitingBytes = 0;
  /** The oldest first. */
  readonly #waiting: Waiting[] = [];

  constructor(private readonly limits: LaneLimits) {}

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs `work` when it is its turn. Throws service_unavailable when too many wait already, or when its time is over by then. */
  async run<T>(arrival: Arrival, work: () => Promise<T>): Promise<T> {
    if (this.running < this.limits.maxRunning) this.running++;
    else await this.#turn(arrival);
    try {
      return await work();
    } finally {
      this.#endTurn();
    }
  }

  #turn({ bytes, deadline }: Arrival): Promise<void> {
    const now = performance.now();
    this.#refuseExpired(now);
    const { maxWaiting, maxWaitingBytes } = this.limits;
    if (this.#waiting.length >= maxWaiting || this.#waitingBytes + bytes > maxWaitingBytes) {
      this.overloaded++;
      throw refusal("overloaded");
    }
    this.#waitingBytes += bytes;
    const startBy = now + maxWaitingShare * (deadline - now);
    return new Promise((start, refuse) => this.#waiting.push({ bytes, startBy, start, refuse }));
  }

  #endTurn(): void {
    this.#refuseExpired(performance.now());
    const next = this.#takeOldest();
    if (next) next.start();
    else this.running--;
  }

  /** All have about the same time, so the oldest expire first. */
  #refuseExpired(now: number): void {
    for (let oldest = this.#waiting[0]; oldest && oldest.startBy < now; oldest = this.#waiting[0]) {
      this.expired++;
      this.#takeOldest()?.refuse(refusal("expired"));
    }
  }

  #takeOldest(): Waiting | undefined {
    const oldest = this.#waiting.shift();
    if (oldest) this.#waitingBytes -= oldest.bytes;
    return oldest;
  }
}

const refusal = (reason: "overloaded" | "expired") => new ChatError("service_unavailable", { reason, retryAfter: 1 });

export type Lanes = Readonly<Record<LaneName, Lane>>;

export const createLanes = (limits: Partial<Record<LaneName, LaneLimits>> = {}): Lanes => ({
  queries: new Lane(limits.queries ?? defaultLimits.queries),
  writes: new Lane(limits.writes ?? defaultLimits.writes),
  background: new Lane(limits.background ?? defaultLimits.background),
});

/** Returns a function that adds a server's lanes to the metrics. Call once per process, which may have several servers. */
export function instrumentLanes({ gauge, total }: Metrics): (lanes: Lanes) => void {
  const servers: Lanes[] = [];
  const sum = (read: (lane: Lane) => number) => () => {
    const sums: Record<LaneName, number> = { queries: 0, writes: 0, background: 0 };
    for (const lanes of servers) for (const name of Object.keys(sums) as LaneName[]) sums[name] += read(lanes[name]);
    return sums;
  };
  const metric = (read: (lane: Lane) => number) => [sum(read), "lane"] as const;
  gauge("khui_rpc_running", "RPC that are handled at the moment, by lane.", ...metric(({ running }) => running));
  gauge("khui_rpc_waiting", "RPC that wait for their turn, by lane.", ...metric(({ waiting }) => waiting));
  total("khui_rpc_overloaded_total", "RPC refused as too many waited.", ...metric(({ overloaded }) => overloaded));
  total("khui_rpc_expired_total", "RPC whose caller had given up by their turn.", ...metric(({ expired }) => expired));
  return (lanes) => servers.push(lanes);
}
