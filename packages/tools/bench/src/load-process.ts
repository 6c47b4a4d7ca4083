// The load generator as a process of its own, so that its work is not counted as the bench's, nor the bench's as its.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Listener } from "./listeners.js";
import type { SendPlan } from "./sending.js";

export interface LoadRequest extends SendPlan {
  /** Members whose sockets count and time what they are sent; none without. */
  readonly listening?: { readonly url: string; readonly listeners: readonly Listener[] };
}

export interface LoadResult {
  readonly acknowledged: number;
  readonly failed: number;
  readonly seconds: number;
  /** Milliseconds from request to answer. */
  readonly answer: { readonly p50: number; readonly p99: number };
  readonly delivered?: {
    /** Messages that arrived, each counted once. */
    readonly messages: number;
    readonly repeated: number;
    /** Milliseconds from request to the member's socket. */
    readonly p50: number;
    readonly p99: number;
  };
}

export type LoadReport = { readonly result: LoadResult } | { readonly error: string };

export interface LoadProcess {
  readonly pid: number;
  /** One request at a time. Rejects when a connection breaks or a listener is refused. */
  run(request: LoadRequest): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** It ends by itself when this process is gone. */
export function startLoadProcess(): LoadProcess {
  const child: ChildProcess = fork(fileURLToPath(new URL("./load.js", import.meta.url)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    run(request) {
      const reported = new Promise<LoadReport>((resolve) => child.once("message", resolve));
      child.send(request);
      const lost = ended.then((): LoadReport => ({ error: "the load process ended" }));
      return Promise.race([reported, lost]).then((report) => {
        if ("error" in report) throw new Error(report.error);
        return report.result;
      });
    },
    async stop() {
      child.disconnect();
      await ended;
    },
  };
}
