// Serves a stored file: complete or in part, cacheable, and never as a page of our origin.
import { Readable } from "node:stream";
import { ChatError } from "@khui/contracts";
import contentDisposition from "content-disposition";
import type { FastifyReply, FastifyRequest } from "fastify";
import fresh from "fresh";
import { answerFailure } from "./failures.js";

export interface Content {
  /** Bytes. */
  readonly size: number;
  readonly contentType: string;
  /** A strong ETag of these bytes, without quotes. */
  readonly etag: string;
  readonly cacheControl: string;
  /** Whether browsers may display it inline, and the name under which they save it. */
  readonly disposition: { readonly type: "inline" | "attachment"; readonly fileName?: string };
  /** The bytes, from start to end inclusive or all of them. */
  open(range?: { start: number; end: number }): Promise<Readable>;
}

/**
 * Answers GET and HEAD: 200, 206 for one range, 304 for a client that has it, 416 for a range beyond the end (RFC 9110, 14).
 */
export async function sendContent(request: FastifyRequest, reply: FastifyReply, content: Content) {
  const etag = `"${content.etag}"`;
  // `fetch` adds no-cache wherever a page sets If-None-Match itself; that is meant for intermediary caches (RFC 9110, 13.1.2).
  const known = fresh({ "if-none-match": request.headers["if-none-match"] }, { etag });
  const range = known ? undefined : rangeOf(request, content.size, etag);
  if (range === "beyond") {
    reply.header("content-range", `bytes */${content.size}`);
    return answerFailure(request, reply, new ChatError("range_not_satisfiable"));
  }
  // With a stream, even an empty one, we set the length. Headers are set after what may fail, so that no failure is cached.
  const body = known || request.method === "HEAD" ? Readable.from([]) : await content.open(range);
  reply.headers({
    etag,
    "cache-control": content.cacheControl,
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
  });
  if (known) return reply.code(304).send(body);
  const { type, fileName } = content.disposition;
  reply.headers({
    "content-type": content.contentType,
    "content-length": range ? range.end - range.start + 1 : content.size,
    "content-disposition": contentDisposition(fileName, { type, fallback: asciiOf(fileName) }),
    // Opened as a page it may load and run nothing; Chromium's PDF viewer does not run in a sandbox.
    "content-security-policy":
      content.contentType === "application/pdf" ? "default-src 'none'" : "default-src 'none'; sandbox",
  });
  if (range) reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${content.size}`);
  return reply.send(body);
}

/** For clients that do not know `filename*`, which all current browsers prefer. Headers are ASCII: Node garbles the rest, or throws. */
const asciiOf = (fileName = "") =>
  fileName
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/[^\x20-\x7e]/gu, "?");

/**
 * The requested range of `size` bytes: undefined for all. An invalid range, or several, count as none.
 *
 * Not range-parser: it treats `-1000` of 26 bytes, and `5-2`, as unsatisfiable; by RFC 9110 (14.1.1, 14.1.2) they are all bytes and no range.
 */
function rangeOf({ method, headers }: FastifyRequest, size: number, etag: string) {
  const { range = "", "if-range": ifRange = etag } = headers;
  const [, first = "", last = ""] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(range) ?? [];
  if (method !== "GET" || ifRange !== etag || first + last === "") return undefined;
  // Without a first position it is a suffix range: the last n bytes.
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  return start < size ? { start, end } : "beyond";
}
