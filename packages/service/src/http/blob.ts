// Serves an object of the blob store.
import type { Blobs } from "@khui/blobs";
import { ChatError } from "@khui/contracts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { endWhenStalled } from "../process/stalled.js";
import { type Content, sendContent } from "./content.js";

export interface BlobDelivery extends Pick<Content, "etag" | "cacheControl"> {
  /** What the object is called in the store. */
  readonly name: string;
  /** The name under which browsers save it. */
  readonly fileName: string;
  /** Whether browsers may show an object of this content type; they save all others. All may be shown by default. */
  readonly isInline?: (contentType: string) => boolean;
  /** A client that takes nothing for this long, ms, is disconnected; a minute by default. */
  readonly stallMs?: number | undefined;
}

/** Answers as `sendContent` does. Throws file_not_found, service_unavailable. */
export async function sendBlob(
  request: FastifyRequest,
  reply: FastifyReply,
  blobs: Blobs,
  { name, etag, cacheControl, fileName, isInline = () => true, stallMs }: BlobDelivery,
) {
  const info = await blobs.stat(name);
  if (!info) throw new ChatError("file_not_found");
  endWhenStalled(reply.raw, request.raw.socket, stallMs);
  return sendContent(request, reply, {
    ...info,
    etag,
    cacheControl,
    disposition: { type: isInline(info.contentType) ? "inline" : "attachment", fileName },
    open: (range) => blobs.read(name, range),
  });
}
