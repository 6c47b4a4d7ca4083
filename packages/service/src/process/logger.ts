// The process's logger: pino, one JSON object a line, never a token or a message's content.
import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/**
 * Fields of a database error that may quote a row or a parameter, and thus user content; and the command that Redis refused, whose arguments
 * are a password, user ids or addresses.
 */
const quoting = ["detail", "where", "internalQuery", "command"].map((field) => `err.${field}`);

export interface LoggerOptions {
  readonly name: string;
  /** `info` by default. */
  readonly level?: string;
  /** Fields added to every line that does not have them already; called for each line. */
  readonly context?: () => object;
  /** For tests; standard output otherwise. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const { context } = options;
  const settings: pino.LoggerOptions = {
    name: options.name,
    level: options.level ?? "info",
    redact: ["req.headers.authorization", "req.headers.cookie", "token", "*.token", "content", "*.content", ...quoting],
    // A request's own logger has its id in front of every line already.
    ...(context ? { mixin: (_fields, _level, logger) => ("requestId" in logger.bindings() ? {} : context()) } : {}),
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}
