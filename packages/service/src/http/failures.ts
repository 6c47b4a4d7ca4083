// Turns whatever was thrown into the one shape of a failed answer.
import { STATUS_CODES } from "node:http";
import { ChatError, errorText, type Language } from "@khui/contracts";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Thai unless the first acceptable language is English. */
export function languageOf(header: string | undefined): Language {
  return /^\s*en\b/i.test(header ?? "") ? "en" : "th";
}

/** Fastify's and the database's own errors as ours; what nobody foresaw is internal_error, with nothing of it shown. */
export function toChatError(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new ChatError("payload_too_large");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new ChatError("unsupported_media_type");
    case "FST_ERR_CTP_INVALID_JSON_BODY":
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
      return new ChatError("invalid_json");
    default:
      if (error instanceof SyntaxError && statusCode === 400) return new ChatError("invalid_json");
      if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
        return new ChatError("invalid_request");
      return new ChatError("internal_error");
  }
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
      message: errorText(failure.code, languageOf(request.headers["accept-language"])),
      ...(failure.details === undefined ? {} : { details: failure.details }),
    });
}
