// POST …/avatars, for anyone who is signed in; GET …/avatars/:digest/:size.webp, for anyone.
import type { Blobs } from "@khui/blobs";
import { avatarPath, avatarSizes, ChatError, routes } from "@khui/contracts";
import { authenticate, callOf, type Guard, limitAddress, sendBlob } from "@khui/service/http";
import type { FastifyInstance } from "fastify";
import { avatarBlob, type UploadAvatar } from "../uploads/avatars.js";
import type { Receiver } from "../uploads/receiver.js";

const isDigest = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/** Mounts both. `app` parses forms. */
export function mountAvatars(
  app: FastifyInstance,
  guard: Guard,
  blobs: Blobs,
  receive: Receiver,
  upload: UploadAvatar,
): void {
  const { uploadAvatar } = routes;
  app.route({
    method: uploadAvatar.method,
    url: uploadAvatar.url,
    onRequest: async (request) => void (await authenticate(guard, request)),
    handler: async (request, reply) => {
      const { identity, localize } = callOf<typeof uploadAvatar>(request, reply);
      const data = await receive(request, reply, identity.userId, (receiving) => upload(receiving, identity));
      reply.code(uploadAvatar.status);
      return { success: true, message: localize("avatar_uploaded"), data };
    },
  });
  app.get<{ Params: { digest: string; size: string } }>(avatarPath(":digest", ":size"), {
    onRequest: (request) => limitAddress(guard, request),
    handler: async (request, reply) => {
      const { digest, size } = request.params;
      const known = avatarSizes.find((one) => String(one) === size);
      if (!isDigest(digest) || !known) throw new ChatError("file_not_found");
      const name = avatarBlob(digest, known);
      const cacheControl = "public, max-age=31536000, immutable";
      return sendBlob(request, reply, blobs, { name, etag: name, cacheControl, fileName: `${digest}-${known}.webp` });
    },
  });
}
