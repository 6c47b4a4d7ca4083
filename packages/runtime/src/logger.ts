// The process's logger: pino, one JSON object a line, never a token or a message's content.
import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** `destination` is for tests; standard output otherwise. */
export function createLogger(options: { name: string; level?: string; destination?: DestinationStream }): Logger {
  const settings = {
    name: options.name,
    level: options.level ?? "info",
    redact: ["req.headers.authorization", "req.headers.cookie", "token", "*.token", "content", "*.content"],
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}
