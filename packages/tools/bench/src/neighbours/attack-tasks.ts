// What the attackers' process is told, and what it reports.
import { startWorker, type Worker } from "../worker.js";
import type { Account, Stage } from "./stage.js";

export type AttackTask =
  /** Opens the sockets that it needs, in their rooms. */
  | {
      readonly task: "prepare";
      readonly attack: string;
      readonly stage: Stage;
      /** All attack at once. */
      readonly accounts: readonly Account[];
    }
  /** What was prepared last. */
  | { readonly task: "attack"; readonly seconds: number };

export interface AttackResult {
  /** On the clock that all processes share. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Answered otherwise than with `rate_limited`; of what has no answer, sent. */
  readonly requests: number;
  /** Answered with `rate_limited`. */
  readonly limited: number;
  /** Answered with 5xx, `internal_error` or `service_unavailable`. */
  readonly failed: number;
  /** Connections that the server ended or refused. */
  readonly closed: number;
}

export type Attackers = Worker<AttackTask, AttackResult>;

export const startAttackers = (): Attackers => startWorker(new URL("./attacking.js", import.meta.url));
