// CORS headers for polling requests (Fetch standard, section 3.2).
import type { ResponseHeaders } from "../engineio/polling-exchange.js";
import type { Settings } from "../options.js";

/**
 * The headers that let a page of `origin` read a response; none if CORS is off or the origin is not allowed. Never with
 * credentials: the engine uses no cookies, and a client that does not set `withCredentials` sends none.
 */
export function corsHeaders(cors: Settings["cors"], origin: string | undefined): ResponseHeaders {
  if (cors === undefined) return {};
  const allowed = cors.origin;
  if (typeof allowed === "string") return { "access-control-allow-origin": allowed, vary: "Origin" };
  if (origin === undefined || (allowed !== true && !allowed.includes(origin))) return { vary: "Origin" };
  return { "access-control-allow-origin": origin, vary: "Origin" };
}

/** The additional headers of a preflight response. */
export function preflightHeaders(cors: Settings["cors"], requestedHeaders: string | undefined): ResponseHeaders {
  if (cors === undefined) return {};
  return {
    "access-control-allow-methods": "GET,POST",
    ...(requestedHeaders === undefined ? {} : { "access-control-allow-headers": requestedHeaders }),
  };
}
