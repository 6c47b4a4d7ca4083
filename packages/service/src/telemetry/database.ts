// Instruments a database: connections, durations and failures of statements; at debug level logs each statement, never its parameters.
import { type Database, failureKind, type StatementObserver } from "@khui/database";
import { secondsBuckets } from "./metrics.js";
import type { Telemetry } from "./telemetry.js";

/** The observer that an adapter is opened with. Call once per process. */
export function observeStatements({ metrics, scopes, tracer, log }: Telemetry): StatementObserver {
  const seconds = metrics.histogram(
    "khui_database_statement_duration_seconds",
    "From a statement's sending to its answer.",
    secondsBuckets,
  );
  const failures = metrics.counter(
    "khui_database_failures_total",
    "Failed statements and connects, by what went wrong.",
    ["kind"],
  );
  const logged = log.isLevelEnabled("debug");
  return (text) => {
    const began = performance.now();
    const parents = scopes.current()?.parents ?? [];
    const attributes = { "db.system.name": "postgresql" };
    // Outside of a request (a sweep, a probe), each statement would be a trace of one span.
    const traced = tracer !== undefined && parents.length > 0;
    const span = traced ? tracer.start({ name: nameOf(text), kind: "client", parents, attributes }) : undefined;
    return (failure) => {
      const ms = performance.now() - began;
      seconds.observe(ms / 1000);
      if (failure !== undefined) failures.inc({ kind: failureKind(failure) });
      span?.end(failure);
      if (!logged) return;
      const outcome = failure === undefined ? {} : { failure: failureKind(failure) };
      log.debug({ sql: shortened(text), ms: Math.round(ms * 10) / 10, ...outcome }, "statement");
    };
  };
}

/** Adds gauges for the connections and for those waiting for one. Call once per process. */
export function instrumentDatabase({ metrics }: Pick<Telemetry, "metrics">, database: Pick<Database, "stats">): void {
  metrics.gauge(
    "khui_database_connections",
    "Connections of the pool.",
    () => {
      const { total, idle } = database.stats();
      return { busy: total - idle, idle };
    },
    "state",
  );
  metrics.gauge("khui_database_waiting", "Callers that wait for a connection.", () => database.stats().waiting);
}

const maxLoggedLength = 120;

/** The beginning of a statement on one line. Its text has placeholders instead of parameters. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > maxLoggedLength ? `${line.slice(0, maxLoggedLength)}…` : line;
}

/** Its first word, and the first table that it names. */
function nameOf(text: string): string {
  const word = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? "SQL";
  const table = /\b(?:messages|rooms|media|stickers)\.\w+/.exec(text)?.[0];
  return table ? `${word} ${table}` : word;
}
