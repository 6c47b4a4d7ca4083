// GET …/stickers/assets/:asset: the pictures, for anyone.
import type { Blobs } from "@khui/blobs";
import { ChatError, stickerAssetPath } from "@khui/contracts";
import { type Guard, limitAddress, sendBlob } from "@khui/service/http";
import type { FastifyInstance } from "fastify";
import { blobName } from "../pictures/assets.js";
import { isAsset } from "../pictures/pictures.js";

export function mountAssets(app: FastifyInstance, guard: Guard, blobs: Blobs): void {
  app.get<{ Params: { asset: string } }>(stickerAssetPath(":asset"), {
    onRequest: (request) => limitAddress(guard, request),
    handler: async (request, reply) => {
      const { asset } = request.params;
      if (!isAsset(asset)) throw new ChatError("file_not_found");
      const cacheControl = "public, max-age=31536000, immutable";
      return sendBlob(request, reply, blobs, { name: blobName(asset), etag: asset, cacheControl, fileName: asset });
    },
  });
}
