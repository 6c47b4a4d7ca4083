// The shape of every error response.
import { STATUS_CODES } from "node:http";
import { type ChatError, errorText, type Language } from "@khui/contracts";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Thai unless the first acceptable language is English. */
export function languageOf(header: string | undefined): Language {
  return /^\s*en\b/i.test(header ?? "") ? "en" : "th";
}

/** `{success: false, statusCode, error, code, message, details?}`; a wait in `details.retryAfter` (seconds) becomes Retry-After. */
export function answerFailure(request: FastifyRequest, reply: FastifyReply, failure: ChatError): FastifyReply {
  const retryAfter = (failure.details as { retryAfter?: unknown } | undefined)?.retryAfter;
  if (typeof retryAfter === "number") reply.header("retry-after", Math.max(1, Math.ceil(retryAfter)));
  return reply
    .code(failure.status)
    .type("application/json; charset=utf-8")
    .send({
      success: false,
      statusCode: failure.status,
      error: STATUS_CODES[failure.status],
      code: failure.code,
      message: errorText(failure.code, languageOf(request.headers["accept-language"]), failure.details),
      ...(failure.details === undefined ? {} : { details: failure.details }),
    });
}
