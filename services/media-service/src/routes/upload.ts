// POST …/messages/media.
import multipart from "@fastify/multipart";
import { routes } from "@khui/contracts";
import { authenticate, callOf, type Guard } from "@khui/service/http";
import type { FastifyInstance } from "fastify";
import type { Receiver } from "../uploads/receiver.js";
import type { Upload } from "../uploads/uploads.js";

/** Mounts the upload. Its form is read by the handler, once the sender is known to be allowed. */
export async function mountUpload(app: FastifyInstance, guard: Guard, receive: Receiver, upload: Upload) {
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
      const data = await receive(request, reply, identity.userId, (receiving) => upload(receiving, sender));
      reply.code(sendMedia.status);
      return { success: true, message: localize("media_sent"), data };
    },
  });
}
