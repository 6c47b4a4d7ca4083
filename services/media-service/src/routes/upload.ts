// POST …/messages/media.
import multipart from "@fastify/multipart";
import { ChatError, routes } from "@khui/contracts";
import { authenticate, callOf, type Guard } from "@khui/service/http";
import type { FastifyInstance } from "fastify";
import type { Upload } from "../uploads/uploads.js";

/** Mounts the upload. Its form is read by the handler, once the sender is known to be allowed. */
export async function mountUpload(app: FastifyInstance, guard: Guard, upload: Upload) {
  await app.register(multipart);
  const { sendMedia } = routes;
  app.route({
    method: sendMedia.method,
    url: sendMedia.url,
    schema: { params: sendMedia.params },
    onRequest: async (request) => void (await authenticate(guard, request)),
    handler: async (request, reply) => {
      const { params, identity, idempotencyKey, localize } = callOf<typeof sendMedia>(request, reply);
      const sender = { userId: identity.userId, roomId: params.chatRoomId, clientMessageId: idempotencyKey };
      const data = await upload(request, sender).catch((error: unknown) => {
        // The rest of its body would come as slowly.
        if (error instanceof ChatError && error.code === "upload_too_slow") reply.header("connection", "close");
        throw error;
      });
      reply.code(sendMedia.status);
      return { success: true, message: localize("media_sent"), data };
    },
  });
}
