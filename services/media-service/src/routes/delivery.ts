// GET …/media/:fileId/file/:name and …/media/:fileId/thumbnail: for anyone with the signed link.
import type { Blobs } from "@khui/blobs";
import { ChatError, mediaPaths, ObjectId } from "@khui/contracts";
import type { MediaLinks } from "@khui/media-links";
import { type Guard, limitAddress, sendBlob } from "@khui/service/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { isInline } from "../inspection/kinds.js";
import { blobNames } from "../store/files.js";

/** What a wildcard matches: the name, decoded. Unlike a parameter it may be as long as names are. */
const Name = Type.String();

/** Mounts the delivery of files. A client that takes nothing of its file for `stallMs` is disconnected. */
export function mountDelivery(
  app: FastifyInstance,
  guard: Guard,
  blobs: Blobs,
  links: MediaLinks,
  stallMs?: number,
): void {
  const onRequest = (request: FastifyRequest) => limitAddress(guard, request);

  app.get<{ Params: { fileId: string; "*": string } }>("/api/v1/chat/media/:fileId/file/*", {
    schema: { params: Type.Object({ fileId: ObjectId, "*": Name }) },
    onRequest,
    handler: (request, reply) => {
      const { fileId, "*": fileName } = request.params;
      const path = mediaPaths.file(fileId, fileName.toWellFormed());
      return deliver(request, reply, path, blobNames.file(fileId), fileName);
    },
  });
  app.get<{ Params: { fileId: string } }>("/api/v1/chat/media/:fileId/thumbnail", {
    schema: { params: Type.Object({ fileId: ObjectId }) },
    onRequest,
    handler: (request, reply) => {
      const { fileId } = request.params;
      return deliver(request, reply, mediaPaths.thumbnail(fileId), blobNames.thumbnail(fileId), `${fileId}.webp`);
    },
  });

  /** `path` is what was signed. An object's name serves as its ETag, since it is never used again. */
  async function deliver(request: FastifyRequest, reply: FastifyReply, path: string, name: string, fileName: string) {
    const { expires, signature } = request.query as Record<string, unknown>;
    if (typeof expires !== "string" || typeof signature !== "string") throw new ChatError("invalid_signature");
    const secondsLeft = links.check(path, { expires, signature });
    const cacheControl = `private, max-age=${secondsLeft}, immutable`;
    return sendBlob(request, reply, blobs, { name, etag: name, cacheControl, fileName, isInline, stallMs });
  }
}
