// GET …/stickers/assets/:asset: the pictures, for anyone.
import type { Blobs } from "@khui/blobs";
import { ChatError, stickerAssetPath } from "@khui/contracts";
import { type Guard, limitAddress, sendContent } from "@khui/service/http";
import { endWhenStalled } from "@khui/service/process";
import type { FastifyInstance } from "fastify";
import { blobName } from "../assets.js";
import { isAsset } from "../pictures.js";

export function mountAssets(app: FastifyInstance, guard: Guard, blobs: Blobs): void {
  app.get<{ Params: { asset: string } }>(stickerAssetPath(":asset"), {
    onRequest: (request) => limitAddress(guard, request),
    handler: async (request, reply) => {
      const { asset } = request.params;
      const info = isAsset(asset) ? await blobs.stat(blobName(asset)) : undefined;
      if (!info) throw new ChatError("file_not_found");
      endWhenStalled(reply.raw, request.raw.socket);
      return sendContent(request, reply, {
        ...info,
        etag: asset,
        cacheControl: "public, max-age=31536000, immutable",
        disposition: { type: "inline", fileName: asset },
        open: (range) => blobs.read(blobName(asset), range),
      });
    },
  });
}
