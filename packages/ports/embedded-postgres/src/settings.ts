// The server's settings.

/** For one process with a few dozen connections, on a machine that has other things to do. */
const serverSettings = {
  listen_addresses: "",
  max_connections: "60",
  shared_buffers: "32MB",
  max_wal_size: "512MB",
  // It has no replicas.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  // Statements are short: processes that help with long ones take memory for nothing.
  max_parallel_workers_per_gather: "0",
  io_method: "sync",
  // Statements are planned once a connection, at first for empty tables. Analyzing a table that has grown plans them again.
  autovacuum_naptime: "5s",
  timezone: "UTC",
  log_timezone: "UTC",
  // Failed statements are reported to their callers. The log contains only what concerns the server, and nothing that people wrote.
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_line_prefix: "",
  lc_messages: "C",
} as const;

const forgetful = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } as const;

/** As arguments of `postgres`; without `durable`, nothing waits for the disk. */
export function settings(socketFolder: string, durable: boolean): string[] {
  const all = { ...serverSettings, ...(durable ? {} : forgetful), unix_socket_directories: socketFolder };
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
