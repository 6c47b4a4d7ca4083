// What a herd is told to do: sockets of any protocol that say what they are given and wait for what they expect.
import type { FrameAddress } from "../frame-socket.js";
import { startWorker, type Worker } from "../worker.js";

/** Says `send`, unless it is empty, and waits for a text frame that begins with `expect`. */
export interface Step {
  readonly send: string;
  readonly expect: string;
}

export interface Visitor {
  readonly address: FrameAddress;
  /** The server's heartbeat, and the answer to it. */
  readonly heartbeat: readonly [ask: string, answer: string];
  /** What a refusal begins with: then the task fails. */
  readonly refusal: string;
  /** To be connected and authenticated. */
  readonly signIn: readonly Step[];
  /** To be in the room. */
  readonly join: readonly Step[];
}

export type HerdTask =
  | { readonly task: "sign in"; readonly visitors: readonly Visitor[] }
  | { readonly task: "join" }
  | { readonly task: "count" }
  | { readonly task: "close" };

export interface HerdResult {
  /** Of the task, on the clock that all processes share. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Received by all of its sockets so far. */
  readonly bytes: number;
}

export type Herd = Worker<HerdTask, HerdResult>;

export const startHerd = (): Herd => startWorker(new URL("./herd.js", import.meta.url));
