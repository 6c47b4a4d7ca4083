// Typed RPC between services: JSON over any bus, requests and answers validated against the contract's schemas.
import {
  ChatError,
  type Checker,
  createChecker,
  type Issue,
  isErrorCode,
  type Rpc,
  type RpcAnswer,
  type RpcRequest,
} from "@khui/contracts";
import type { TSchema } from "typebox";
import {
  type Bus,
  BusClosed,
  type BusMessage,
  ConnectionLost,
  NoResponders,
  PayloadTooLarge,
  RemoteError,
  RequestTimeout,
  SlowConsumer,
  type Subscription,
} from "./index.js";
import { timeoutOf } from "./timeouts.js";

export interface CallOptions {
  /** 5,000 ms by default. */
  readonly timeoutMs?: number;
  /** Sent along as they are, e.g. `x-request-id`. */
  readonly headers?: Record<string, string>;
}

export interface RpcContext {
  readonly headers: Readonly<Record<string, string>>;
  /** When the caller gives up, as `performance.now()` of this process. Infinity for a caller that does not say. */
  readonly deadline: number;
}

/** A request before it is read. */
export interface Arrival extends RpcContext {
  readonly bytes: number;
}

const checkers = new WeakMap<TSchema, Checker>();

/**
 * Calls `rpc`. Rejects with a ChatError only (except for malformed headers): the one that the handler threw;
 * `invalid_request` when the request is invalid; `internal_error` when the handler failed otherwise or its answer is
 * invalid; `payload_too_large`; `service_unavailable` when nobody answered. The original error is its `cause`.
 */
export async function call<R extends Rpc>(
  bus: Bus,
  rpc: R,
  request: RpcRequest<R>,
  { timeoutMs = 5000, headers = {} }: CallOptions = {},
): Promise<RpcAnswer<R>> {
  let message: BusMessage;
  try {
    message = await bus.request(rpc.subject, Buffer.from(JSON.stringify(request)), { timeoutMs, headers });
  } catch (error) {
    throw toChatError(error);
  }
  const envelope = parse(message.data);
  if (isObject(envelope) && isObject(envelope.error)) {
    const { code, details } = envelope.error;
    throw isErrorCode(code)
      ? new ChatError(code, details)
      : withCause("internal_error", new Error(`${rpc.subject} answered with unknown error code ${String(code)}`));
  }
  const answer = isObject(envelope) ? envelope.answer : undefined;
  const issues = check(rpc.answer, answer);
  if (issues !== undefined) {
    const text = JSON.stringify(issues);
    throw withCause("internal_error", new Error(`the answer on ${rpc.subject} does not fit its schema: ${text}`));
  }
  return answer as RpcAnswer<R>;
}

/**
 * Serves `rpc` with the handler. A ChatError that it throws travels to the caller with its code and details; anything
 * else goes to the bus's onError and reaches the caller as `internal_error`, without its text. A request that does not
 * fit the schema is answered with `invalid_request` and the first issues as details. `admit` decides when a request is read and
 * handled, by calling `work`; what it throws is answered as if the handler had thrown it.
 */
export function serveRpc<R extends Rpc>(
  bus: Bus,
  rpc: R,
  handler: (request: RpcRequest<R>, context: RpcContext) => Promise<RpcAnswer<R>>,
  options: { queue?: string; admit?: <T>(arrival: Arrival, work: () => Promise<T>) => Promise<T> } = {},
): Subscription {
  const { admit = (_, work) => work() } = options;

  async function handle(message: BusMessage, context: RpcContext): Promise<{ answer: RpcAnswer<R> }> {
    const request = parse(message.data);
    const issues = check(rpc.request, request);
    if (issues !== undefined) throw new ChatError("invalid_request", issues);
    return { answer: await handler(request as RpcRequest<R>, context) };
  }

  return bus.serve(
    rpc.subject,
    async (message) => {
      try {
        const { data, headers } = message;
        const arrival = { headers, deadline: performance.now() + timeoutOf(headers), bytes: data.length };
        return Buffer.from(JSON.stringify(await admit(arrival, () => handle(message, arrival))));
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        return Buffer.from(JSON.stringify({ error: { code: error.code, details: error.details } }));
      }
    },
    options,
  );
}

/** The first issues of a value, or undefined when it fits. */
function check(schema: TSchema, value: unknown): readonly Issue[] | undefined {
  const checker = checkers.get(schema) ?? createChecker(schema);
  checkers.set(schema, checker);
  const issues = checker(value, 5);
  return issues.length > 0 ? issues : undefined;
}

/** Undefined when it is not JSON; none of our schemas accepts undefined. */
function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function toChatError(error: unknown): unknown {
  if (error instanceof RemoteError) {
    return withCause(error.reason === "overloaded" ? "service_unavailable" : "internal_error", error);
  }
  if (error instanceof PayloadTooLarge) return withCause("payload_too_large", error);
  const outages = [NoResponders, RequestTimeout, ConnectionLost, BusClosed, SlowConsumer];
  return outages.some((kind) => error instanceof kind) ? withCause("service_unavailable", error) : error;
}

function withCause(code: ConstructorParameters<typeof ChatError>[0], cause: unknown): ChatError {
  return Object.assign(new ChatError(code), { cause });
}
