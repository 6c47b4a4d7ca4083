// The tracing port: spans with names and outcomes, tied together by W3C traceparents.
import type { Scope, Scopes } from "./scopes.js";

export type Attributes = Readonly<Record<string, string | number>>;

export interface SpanOptions {
  /** Of low cardinality: a route, an RPC, a statement's first words. Never user content. */
  readonly name: string;
  readonly kind: "server" | "client";
  readonly parents: readonly string[];
  readonly attributes?: Attributes;
}

export interface Span {
  /** Identifies this span to its children: `00-<trace>-<span>-<flags>`, https://www.w3.org/TR/trace-context/. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  /** Only the type of a failure is recorded: its message may contain user content. */
  end(failure?: unknown): void;
}

export interface Tracer {
  start(options: SpanOptions): Span;
  /** Flushes pending spans, for a few seconds at most. */
  close(): Promise<void>;
}

/** A received traceparent as a list; empty when it is missing or malformed. */
export function parentsOf(traceparent: unknown): string[] {
  return typeof traceparent === "string" && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
    ? [traceparent]
    : [];
}

/** The scope for work inside of a span. */
export const within = (scope: Scope, span: Span | undefined): Scope =>
  span ? { ...scope, parents: [span.traceparent] } : scope;

/** Runs `work` in `scope` and, where there is a tracer, as a span of its own. */
export async function traced<Result>(
  { scopes, tracer }: { readonly scopes: Scopes; readonly tracer?: Tracer },
  scope: Scope,
  options: Omit<SpanOptions, "parents">,
  work: () => Promise<Result>,
): Promise<Result> {
  const span = tracer?.start({ ...options, parents: scope.parents });
  try {
    const result = await scopes.run(within(scope, span), work);
    span?.end();
    return result;
  } catch (error) {
    span?.end(error);
    throw error;
  }
}
