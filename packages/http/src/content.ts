// Serves a stored file: whole or in part, cacheable, and never as a page of ours.
import type { Readable } from "node:stream";
import { ChatError } from "@khui/contracts";
import contentDisposition from "content-disposition";
import type { FastifyReply, FastifyRequest } from "fastify";
import fresh from "fresh";
import parseRange from "range-parser";
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
 * Answers GET and HEAD: 200, 206 for one range, 304 for a client that has it, 416 for a range beyond the end. Several ranges at
 * once, or one that cannot be read, get the whole (RFC 9110, 14.2).
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
  if (fresh(request.headers, { etag })) return reply.code(304).removeHeader("content-type").send();
  const range = rangeOf(request, content.size, etag);
  if (range === "beyond") {
    for (const name of ["etag", "cache-control", "content-disposition"]) reply.removeHeader(name);
    reply.header("content-range", `bytes */${content.size}`);
    return answerFailure(request, reply, new ChatError("range_not_satisfiable"));
  }
  if (range) reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${content.size}`);
  reply.header("content-length", range ? range.end - range.start + 1 : content.size);
  if (request.method === "HEAD") return reply.send();
  return reply.send(await content.open(range));
}

function rangeOf(request: FastifyRequest, size: number, etag: string) {
  const { range, "if-range": ifRange } = request.headers;
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return undefined;
  const ranges = parseRange(size, range, { combine: true });
  if (ranges === -1) return "beyond";
  const [only] = ranges === -2 || ranges.type !== "bytes" || ranges.length !== 1 ? [] : ranges;
  return only && { start: only.start, end: only.end };
}
