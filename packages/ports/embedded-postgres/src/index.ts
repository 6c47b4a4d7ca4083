// A PostgreSQL server of one's own: started with this process, ended with it, and reached by it alone.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterArgument, clusterIn, endLeftover, prepareCluster, roleName } from "./data-folder.js";
import { lockFolder } from "./folder-lock.js";
import { packagedProgram, runnableProgram } from "./program.js";
import { type ServerProcess, startServer } from "./server-process.js";
import { giveTo, serverUser } from "./user.js";

export interface EmbeddedPostgresOptions {
  /** Where the data is kept; made if missing. Absent: in a temporary folder, gone with the server, nothing waits for the disk. */
  readonly folder?: string;
  readonly log: EmbeddedPostgresLog;
  /** Told when the server has ended by itself and cannot be started again: nothing will answer at its address any more. */
  readonly onLost: (error: Error) => void;
  /** Where PostgreSQL's files are: those of the npm package for this platform by default. */
  readonly program?: string;
}

export type EmbeddedPostgresLog = Readonly<Record<"debug" | "warn" | "error", (message: string) => void>>;

export interface EmbeddedPostgres {
  /** Of its database and its one role, a superuser, with the password in it; the same after it was started again. */
  readonly url: string;
  /** The server's process; another one after it was started again. */
  readonly pid: number;
  /** Writes all down and ends it. Close connections before. Calling it again is harmless. */
  stop(): Promise<void>;
}

/** How often it is started again after it ended by itself, unless it had run for long in between. */
const restartsAtMost = 5;
const ranLongMs = 60_000;
const restartPauseMs = 500;

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
    const settings = { ...serverSettings, ...(durable ? {} : forgetful), unix_socket_directories: scratch };
    const args = ["-D", clusterArgument(cluster, user), ...asArguments(settings)];
    const onLine = (line: string): void => tell(options.log, line);
    const launch = () => startServer({ postgres, args, user, cluster, scratch, onLine });
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

/** For one process with a few dozen connections, on a machine that has other things to do. */
const serverSettings = {
  listen_addresses: "",
  max_connections: "60",
  shared_buffers: "64MB",
  max_wal_size: "512MB",
  // Nobody copies from it.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  // Statements are short: processes that help with long ones take memory for nothing.
  max_parallel_workers_per_gather: "0",
  io_method: "sync",
  timezone: "UTC",
  log_timezone: "UTC",
  // Whose statements failed sees it. Here only what concerns the server, with nothing in it that people wrote.
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_line_prefix: "",
  lc_messages: "C",
} as const;

const forgetful = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } as const;

function asArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function tell(log: EmbeddedPostgresLog, line: string): void {
  const level = /^(FATAL|PANIC):/.test(line) ? "warn" : "debug";
  log[level](`PostgreSQL: ${line}`);
}

/** Starts the server again whenever it has ended by itself, until `stop`. */
function keepRunning(
  first: ServerProcess,
  launch: () => Promise<ServerProcess>,
  { log, onLost }: Pick<EmbeddedPostgresOptions, "log" | "onLost">,
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
      if (restarts > restartsAtMost) throw new Error(`${why}; it was started again ${restartsAtMost} times`);
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
