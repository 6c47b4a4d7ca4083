// GET …/media/:fileId/file/:name and …/media/:fileId/thumbnail: for whoever has the signed address.
import type { Blobs } from "@khui/blobs";
import { ChatError, mediaPaths, ObjectId } from "@khui/contracts";
import type { MediaLinks } from "@khui/media-links";
import { type Guard, limitAddress, sendContent } from "@khui/service/http";
import { endWhenStalled } from "@khui/service/process";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { blobNames } from "../files.js";
import { isShown } from "../kinds.js";

/** What a wildcard matches: the name, decoded. Unlike a parameter it may be as long as names are. */
const Name = Type.String();

/** Mounts the delivery of files. A client that takes nothing of its file for `stallMs` is left. */
export function mountFiles(
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
      const { fileId, "*": name } = request.params;
      const path = mediaPaths.file(fileId, name.toWellFormed());
      return answer(request, reply, path, blobNames.file(fileId), name);
    },
  });
  app.get<{ Params: { fileId: string } }>("/api/v1/chat/media/:fileId/thumbnail", {
    schema: { params: Type.Object({ fileId: ObjectId }) },
    onRequest,
    handler: (request, reply) => {
      const { fileId } = request.params;
      return answer(request, reply, mediaPaths.thumbnail(fileId), blobNames.thumbnail(fileId), `${fileId}.webp`);
    },
  });

  /** `path` is what was signed. A blob's name serves as its ETag, since it is never used again. */
  async function answer(request: FastifyRequest, reply: FastifyReply, path: string, blob: string, fileName: string) {
    const { expires, signature } = request.query as Record<string, unknown>;
    if (typeof expires !== "string" || typeof signature !== "string") throw new ChatError("invalid_signature");
    const secondsLeft = links.check(path, { expires, signature });
    const info = await blobs.stat(blob);
    if (!info) throw new ChatError("file_not_found");
    endWhenStalled(reply.raw, request.raw.socket, stallMs);
    return sendContent(request, reply, {
      ...info,
      etag: blob,
      cacheControl: `private, max-age=${secondsLeft}, immutable`,
      disposition: { type: isShown(info.contentType) ? "inline" : "attachment", fileName },
      open: (range) => blobs.read(blob, range),
    });
  }
}
