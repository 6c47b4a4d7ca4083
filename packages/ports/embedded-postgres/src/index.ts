// A private PostgreSQL server: it starts and ends with this process, and only this process can reach it.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { clusterArgument, clusterIn, endLeftover, prepareCluster, roleName } from "./data-folder.js";
import { lockFolder } from "./folder-lock.js";
import { packagedProgram, runnableProgram } from "./program.js";
import { keepRunning } from "./restarts.js";
import { startServer } from "./server-process.js";
import { settings } from "./settings.js";
import { giveTo, serverUser } from "./user.js";

export interface EmbeddedPostgresOptions {
  /** Where the data is kept; created if missing. By default a temporary folder, removed with the server, without waiting for the disk. */
  readonly folder?: string;
  readonly log: EmbeddedPostgresLog;
  /** Called when the server has ended by itself and cannot be started again: from then on nothing answers at its address. */
  readonly onLost: (error: Error) => void;
  /** Where PostgreSQL's files are: those of the npm package for this platform by default. */
  readonly program?: string;
}

export type EmbeddedPostgresLog = Readonly<Record<"debug" | "warn" | "error", (message: string) => void>>;

export interface EmbeddedPostgres {
  /** Its database and its only role, a superuser, with the password; the same after a restart. */
  readonly url: string;
  /** The server's process; another one after a restart. */
  readonly pid: number;
  /** Shuts it down cleanly. Close connections before. Calling it again is harmless. */
  stop(): Promise<void>;
}

const slowStartMs = 30_000;

/**
 * Starts PostgreSQL on a socket in a folder that only this user may open. What was committed to `folder` survives the death of
 * this process, of the server, and of the machine. The server ends with this process even when that is killed. When the server
 * itself is killed it is started again, and connections are refused meanwhile. As root, it runs as an unprivileged user, who gets
 * the data.
 *
 * @throws where another process has the folder open, where it holds the data of an earlier version, and where there is no
 *   PostgreSQL for this platform
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const native = options.program ?? packagedProgram();
  // Not TMPDIR, which may be too long for a socket's path (unix(7): 108 bytes), or closed to the server's user.
  const scratch = await mkdtemp("/tmp/khui-postgres-");
  const folder = options.folder === undefined ? join(scratch, "database") : resolve(options.folder);
  const undo: Array<() => unknown> = [() => rm(scratch, { recursive: true, force: true })];
  const undoAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await mkdir(folder, { recursive: true });
    undo.push(lockFolder(folder));
    const cluster = clusterIn(folder);
    const user = serverUser(cluster);
    await giveTo(user, scratch);
    const { postgres, initdb } = await runnableProgram(native, user, scratch);
    await endLeftover(cluster);
    const durable = options.folder !== undefined;
    const password = await prepareCluster(folder, { postgres, initdb }, user, durable);
    const args = ["-D", clusterArgument(cluster, user), ...settings(scratch, durable)];
    const onLine = (line: string): void => logLine(options.log, line);
    const launch = async () => {
      // Recovery after a crash may take minutes, in which nothing else would be logged.
      const slow = setInterval(() => options.log.warn("PostgreSQL is still starting"), slowStartMs);
      return startServer({ postgres, args, user, cluster, scratch, onLine }).finally(() => clearInterval(slow));
    };
    const kept = keepRunning(await launch(), launch, options);
    undo.push(() => kept.stop());
    const url = `postgres://${roleName}:${password}@localhost/postgres?host=${encodeURIComponent(scratch)}`;
    return {
      url,
      get pid() {
        return kept.pid;
      },
      stop: undoAll,
    };
  } catch (error) {
    await undoAll();
    throw error;
  }
}

function logLine(log: EmbeddedPostgresLog, line: string): void {
  const level = /^(FATAL|PANIC):/.test(line) ? "warn" : "debug";
  log[level](`PostgreSQL: ${line}`);
}
