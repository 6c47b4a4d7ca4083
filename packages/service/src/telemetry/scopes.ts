// For which requests the code that runs now is working: known across awaits, told to logs, to the bus and to traces.
import { AsyncLocalStorage } from "node:async_hooks";

/** More than one request where a batch is written for several. */
export interface Scope {
  readonly requestIds: readonly string[];
  /** The spans that what happens here is part of, as W3C traceparents; the first one is the parent, the others are linked. */
  readonly parents: readonly string[];
}

export interface Scopes {
  /** False: nothing is followed, and `run` only runs. */
  readonly active: boolean;
  current(): Scope | undefined;
  /** Runs `work`, and whatever follows from it, in `scope`; without one, in none. */
  run<Result>(scope: Scope | undefined, work: () => Result): Result;
}

/** Following costs CPU on every promise (see docs/observability.md), so that it is chosen once for a process. */
export function createScopes(active: boolean): Scopes {
  if (!active) return { active, current: () => undefined, run: (_scope, work) => work() };
  const storage = new AsyncLocalStorage<Scope | undefined>();
  return { active, current: () => storage.getStore(), run: (scope, work) => storage.run(scope, work) };
}

/** The scope of work that is done for several at once; undefined when it is for nobody. */
export function joinScopes(scopes: Iterable<Scope | undefined>): Scope | undefined {
  const known = new Set<Scope>();
  for (const scope of scopes) if (scope) known.add(scope);
  if (known.size <= 1) return [...known][0];
  return {
    requestIds: [...new Set([...known].flatMap(({ requestIds }) => requestIds))],
    parents: [...new Set([...known].flatMap(({ parents }) => parents))],
  };
}

/** What log lines carry. */
export function logFields(scope: Scope | undefined): { requestId?: string; requestIds?: readonly string[] } {
  if (!scope) return {};
  const [requestId, ...others] = scope.requestIds;
  if (requestId === undefined) return {};
  return others.length === 0 ? { requestId } : { requestIds: scope.requestIds };
}
