// Translates failures into what callers see. HTTP, RPC and sockets all use it; no service has its own policy.
import { BlobMissing, BlobsUnavailable } from "@khui/blobs";
import { ChatError, type ErrorCode } from "@khui/contracts";
import { failureKind } from "@khui/database";
import { PresenceUnavailable } from "@khui/presence";

/** Fastify's own errors, by their code. */
const frameworkErrors: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "payload_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_INVALID_JSON_BODY: "invalid_json",
  FST_ERR_CTP_EMPTY_JSON_BODY: "invalid_json",
};

/** Database failures that are temporary: the same statement may succeed a moment later. */
const passing: ReadonlySet<string> = new Set(["unavailable", "timeout", "locked"]);

/**
 * Any error as a ChatError: a port that is unreachable becomes service_unavailable, a missing blob file_not_found, and any other
 * error internal_error. The error itself is kept as the `cause`, for the log; callers see nothing of it.
 */
export function toChatError(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  const code = codeOf(error);
  const details = code === "service_unavailable" ? { retryAfter: 1 } : undefined;
  return new ChatError(code, details, { cause: error });
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof BlobMissing) return "file_not_found";
  if (error instanceof BlobsUnavailable || error instanceof PresenceUnavailable) return "service_unavailable";
  if (passing.has(failureKind(error))) return "service_unavailable";
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  const known = typeof code === "string" ? frameworkErrors[code] : undefined;
  if (known) return known;
  if (error instanceof SyntaxError && statusCode === 400) return "invalid_json";
  const isRefusal = typeof statusCode === "number" && statusCode >= 400 && statusCode < 500;
  return isRefusal ? "invalid_request" : "internal_error";
}
