// What people are told who come back to a gateway, and what they report.
import { startWorker, type Worker } from "../worker.js";

/** Rooms are joined one by one, or all with one `join_chat`. */
export type JoinForm = "single" | "rooms";

export interface ReturnerPlan {
  readonly token: string;
  /** The loopback address that it connects from. */
  readonly from: string;
  readonly form: JoinForm;
  /** With the last number that it has of each. */
  readonly rooms: ReadonlyArray<readonly [roomId: string, lastSeq: number]>;
}

export type ReturnTask =
  /** Come for the first time, to one of the gateways each. */
  | { readonly task: "come"; readonly urls: readonly string[]; readonly plans: readonly ReturnerPlan[] }
  /** Wait until everyone, after their connection has ended, is back at one of these; `drop`: they end it themselves. */
  | { readonly task: "return"; readonly urls: readonly string[]; readonly drop: boolean }
  /** Wait until everyone has everything up to these heads, and check it. */
  | { readonly task: "compare"; readonly heads: ReadonlyArray<readonly [roomId: string, seq: number]> };

export interface ReturnResult {
  /** Of everyone, on the clock that all processes share: when they had signed in, and when they were in all rooms. */
  readonly signedInAt: readonly number[];
  readonly wholeAt: readonly number[];
  /** The longest time from being signed in to being in all rooms. */
  readonly joinMs: number;
  /** People whose connection was refused, and those to whom that happened twice or more. */
  readonly refused: number;
  readonly refusedTwice: number;
  readonly refusedJoins: number;
  /** Entries, of all people, since they came first. */
  readonly lost: number;
  readonly repeated: number;
  readonly resyncs: number;
  /** Rooms of people that are not at their head. */
  readonly behind: number;
}

export type Returners = Worker<ReturnTask, ReturnResult>;

export const startReturners = (): Returners => startWorker(new URL("./returning.js", import.meta.url));
