// Mounts a route of the contracts: rate limits, authentication, validation, then the handler.
import {
  ChatError,
  type Language,
  type Notice,
  noticeText,
  type Route,
  type RouteAnswer,
  type RouteBody,
  type RouteParams,
  type RouteQuery,
} from "@khui/contracts";
import type { Limits, Rule } from "@khui/limits";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { bodyLimitOf } from "./body-limit.js";
import { languageOf } from "./failures.js";
import type { Identity } from "./identity.js";
import type { Tokens } from "./tokens.js";

/** Checks that run before every route. */
export interface Guard {
  readonly tokens: Tokens;
  readonly limits: Limits;
  readonly rules: { readonly perAddress: Rule; readonly perUser: Rule };
  /** Called with every verified identity before its request is handled; must not throw, and must be quick for one seen before. */
  readonly onIdentity?: (identity: Identity) => Promise<void>;
}

/** What a handler gets: the validated request, and the caller's identity. */
export interface Call<R extends Route> {
  readonly params: RouteParams<R>;
  readonly query: RouteQuery<R>;
  readonly body: RouteBody<R>;
  readonly identity: Identity;
  readonly requestId: string;
  /** The Idempotency-Key header, if given; it is valid as a clientMessageId. */
  readonly idempotencyKey: string | undefined;
  /** The text of a notice in the caller's language. */
  localize(notice: Notice): string;
  /** Answers with this status instead of the contract's. */
  status(code: number): void;
}

declare module "fastify" {
  interface FastifyRequest {
    identity: Identity | null;
  }
}

export type Mount = <const R extends Route>(route: R, handler: (call: Call<R>) => Promise<RouteAnswer<R>>) => void;

/**
 * Returns a function that mounts routes on `app`. A handler returns the fields of the answer (`success: true` is put in
 * front) or throws ChatError.
 */
export function mounter(app: FastifyInstance, guard: Guard): Mount {
  return (route, handler) => {
    app.route({
      method: route.method,
      url: route.url,
      bodyLimit: bodyLimitOf(route.body),
      schema: {
        ...(route.params ? { params: route.params } : {}),
        ...(route.query ? { querystring: route.query } : {}),
        ...(route.body ? { body: route.body } : {}),
      },
      onRequest: async (request) => {
        await authenticate(guard, request, route.admin === true);
      },
      handler: async (request, reply) => {
        const call = callOf<typeof route>(request, reply);
        const points = pointsOf(route, call.body);
        // The request itself has been counted already.
        if (points > 1) await take(guard, guard.rules.perUser, call.identity.userId, points - 1);
        reply.code(route.status ?? 200);
        const answer = await handler(call);
        return { success: true, ...(answer as object) };
      },
    });
  };
}

/** Limits by address, authenticates, limits by user. Throws unauthorized, invalid_token, token_expired, forbidden, rate_limited. */
export async function authenticate(guard: Guard, request: FastifyRequest, admin = false): Promise<Identity> {
  await limitAddress(guard, request);
  const identity = await guard.tokens.verify(bearer(request.headers.authorization));
  await take(guard, guard.rules.perUser, identity.userId);
  if (admin && !identity.admin) throw new ChatError("forbidden");
  request.identity = identity;
  await guard.onIdentity?.(identity);
  return identity;
}

/** For routes without authentication. Throws rate_limited. */
export async function limitAddress(guard: Guard, request: FastifyRequest): Promise<void> {
  // A closed socket has no address, and gets no answer.
  if (request.ip === undefined) throw new ChatError("invalid_request");
  await take(guard, guard.rules.perAddress, request.ip);
}

function pointsOf({ countedBy }: Route, body: unknown): number {
  return countedBy === undefined ? 1 : (body as Record<string, unknown[]>)[countedBy]!.length;
}

async function take(guard: Guard, rule: Rule, key: string, points = 1): Promise<void> {
  const decision = await guard.limits.take(rule, key, points);
  if (!decision.allowed) throw new ChatError("rate_limited", { retryAfter: decision.retryAfterSeconds });
}

function bearer(header: string | undefined): string {
  const token = /^Bearer +(\S{1,16384})$/i.exec(header ?? "")?.[1];
  if (!token) throw new ChatError("unauthorized");
  return token;
}

/** What a handler gets; for routes that mount themselves, after `authenticate`. */
export function callOf<R extends Route>(request: FastifyRequest, reply: FastifyReply): Call<R> {
  const language: Language = languageOf(request.headers["accept-language"]);
  return {
    params: request.params as RouteParams<R>,
    query: request.query as RouteQuery<R>,
    body: request.body as RouteBody<R>,
    identity: request.identity as Identity,
    requestId: request.id,
    idempotencyKey: idempotencyKeyOf(request),
    localize: (notice) => noticeText(notice, language),
    status: (code) => void reply.code(code),
  };
}

function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new ChatError("invalid_request", {
      part: "headers",
      faults: [{ path: "/idempotency-key", message: "1 to 128 visible ASCII characters" }],
    });
  }
  return key;
}
