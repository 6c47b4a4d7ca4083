// Serves a stored file: whole or in part, cacheable, and never as a page of ours.
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
  /** Names these bytes and no others; without quotes. */
  readonly etag: string;
  readonly cacheControl: string;
  /** Whether browsers may show it, and the name under which they save it. */
  readonly disposition: { readonly type: "inline" | "attachment"; readonly fileName?: string };
  /** The bytes, from start to end inclusive or all of them. */
  open(range?: { start: number; end: number }): Promise<Readable>;
}

/**
 * Answers GET and HEAD: 200, 206 for one range, 304 for a client that has it, 416 for a range beyond the end (RFC 9110, 14).
 */
export async function sendContent(request: FastifyRequest, reply: FastifyReply, content: Content) {
  const etag = `"${content.etag}"`;
  const { type, fileName } = content.disposition;
  reply.headers({
    "accept-ranges": "bytes",
    etag,
    "cache-control": content.cacheControl,
    "content-type": content.contentType,
    "content-disposition": contentDisposition(fileName, { type }),
    "x-content-type-options": "nosniff",
    // Opened as a page of its own it may do nothing; Chromium's PDF viewer does not run in a sandbox.
    "content-security-policy":
      content.contentType === "application/pdf" ? "default-src 'none'" : "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
  });
  // `fetch` adds no-cache wherever a page sets If-None-Match itself; that is for caches on the way (RFC 9110, 13.1.2).
  if (fresh({ "if-none-match": request.headers["if-none-match"] }, { etag }))
    return reply.code(304).removeHeader("content-type").send();
  const range = rangeOf(request, content.size, etag);
  if (range === "beyond") {
    for (const name of ["etag", "cache-control", "content-disposition"]) reply.removeHeader(name);
    reply.header("content-range", `bytes */${content.size}`);
    return answerFailure(request, reply, new ChatError("range_not_satisfiable"));
  }
  if (range) reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${content.size}`);
  reply.header("content-length", range ? range.end - range.start + 1 : content.size);
  // An empty answer would have its own length.
  if (request.method === "HEAD") return reply.send(Readable.from([]));
  return reply.send(await content.open(range));
}

/** What is asked for of `size` bytes: undefined for all. A range that cannot be read, or several, count as none. */
function rangeOf({ method, headers }: FastifyRequest, size: number, etag: string) {
  const { range = "", "if-range": ifRange = etag } = headers;
  const [, first = "", last = ""] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(range) ?? [];
  if (method !== "GET" || ifRange !== etag || first + last === "") return undefined;
  // Without a first byte it is the last so many.
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  return start < size ? { start, end } : "beyond";
}
