// A private Postgres for tests, to be killed and restarted.
import { startBackends } from "@khui/backends/backends";

export interface MortalPostgres {
  /** Of the superuser. */
  readonly url: string;
  /** Kills without warning, and waits until the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on its port and data. */
  restart(): Promise<void>;
  /** Ends it, and removes its data. */
  stop(): Promise<void>;
}

/** Throws when there is no Postgres on this machine and no way to get one. */
export async function mortalPostgres(): Promise<MortalPostgres> {
  const { postgresUrl, kill, restart, stop } = await startBackends(["postgres"], { environment: {} });
  if (postgresUrl === undefined) throw new Error("no Postgres was started");
  return { url: postgresUrl, kill: () => kill("postgres"), restart: () => restart("postgres"), stop };
}
