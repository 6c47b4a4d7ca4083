// Runs a process: start, wait for a signal, close, exit with the right code.
import { type Closers, createClosers } from "./closers.js";
import { EnvironmentError } from "./environment.js";
import type { Logger } from "./logger.js";

const isPortInUse = (error: unknown): error is { port: number; address: string } =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE" && "port" in error;

/**
 * Calls `start` with closers to fill, and closes them on SIGTERM or SIGINT within 25 s. A second signal, or a failing
 * start, ends the process with code 1. An uncaught error is logged and ends it too, since the state is unknown then.
 */
export async function run(log: Logger, start: (closers: Closers) => Promise<void>): Promise<void> {
  // The longest close is that of a gateway, which disconnects its sockets over some seconds.
  const closers = createClosers(log, 20_000);
  let closing = false;
  const close = async (code: number) => {
    if (closing) process.exit(1);
    closing = true;
    setTimeout(() => process.exit(1), 25_000).unref();
    await closers.close();
    process.exit(code);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void close(0));
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "uncaught exception");
    void close(1);
  });
  process.on("unhandledRejection", (error) => {
    log.fatal({ err: error }, "unhandled rejection");
    void close(1);
  });
  try {
    await start(closers);
  } catch (error) {
    if (error instanceof EnvironmentError) log.fatal(error.message);
    else if (isPortInUse(error))
      log.fatal(`port ${error.port} of ${error.address} is in use: set PORT, or stop its user`);
    else log.fatal({ err: error }, "could not start");
    await close(1);
  }
}
