// The tracing port: spans with names and outcomes, tied together by W3C traceparents.
import type { Scope, Scopes } from "./scopes.js";

export type Attributes = Readonly<Record<string, string | number>>;

export interface SpanOptions {
  /** Of few different ones: a route, an RPC, a statement's first words. Never contents. */
  readonly name: string;
  readonly kind: "server" | "client";
  readonly parents: readonly string[];
  readonly attributes?: Attributes;
}

export interface Span {
  /** Names this span to those that it causes: `00-<trace>-<span>-<flags>`, https://www.w3.org/TR/trace-context/. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  /** Of a failure only its kind is kept: a text may hold what people wrote. */
  end(failure?: unknown): void;
}

export interface Tracer {
  start(options: SpanOptions): Span;
  /** Sends what is left, for a few seconds at most. */
  close(): Promise<void>;
}

/** A traceparent from elsewhere, as a list of one or none. */
export function parentsOf(traceparent: unknown): string[] {
  return typeof traceparent === "string" && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
    ? [traceparent]
    : [];
}

/** The scope of what a span causes. */
export const within = (scope: Scope, span: Span | undefined): Scope =>
  span ? { ...scope, parents: [span.traceparent] } : scope;

/** Runs `work` in `scope` as a span of its own, where this process follows requests; otherwise only runs it. */
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
