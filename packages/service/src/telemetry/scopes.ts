// The scope of the running code, which is the requests that it works for: propagated across awaits, to logs, the bus and traces.
import { AsyncLocalStorage } from "node:async_hooks";

/** Several ids where a batch is processed for several requests. */
export interface Scope {
  readonly requestIds: readonly string[];
  /** The spans that this work belongs to, as W3C traceparents; the first one is the parent, the others are linked. */
  readonly parents: readonly string[];
}

export interface Scopes {
  /** False: scopes are disabled, and `run` only calls `work`. */
  readonly active: boolean;
  current(): Scope | undefined;
  /** Runs `work`, and all asynchronous work that it starts, in `scope`; without one, in none. */
  run<Result>(scope: Scope | undefined, work: () => Result): Result;
}

/** Tracking costs CPU on every promise (see docs/observability.md), so it is enabled once, for the whole process. */
export function createScopes(active: boolean): Scopes {
  if (!active) return { active, current: () => undefined, run: (_scope, work) => work() };
  const storage = new AsyncLocalStorage<Scope | undefined>();
  return { active, current: () => storage.getStore(), run: (scope, work) => storage.run(scope, work) };
}

/** The scope of work that is done for several scopes at once; undefined when there is none. */
export function joinScopes(scopes: Iterable<Scope | undefined>): Scope | undefined {
  const known = new Set<Scope>();
  for (const scope of scopes) if (scope) known.add(scope);
  if (known.size <= 1) return [...known][0];
  return {
    requestIds: [...new Set([...known].flatMap(({ requestIds }) => requestIds))],
    parents: [...new Set([...known].flatMap(({ parents }) => parents))],
  };
}

/** The fields that log lines get from a scope. */
export function logFields(scope: Scope | undefined): { requestId?: string; requestIds?: readonly string[] } {
  if (!scope) return {};
  const [requestId, ...others] = scope.requestIds;
  if (requestId === undefined) return {};
  return others.length === 0 ? { requestId } : { requestIds: scope.requestIds };
}
