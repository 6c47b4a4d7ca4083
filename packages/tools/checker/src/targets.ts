// The targets of faults: every service replica, the servers behind them, and the edge in front.
import type { BackendName } from "@khui/backends/backends";
import type { DistributedSystem } from "@khui/test-kit/distributed";

export interface Target {
  readonly name: string;
  /** Without the replica's number. */
  readonly part: string;
  kill(): Promise<void>;
  shutDown(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts it again. Rejects when it cannot start now. */
  restart(): Promise<void>;
  /** Whether its process is running; true where that is unknown. */
  isRunning(): boolean;
  logTail(): string;
}

const backendNames: readonly BackendName[] = ["postgres", "nats", "redis"];

/** Servers that are configured by the environment are not ours to stop: they are left out. */
export function targetsOf({ processes, backends, edge }: DistributedSystem, given: ReadonlySet<string>): Target[] {
  const services = Object.entries(processes).map(
    ([name, one]): Target => ({
      name,
      part: name.replace(/-\d+$/, ""),
      kill: () => one.kill(),
      shutDown: () => one.stop(),
      pause: async () => one.pause(),
      resume: async () => one.resume(),
      restart: () => one.restart(),
      isRunning: () => one.running,
      logTail: () => one.logTail(),
    }),
  );
  const servers = backendNames.map(
    (name): Target => ({
      name,
      part: name,
      kill: () => backends.kill(name),
      shutDown: () => backends.shutDown(name),
      pause: () => backends.pause(name),
      resume: () => backends.resume(name),
      restart: () => backends.restart(name),
      isRunning: () => true,
      logTail: () => "",
    }),
  );
  const haproxy: Target = { name: "haproxy", part: "haproxy", ...edge, isRunning: () => true, logTail: () => "" };
  return [...services, ...servers.filter(({ name }) => !given.has(name)), haproxy];
}
