// Restarts the server when it ends by itself.
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerProcess } from "./server-process.js";

/** How often it is started again after it ended by itself, unless it had run for long in between. */
const maxRestarts = 5;
const ranLongMs = 60_000;
const restartPauseMs = 500;

/** Starts the server again whenever it has ended by itself, until `stop`; calls `onLost` when that cannot be done. */
export function keepRunning(
  first: ServerProcess,
  launch: () => Promise<ServerProcess>,
  { log, onLost }: { log: { error(message: string): void }; onLost(error: Error): void },
) {
  let server = first;
  let stopping = false;

  /** Resolves with why it does not run any more, or never did. */
  async function run(): Promise<string> {
    try {
      server = await launch();
      if (stopping) await server.stop();
      return `PostgreSQL ended ${await server.ended}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function watch(): Promise<void> {
    let ending = first.ended.then((how) => `PostgreSQL ended ${how}`);
    for (let restarts = 1; ; restarts++) {
      const since = Date.now();
      const why = await ending;
      if (stopping) return;
      if (Date.now() - since > ranLongMs) restarts = 1;
      if (restarts > maxRestarts) throw new Error(`${why}; it was started again ${maxRestarts} times`);
      log.error(`${why}; starting it again`);
      await sleep(restartPauseMs * (restarts - 1));
      if (stopping) return;
      ending = run();
    }
  }

  // Outside of the promise, where what it throws would be taken for a failure of ours.
  const watched = watch().catch((error) => void setImmediate(onLost, error));
  return {
    get pid() {
      return server.pid;
    },
    async stop(): Promise<void> {
      stopping = true;
      await server.stop();
      await watched;
    },
  };
}
