// A crowd of sockets in a process of its own: what it can be asked to do, and how it is started.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { PublisherPlan } from "./publishers.js";

/** Events with one argument each, every one to be acknowledged before the next. */
export type Steps = ReadonlyArray<readonly [event: string, argument: unknown]>;

export interface Place {
  readonly userId: string;
  readonly url: string;
  readonly steps: Steps;
  /** Where it is once the steps are done. */
  readonly roomId: string;
}

/** `group` names the sockets concerned; all of a group's messages come from its publisher. */
export type Task = { readonly group: string } & (
  | { readonly task: "open"; readonly places: readonly Place[]; readonly publisher?: PublisherPlan }
  /** Every socket takes one more step. */
  | { readonly task: "step"; readonly step: Steps[number] }
  /** Messages to one room, `burst` in one turn; the next ones when all have them. */
  | { readonly task: "waves"; readonly roomId: string; readonly burst: number; readonly seconds: number }
  /** A steady number of messages a second, to the group's rooms in turns. */
  | { readonly task: "steady"; readonly rate: number; readonly seconds: number }
  /** A guest enters the room, which is told, and leaves it, which is told; then comes a message. */
  | { readonly task: "guest"; readonly place: Place }
  /** Waits until every socket has had so many messages in all. */
  | { readonly task: "await"; readonly each: number }
  /** Waits for what should not come, and counts. Fails on any wrong count. */
  | { readonly task: "check" }
  | { readonly task: "close" }
);

export interface Outcome {
  /** Messages published by the task, and what the group received since it began. */
  readonly messages: number;
  readonly deliveries: number;
  readonly seconds: number;
  /** On a clock that all processes share, in ms: the task's first publication, and its end. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Milliseconds from publication to receipt, where the task timed them. */
  readonly latency?: { readonly p50: number; readonly p99: number; readonly p999: number };
  /** Heartbeats answered so far, by the socket that answered fewest. */
  readonly fewestPings: number;
}

export type CrowdReport = { readonly outcome: Outcome } | { readonly error: string };

export interface CrowdProcess {
  readonly pid: number;
  /** One task at a time. Rejects when it fails, be it because a message is missing, doubled or out of turn. */
  run(task: Task): Promise<Outcome>;
  stop(): Promise<void>;
}

/** It ends by itself when this process is gone. */
export function startCrowd(): CrowdProcess {
  const child: ChildProcess = fork(fileURLToPath(new URL("./crowd.js", import.meta.url)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    async run(task) {
      const reported = new Promise<CrowdReport>((resolve) => child.once("message", resolve));
      if (!child.connected) throw new Error("the crowd's process ended");
      child.send(task);
      const lost = ended.then((): CrowdReport => ({ error: "the crowd's process ended" }));
      const report = await Promise.race([reported, lost]);
      if ("error" in report) throw new Error(`${task.group}, ${task.task}: ${report.error}`);
      return report.outcome;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
